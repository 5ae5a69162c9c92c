"""The examples run as they are, on a small sample, and stay short."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SAMPLE = ROOT / "tests" / "samples" / "wiki-excerpt.txt"
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
EXTRAS = {"map_words"}  # need an optional package

SAYS = {
    "continue_training": ["old keys keep their rows: True"],
    "convert_formats": ["vectors.txt", "vectors.safetensors", "True", "only the first 100"],
    "learn_words": ["the same bytes: True", "with seed 1"],
    "living_space": ["day 7: killed with -9 after", "day 10: ", "compacted: True"],
    "map_words": ["mean trust 0."],
    "measure_words": ["95 % interval", "baselines:"],
    "news_table": ["day-01.csv", "day-10.csv"],
    "own_tokenizer": ["with a digit: 0"],
    "search_words": ["is near", "is not a key of this Space", "Did you mean"],
}


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(path, marks=[pytest.mark.extras] if path.stem in EXTRAS else [], id=path.stem)
        for path in EXAMPLES
    ],
)
def test_an_example_runs_and_says_what_it_should(path: Path, tmp_path: Path) -> None:
    if path.stem in EXTRAS:
        pytest.importorskip("matplotlib")
    done = subprocess.run(
        [sys.executable, "-W", "error", path, SAMPLE, tmp_path],
        capture_output=True,
        text=True,
        timeout=240,
        env={**os.environ, "MPLBACKEND": "Agg", "PYTHONUTF8": "1"},
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    for words in SAYS[path.stem]:
        assert words in done.stdout
    assert " False" not in done.stdout


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_is_short_and_says_how_it_is_run(path: Path) -> None:
    text = path.read_text("utf-8")
    assert len(text.splitlines()) < 40
    assert f"usage: python examples/{path.name} TEXT FOLDER" in text
