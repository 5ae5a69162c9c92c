"""The example of the page on tables runs, and the page names every format and type."""

import re
from pathlib import Path

from nearspace.data.table_files import FORMATS
from nearspace.data.table_parts import NAMED_TYPES

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "tables.md").read_text("utf-8")


def test_the_example_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (code,) = re.findall(r"^```python\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    exec(compile(code, "tables.md", "exec"), {})
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == ["['id', 'title', 'zip']", "['1', '2'] ['00501', '10001']"]
    assert re.fullmatch("[0-9a-f]{32}", lines[2])


def test_every_format_suffix_and_type_is_named():
    for name, suffixes in FORMATS.items():
        assert f'"{name}"' in PAGE
        assert all(f"`{suffix}`" in PAGE for suffix in suffixes)
    assert all(f'"{name}"' in PAGE for name in NAMED_TYPES)
