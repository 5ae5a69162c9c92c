"""Heads in the folder of a Space: through changes and compaction, and damaged."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from tests.transfer.planted import clusters, space_of

import nearspace as ns
from nearspace.encoders.static import StaticEncoder
from nearspace.errors import (
    DimensionError,
    EncoderMismatchError,
    FormatVersionError,
    InputError,
    MissingInputError,
    NotASpaceError,
    OutputError,
    SettingError,
)
from nearspace.transfer.applying import label_rows
from nearspace.transfer.head import Head
from nearspace.transfer.stored import heads

POINTS, LABELS = clusters(6)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    ns.save(space_of(POINTS, LABELS), tmp_path / "planted.space")
    return tmp_path / "planted.space"


def fitted(folder: Path) -> Head:
    return ns.fit_head(ns.open(folder), "kind")


def test_a_saved_head_is_the_same_head(folder: Path) -> None:
    head = fitted(folder)
    ns.save_head(folder, "kinds", head)
    assert heads(folder) == ["kinds"]
    again = ns.open_head(folder, "kinds")
    assert (again.classes, again.settings, again.held_out) == (head.classes, head.settings, head.held_out)
    asked = clusters(20, draw=4)[0]
    one, two = head.classify(asked), again.classify(asked)
    assert one.probabilities.tobytes() == two.probabilities.tobytes()
    assert one.codes.tolist() == two.codes.tolist()
    assert ns.classify(ns.open(folder), asked, head="kinds").labels == one.labels


def test_it_outlives_changes_and_compaction(folder: Path) -> None:
    ns.save_head(folder, "kinds", fitted(folder))
    ns.upsert(folder, {"key": ["new"], "vector": POINTS[:1], "kind": ["c0"]})
    ns.delete(folder, ["r5"])
    ns.compact(folder)
    assert ns.classify(ns.open(folder), ["new"], head="kinds").labels == ["c0"]


def test_a_head_is_replaced_only_when_asked(folder: Path) -> None:
    head = fitted(folder)
    ns.save_head(folder, "kinds", head)
    with pytest.raises(OutputError, match="has a head 'kinds' already"):
        ns.save_head(folder, "kinds", head)
    ns.save_head(folder, "kinds", ns.fit_head(ns.open(folder), "kind", strength=1.0), overwrite=True)
    assert ns.open_head(folder, "kinds").settings.strength == 1.0


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".hidden"])
def test_a_name_is_a_plain_file_name(folder: Path, name: str) -> None:
    with pytest.raises(SettingError, match="the name of a head is"):
        ns.save_head(folder, name, fitted(folder))
    with pytest.raises(SettingError, match="the name of a head is"):
        ns.open_head(folder, name)


def test_an_unknown_head_is_refused_with_those_there_are(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(MissingInputError, match="no head 'kind'") as raised:
        ns.open_head(folder, "kind")
    assert "nearspace fit-head" in raised.value.hint
    ns.save_head(folder, "kinds", fitted(folder))
    with pytest.raises(MissingInputError) as raised:
        ns.open_head(folder, "kind")
    assert raised.value.hint == "Its heads: kinds."
    (tmp_path / "other").mkdir()
    with pytest.raises(NotASpaceError):
        ns.open_head(tmp_path / "other", "kinds")


def test_a_head_of_other_vectors_is_refused(folder: Path, tmp_path: Path) -> None:
    head = fitted(folder)
    words = StaticEncoder.from_space(space_of(POINTS, LABELS))
    ns.save(space_of(POINTS, LABELS, encoder=words), tmp_path / "other.space")
    with pytest.raises(EncoderMismatchError, match=r"encoder none, .* has those of [0-9a-f]{32}"):
        ns.save_head(tmp_path / "other.space", "kinds", head)
    ns.save(space_of(POINTS[:, :9], LABELS), tmp_path / "narrow.space")
    with pytest.raises(DimensionError, match="takes vectors of 24"):
        ns.save_head(tmp_path / "narrow.space", "kinds", head)
    ns.save_head(folder, "kinds", head)
    (folder / "heads").rename(tmp_path / "other.space" / "heads")
    with pytest.raises(EncoderMismatchError):
        ns.open_head(tmp_path / "other.space", "kinds")


def test_a_damaged_or_newer_head_is_refused(folder: Path) -> None:
    inside = ns.save_head(folder, "kinds", fitted(folder))
    about = json.loads((inside / "head.json").read_text("utf-8"))

    def written(**changes: object) -> None:
        (inside / "head.json").write_text(json.dumps(about | changes), "utf-8")

    written(classes=about["classes"][:-1])
    with pytest.raises(InputError, match=r"is damaged: weights has shape \(6, 24\), expected \(5, 24\)"):
        ns.open_head(folder, "kinds")
    written(format_version=99)
    with pytest.raises(FormatVersionError, match="head format 99"):
        ns.open_head(folder, "kinds")
    written(scale=0)
    with pytest.raises(InputError, match="must be positive"):
        ns.open_head(folder, "kinds")
    written()
    tensors = inside / "head.safetensors"
    tensors.write_bytes(tensors.read_bytes()[:-10])
    with pytest.raises(InputError, match="truncated"):
        ns.open_head(folder, "kinds")
    tensors.unlink()
    with pytest.raises(InputError, match="does not exist"):
        ns.open_head(folder, "kinds")


def test_labels_become_columns_of_the_space(folder: Path) -> None:
    strange = np.random.default_rng(3).normal(size=(1, 24))
    ns.upsert(folder, {"key": ["strange"], "vector": strange}, new_columns=True)
    ns.save_head(folder, "kinds", fitted(folder))
    before = np.array(ns.open(folder).vectors)
    change = label_rows(folder, "kinds", "found")
    assert (change.replaced, change.added, change.encoded) == (37, 0, 0)
    space = ns.open(folder)
    row = space.keys.row("strange")
    made = ns.classify(space, head="kinds")
    assert space.columns["found"].tolist() == made.labels
    assert space.columns["found"][row] is None
    assert np.abs(space.columns["found_probability"] - made.probabilities.max(axis=1)).max() < 1e-6
    assert sorted(map(bytes, before)) == sorted(map(bytes, space.vectors))
    assert space.columns["kind"][space.keys.row("r7")] == "c1"
    with pytest.raises(OutputError, match="has a column 'found' already"):
        label_rows(folder, "kinds", "found")
    assert label_rows(folder, "kinds", "found", overwrite=True).unchanged == 37
    with pytest.raises(SettingError, match="cannot be called 'vector'"):
        label_rows(folder, "kinds", "vector")
