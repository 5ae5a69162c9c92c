"""Lines of text with their documents, from every kind of source."""

from __future__ import annotations

import gzip
import io
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from nearspace.data.text_lines import text_lines
from nearspace.errors import EncodingError, InputError, MissingInputError, SettingError


def test_files_and_folders_name_their_documents(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text('<doc id="1" title="Q &amp; A">\nfirst\n</doc>\n\nsecond\n', "utf-8")
    (tmp_path / "b.txt.gz").write_bytes(gzip.compress(b"third"))
    expected = [("Q & A", "first"), ("a", "second"), ("b", "third")]
    assert list(text_lines(tmp_path)) == expected
    assert list(text_lines([tmp_path / "a.txt", tmp_path / "b.txt.gz"])) == expected


def test_strings_and_tables(tmp_path: Path) -> None:
    assert list(text_lines(["one\ntwo", "", "three"])) == [("1", "one"), ("1", "two"), ("3", "three")]
    rows = [{"id": "x", "body": "one\ntwo"}, {"id": "y", "body": None}, {"id": "z", "body": "three"}]
    assert list(text_lines(rows, text="body")) == [("1", "one"), ("1", "two"), ("3", "three")]
    assert list(text_lines(rows, text="body", key="id")) == [("x", "one"), ("x", "two"), ("z", "three")]
    (tmp_path / "t.csv").write_text("id,body\nx,one\n", "utf-8")
    assert list(text_lines(tmp_path / "t.csv", text="body", key="id")) == [("x", "one")]


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"one\r\ntwo")))
    assert list(text_lines("-")) == [("stdin", "one"), ("stdin", "two")]


def test_bad_sources_are_refused(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("id,body\nx,one\n", "utf-8")
    (tmp_path / "latin.txt").write_bytes(b"caf\xe9\n")
    cases = [
        (lambda: text_lines(tmp_path / "none.txt"), MissingInputError, "no such file"),
        (lambda: text_lines(tmp_path / "t.csv"), SettingError, "is a table"),
        (lambda: text_lines(tmp_path / "t.csv", text="bod"), InputError, "body"),
        (lambda: text_lines(["a"], key="id"), SettingError, "no column of texts"),
        (lambda: text_lines(tmp_path / "latin.txt"), EncodingError, "offset 3"),
        (lambda: text_lines(["a", 5]), InputError, "item 2 of the texts is int"),
        (lambda: text_lines([{"body": "a"}]), InputError, "is dict"),
        (lambda: text_lines(5), InputError, "int"),
        (lambda: text_lines([{"n": 1}], text="n"), InputError, "row 1: column 'n' is int"),
    ]
    for call, error, says in cases:
        with pytest.raises(error, match=says):
            list(call())
    assert list(text_lines(tmp_path / "latin.txt", errors="replace")) == [("latin", "caf\ufffd")]
