"""The examples of the page on saving, opening and changing run, one after the other."""

import re
from pathlib import Path

PAGE = (Path(__file__).parents[2] / "docs" / "store.md").read_text("utf-8")


def test_the_examples_run(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    saving, changing = re.findall(r"^```python\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    exec(compile(saving, "store.md", "exec"), {})
    assert capsys.readouterr().out.startswith("[1. 0.] [7 4]\n")
    exec(compile(changing, "store.md", "exec"), {})
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "2 1"
    assert lines[1:3] == ["3 2 delete: 1 rows", "2 3 upsert: 1 added, 1 replaced"]
