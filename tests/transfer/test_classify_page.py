"""The example of the page on labels runs, and reaches on real texts what the page is for."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "classify.md").read_text("utf-8")


@pytest.mark.slow
def test_the_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (code,) = re.findall(r"^```python\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    for name in ("examples", "tests"):
        (tmp_path / name).symlink_to(ROOT / name)
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    exec(compile(code, "classify.md", "exec"), names)
    found, new = names["found"], names["new"]
    pairs = [(row["intent"], best[0][0], label) for row, best, label in zip(
        new, found.best(1), found.labels, strict=True)]  # fmt: skip
    inside = [pair for pair in pairs if pair[0] != "oos"]
    assert len(inside) == 80
    right = sum(intent == best[0] for intent, best in zip(
        [pair[0] for pair in inside], [(pair[1],) for pair in inside], strict=True)) / 80  # fmt: skip
    assert right > 0.7  # chance is .05
    assert sum(label is None for intent, _, label in pairs if intent == "oos") >= 8  # of 12
    held = names["head"].held_out["accuracy"]
    assert held["low"] - 0.08 < right < held["high"] + 0.08
