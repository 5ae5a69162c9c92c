"""The worked example of docs/living.md runs and prints what the page shows; figures differ with the text."""

from __future__ import annotations

import lzma
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "living.md").read_text("utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```\n\n```\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


def shape(text: str) -> list[str]:
    """The lines without figures and found texts, which depend on the text and the machine."""
    return [re.sub(r"[\d,.]+", "#", line.split(" {")[0]) for line in text.splitlines()]


@pytest.mark.slow
def test_the_worked_example_prints_what_the_page_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with lzma.open(ROOT / "examples" / "data" / "encyclopedia.txt.xz", "rt", encoding="utf-8") as text:
        (tmp_path / "text.txt").write_text(text.read(9_000_000), "utf-8")
    script = ROOT / "examples" / "news_table.py"
    subprocess.run([sys.executable, script, tmp_path / "text.txt", tmp_path], check=True, capture_output=True)
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    assert len(BLOCKS) == 5
    for code, shown in BLOCKS:
        exec(compile(code, "living.md", "exec"), names)
        assert shape(capsys.readouterr().out) == shape(shown)
