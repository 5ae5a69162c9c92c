"""Vendored files are those that were published, with their licences, and the wheel has them."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

import nearspace

VENDOR = Path(nearspace.__file__).parent / "web" / "vendor"
PACKAGES = json.loads((VENDOR / "vendor.json").read_text("utf-8"))


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package["name"])
def test_files_are_as_published(package: dict) -> None:
    assert set(package) == {"name", "version", "license", "source", "package", "files"}
    for name, checksum in package["files"].items():
        assert hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() == checksum, name
    assert any("LICENSE" in name for name in package["files"])


def test_every_file_belongs_to_a_package() -> None:
    named = {name for package in PACKAGES for name in package["files"]}
    there = {str(path.relative_to(VENDOR)) for path in VENDOR.rglob("*") if path.is_file()}
    assert there == named | {"vendor.json"}
