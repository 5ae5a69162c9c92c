"""CrossEncoder: the scores of transformers itself, a model that was trained, and folders that are refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from tests.tiny_cross_encoder import write_tiny_cross_encoder
from tests.tiny_model import WORDS, write_tiny_model

from nearspace.errors import InputError

pytestmark = pytest.mark.extras
torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from nearspace.encoders.cross_encoder import CrossEncoder  # noqa: E402


def pairs(count: int, longest: int, seed: int = 1) -> list[tuple[str, str]]:
    random = np.random.default_rng(seed)
    return [
        (" ".join(random.choice(WORDS, random.integers(1, longest))),
         " ".join(random.choice(WORDS, random.integers(1, longest))))
        for _ in range(count)
    ]  # fmt: skip


@pytest.mark.parametrize("longest", [10, 150], ids=["short", "cut"])
def test_scores_equal_those_of_transformers(longest: int, tmp_path: Path) -> None:
    folder = write_tiny_cross_encoder(tmp_path / "model")
    asked = [*pairs(30, longest), ("", "river bank"), ("bank", ""), ("Bank, ÉTÉ!", "x" * 300)]
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModelForSequenceClassification.from_pretrained(folder).eval()
    read = tokenizer(
        [one for one, _ in asked], [other for _, other in asked],
        padding=True, truncation="longest_first", max_length=128, return_tensors="pt",
    )  # fmt: skip
    with torch.inference_mode():
        expected = model(**read).logits[:, 0].numpy()
    found = CrossEncoder.open(folder).pair_scores(asked)
    assert found == pytest.approx(expected, abs=2e-5)
    assert np.std(expected) > 1e-3


@pytest.mark.slow
def test_a_trained_model_puts_the_right_text_first(tmp_path: Path) -> None:
    """It learns that a text answers a query of one word if it has the word."""
    folder = write_tiny_cross_encoder(tmp_path / "model")
    opened = CrossEncoder.open(folder)
    random = np.random.default_rng(1)
    words = WORDS[40:60]
    texts = [" ".join(random.choice(words, 3, replace=False)) for _ in range(60)]
    asked = [(str(random.choice(words)), str(random.choice(texts))) for _ in range(600)]
    truth = torch.tensor([float(query in text.split()) for query, text in asked])
    optimizer = torch.optim.Adam(opened.module.parameters(), lr=3e-3)
    torch.manual_seed(1)
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    read = tokenizer(
        [one for one, _ in asked], [other for _, other in asked], padding=True, return_tensors="pt"
    )
    weight = (truth == 0).sum() / (truth == 1).sum()
    for _ in range(120):
        optimizer.zero_grad()
        made = opened.module(**read).logits[:, 0]
        torch.nn.functional.binary_cross_entropy_with_logits(made, truth, pos_weight=weight).backward()
        optimizer.step()
    opened.module.save_pretrained(folder)
    again = CrossEncoder.open(folder)
    right = 0
    for word in words:
        have = [text for text in texts if word in text.split()]
        lack = [text for text in texts if word not in text.split()]
        right += int(np.median(again.scores(word, have)) > np.median(again.scores(word, lack)))
    assert right >= 0.9 * len(words)


def test_no_texts_have_no_scores(tmp_path: Path) -> None:
    assert CrossEncoder.open(write_tiny_cross_encoder(tmp_path / "model")).scores("bank", []).shape == (0,)


def test_bad_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="it has no outputs"):
        CrossEncoder.open(write_tiny_model(tmp_path / "body", sentence=False))
    with pytest.raises(InputError, match="it has 3 outputs"):
        CrossEncoder.open(write_tiny_cross_encoder(tmp_path / "three", outputs=3))
    unsafe = write_tiny_cross_encoder(tmp_path / "unsafe")
    (unsafe / "model.safetensors").rename(unsafe / "pytorch_model.bin")
    with pytest.raises(InputError, match="safetensors"):
        CrossEncoder.open(unsafe)
    bare = write_tiny_cross_encoder(tmp_path / "bare")
    (bare / "tokenizer.json").unlink()
    with pytest.raises(InputError, match=r"tokenizer\.json"):
        CrossEncoder.open(bare)
    headless = write_tiny_cross_encoder(tmp_path / "headless")
    write_tiny_model(tmp_path / "other", sentence=False)
    (headless / "model.safetensors").write_bytes((tmp_path / "other" / "model.safetensors").read_bytes())
    with pytest.raises(InputError, match="lacks 2 of the weights"):
        CrossEncoder.open(headless)
    config = json.loads((headless / "config.json").read_text("utf-8"))
    assert config["architectures"] == ["BertForSequenceClassification"]
