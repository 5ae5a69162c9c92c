"""Tuning a tiny transformer: labels that its vectors do not tell apart become apart."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.tiny_model import VOCABULARY, write_tiny_model
from tests.transfer.planted import LookUp, clusters, space_of

import nearspace as ns
from nearspace.cli.main import main
from nearspace.errors import InputError, SettingError
from nearspace.transfer.tuned import tune_head
from nearspace.transfer.tuning import Tuning, tune

if importlib.util.find_spec("nearspace.encoders.transformer") is None:
    pytest.skip("there is no encoder of transformers yet", allow_module_level=True)

WORDS = [word for word in VOCABULARY if word.isalpha() and len(word) > 2]
FAST = Tuning(epochs=12, lr=3e-3, proxy_lr=1e-2, batch=16)


def hidden_labels(count: int, seed: int) -> tuple[list[str], list[str]]:
    """Texts of five words; the label says which of two words is among them, and the others are noise."""
    random = np.random.default_rng(seed)
    texts, labels = [], []
    for at in range(count):
        others = random.choice(WORDS[4:], 4).tolist()
        others.insert(int(random.integers(0, 5)), WORDS[at % 2])
        texts.append(" ".join(others))
        labels.append(f"has {WORDS[at % 2]}")
    return texts, labels


@pytest.fixture
def encoder(tmp_path: Path) -> Any:
    pytest.importorskip("torch")
    pytest.importorskip("transformers")
    from nearspace.encoders.transformer import TransformerEncoder

    return TransformerEncoder.open(write_tiny_model(tmp_path / "tiny"), engine="torch", device="cpu")


def accuracy(space: ns.Space, head: Any) -> float:
    texts, labels = hidden_labels(100, 9)
    best = [row[0][0] for row in ns.classify(space, texts, head=head).best(1)]
    return float(np.mean([one == other for one, other in zip(best, labels, strict=True)]))


@pytest.mark.extras
@pytest.mark.slow
def test_a_tuned_space_tells_more_and_says_so(encoder: Any, tmp_path: Path) -> None:
    texts, labels = hidden_labels(60, 1)
    rows = [{"key": f"r{at}", "text": text, "kind": label} for at, (text, label) in enumerate(
        zip(texts, labels, strict=True))]  # fmt: skip
    ns.encode(rows, tmp_path / "plain.space", encoder=encoder, content="text")
    space = ns.open(tmp_path / "plain.space")
    before = accuracy(space, ns.fit_head(space, "kind"))
    head = tune_head(space, "kind", output=tmp_path / "tuned.space", tuning=FAST)
    tuned = ns.open(tmp_path / "tuned.space")
    assert accuracy(tuned, "kind") > max(before, 0.85)
    assert tuned.encoder is not None
    assert head.settings.encoder == tuned.encoder.fingerprint != space.encoder.fingerprint  # type: ignore[union-attr]
    figures = head.held_out
    assert figures["accuracy"]["n"] == figures["untuned_accuracy"]["n"] == 12
    assert list(tuned.keys) == [f"r{at}" for at in range(60)]
    assert np.abs(tuned.vectors - tuned.encoder.encode(texts)).max() < 1e-5
    with pytest.raises(ns.NearspaceError, match="fitted on vectors of encoder"):
        ns.classify(space, ["x"], head=head)


@pytest.mark.extras
def test_the_same_seed_gives_the_same_weights(encoder: Any) -> None:
    texts, labels = hidden_labels(24, 1)
    quick = Tuning(epochs=1, batch=8)
    one, two = (tune(encoder, texts, labels, quick) for _ in range(2))
    assert all(one[name].tobytes() == two[name].tobytes() for name in one)
    other = tune(encoder, texts, labels, Tuning(epochs=1, batch=8, seed=2))
    assert any(one[name].tobytes() != other[name].tobytes() for name in one)
    kept = [name for name in one if "word_embeddings" in name]
    assert all((one[name] == encoder.module().state()[name]).all() for name in kept)


@pytest.mark.extras
def test_what_cannot_be_tuned_is_refused(encoder: Any, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="1 different labels are too few"):
        tune(encoder, ["a", "b"], ["x", "x"])
    lookup = LookUp({"a": np.ones(3)})
    with pytest.raises(InputError, match="an encoder of kind 'static' cannot be tuned"):
        tune(lookup, ["a", "b"], ["x", "y"])
    points, labels = clusters(3)
    with pytest.raises(InputError, match="has no encoder"):
        tune_head(space_of(points, labels), "kind", output=tmp_path / "out.space")
    assert not (tmp_path / "out.space").exists()


def test_settings_outside_their_range_are_refused() -> None:
    with pytest.raises(SettingError, match="epochs of the tuning is 0"):
        Tuning(epochs=0)


@pytest.mark.extras
@pytest.mark.slow
def test_the_command_tunes_into_a_new_space(encoder: Any, tmp_path: Path) -> None:
    from click.testing import CliRunner

    texts, labels = hidden_labels(20, 1)
    rows = [{"key": f"r{at}", "text": text, "kind": label} for at, (text, label) in enumerate(
        zip(texts, labels, strict=True))]  # fmt: skip
    ns.encode(rows, tmp_path / "plain.space", encoder=encoder, content="text")
    plain, tuned = str(tmp_path / "plain.space"), str(tmp_path / "tuned.space")
    asked = ["fit-head", plain, "--labels", "kind", "--tune", tuned, "--epochs", "1"]
    done = CliRunner().invoke(main, [*asked, "--json"])
    assert done.exit_code == 0, done.stderr
    assert ns.open_head(tuned, "kind").classes == tuple(sorted(set(labels)))
    refused = CliRunner().invoke(main, [*asked, "--strength", "3", "--name", "other"])
    assert refused.exit_code == 2
    assert "--strength has no effect with --tune" in refused.stderr
