"""The worked example of docs/texts.md runs and prints what the page shows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PAGE = (Path(__file__).resolve().parents[1] / "docs" / "texts.md").read_text("utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```\n(?:\n```\n(.*?)^```$)?", PAGE, re.DOTALL | re.MULTILINE)


def test_the_worked_example_prints_what_the_page_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for code, shown in BLOCKS:
        exec(compile(code, "texts.md", "exec"), names)
        assert capsys.readouterr().out == shown
