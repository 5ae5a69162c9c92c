import re
from pathlib import Path

import pytest

PAGE = Path(__file__).resolve().parents[2] / "docs" / "maps.md"


@pytest.mark.extras
def test_the_examples_of_the_page_run(tmp_path, monkeypatch, capsys):
    pytest.importorskip("matplotlib")
    monkeypatch.chdir(tmp_path)
    code = "\n".join(re.findall(r"^```python\n(.*?)^```$", PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE))
    exec(compile(code, "maps.md", "exec"), {})
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "map.parquet",
        "map.pdf",
        "map.png",
        "map.svg",
    ]
    assert "map.trust" in capsys.readouterr().out
