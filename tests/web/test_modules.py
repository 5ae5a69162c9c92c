"""The laws of the modules of the map view: short files, own imports, nothing that a policy forbids."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import nearspace

VIEW = Path(nearspace.__file__).parent / "web" / "view"
FILES = sorted(VIEW.glob("*.js"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_module_is_short_and_quiet(path: Path) -> None:
    text = path.read_text("utf-8")
    assert text.count("\n") < 400
    assert max(map(len, text.splitlines())) <= 125
    assert not re.search(r"\bconsole\.|\beval\(|new Function|innerHTML|outerHTML|https?://", text)


def test_modules_import_each_other_and_twgl_only() -> None:
    for path in FILES:
        for name in re.findall(r'from "([^"]+)"', path.read_text("utf-8")):
            assert name.startswith("./") or name == "../vendor/twgl/twgl-full.module.js"
            assert (VIEW / name).is_file(), f"{path.name} imports {name}"
