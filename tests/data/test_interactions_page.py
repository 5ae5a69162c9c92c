"""The example of docs/interactions.md runs and says what it says."""

from __future__ import annotations

import re
from pathlib import Path

from nearspace.data.interaction_columns import SPELLINGS, simplified
from nearspace.data.interaction_layouts import LAYOUTS
from nearspace.data.splitting import WAYS

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "interactions.md").read_text("utf-8")


def test_the_example_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (code,) = re.findall(r"^```python\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    exec(compile(code, "interactions.md", "exec"), {})
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "['2', '1'] ['tea', 'rum'] 3"
    assert "pairs={'train': 2, 'test': 2}" in lines[1]


def test_layouts_ways_and_spellings_are_there():
    for name in (*LAYOUTS, *WAYS):
        assert f"| `{name}` |" in PAGE
    named = re.search(r"usual spellings where.*?with any case", PAGE, re.DOTALL)
    known = {name for groups in SPELLINGS.values() for group in groups for name in group}
    spelt = re.findall(r"`(\w+)`", named[0])
    assert len(spelt) > 8
    for name in spelt:
        assert simplified(name) in known, name
