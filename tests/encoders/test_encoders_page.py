"""The example of the page on encoders runs, and every kind is in its table."""

import re
from pathlib import Path

from nearspace.encoders.table import ENCODERS

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "encoders.md").read_text("utf-8")


def test_the_example_runs(capsys):
    (code,) = re.findall(r"^```python\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    exec(compile(code, "encoders.md", "exec"), {})
    same, near, far, nothing = (float(part) for part in re.findall(r"[\d.]+", capsys.readouterr().out))
    assert (same, nothing) == (1, 0)
    assert near > 0.9 > far


def test_every_kind_is_named():
    assert all(f"| `{kind}` |" in PAGE for kind in ENCODERS)
