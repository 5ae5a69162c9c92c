"""Bad corpora: the message says what, where and what to do, and nothing is left behind."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zstandard

from nearspace.data.corpus import CorpusSettings, prepare
from nearspace.errors import (
    EmptyVocabularyError,
    EncodingError,
    InputError,
    MissingInputError,
    NearspaceError,
    OutputError,
    SettingError,
)

TEXT = b"some words of a text\n" * 5000
PACKERS = {
    "gz": gzip.compress,
    "xz": lzma.compress,
    "bz2": bz2.compress,
    "zst": zstandard.ZstdCompressor(write_checksum=True).compress,
}
ALL = CorpusSettings(min_count=1)


def refused(
    source: Any, kind: type[NearspaceError], tmp_path: Path, settings: CorpusSettings = ALL
) -> NearspaceError:
    folder = tmp_path / "spool"
    folder.mkdir(parents=True)
    with pytest.raises(NearspaceError) as raised:
        prepare(source, settings, folder=folder)
    assert type(raised.value) is kind
    assert raised.value.exit_code == 2
    assert list(folder.iterdir()) == []
    return raised.value


def written(tmp_path: Path, data: bytes) -> Path:
    file = tmp_path / "text"
    file.write_bytes(data)
    return file


def test_missing_file(tmp_path: Path) -> None:
    error = refused(str(tmp_path / "no.txt"), MissingInputError, tmp_path)
    assert error.message == f"{tmp_path / 'no.txt'}: there is no such file or folder"
    assert "a list of strings" in error.hint


@pytest.mark.parametrize("data", [b"", b" \n--\n", gzip.compress(b"", mtime=0)])
def test_a_file_without_words(data: bytes, tmp_path: Path) -> None:
    file = written(tmp_path, data)
    assert refused(file, EmptyVocabularyError, tmp_path).message == f"{file}: there are no words in it"


def test_an_empty_iterable(tmp_path: Path) -> None:
    assert refused([], EmptyVocabularyError, tmp_path).message == "the iterable: there are no words in it"


@pytest.mark.parametrize(("before", "offset"), [(b"", 0), (b"text \xc3\xa9\n" * 300_000, 2_400_000)])
def test_binary_files(before: bytes, offset: int, tmp_path: Path) -> None:
    file = written(tmp_path, before + b"\x00\x01 more")
    error = refused(file, InputError, tmp_path)
    assert error.message == f"{file}: NUL byte at offset {offset:,}: this is a binary file, not text"


def test_invalid_bytes_of_a_binary_file(tmp_path: Path) -> None:
    file = written(tmp_path, b"\x89PNG\r\n\x1a\n\x00\x00")
    error = refused(file, InputError, tmp_path)
    assert error.message == f"{file}: NUL byte at offset 8: this is a binary file, not text"


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"PK\x03\x04rest", "a zip archive"),
        (b"%PDF-1.7", "a PDF document"),
        ("text".encode("utf-16"), "UTF-16 text"),
    ],
)
def test_foreign_formats(data: bytes, what: str, tmp_path: Path) -> None:
    file = written(tmp_path, data)
    assert refused(file, InputError, tmp_path).message == f"{file}: this is {what}, not UTF-8 text"


@pytest.mark.parametrize("bad", [b"\xff", b"\xe9t", b"\xc3", b"\xed\xa0\x80"])
@pytest.mark.parametrize("before", [b"good words ", b"good wordsx", "gut für\n".encode() * 200_000])
@pytest.mark.parametrize("tokenizer", [None, str.split])
def test_invalid_utf8(bad: bytes, before: bytes, tokenizer: Any, tmp_path: Path) -> None:
    file = written(tmp_path, before + bad)
    settings = CorpusSettings(min_count=1, tokenizer=tokenizer)
    error = refused(file, EncodingError, tmp_path, settings)
    assert error.message == f"{file}: invalid UTF-8 at byte offset {len(before):,}"
    assert "--errors=replace" in error.hint
    replace = CorpusSettings(min_count=1, errors="replace", tokenizer=tokenizer)
    assert prepare(file, replace, folder=tmp_path).stream.tokens > 1


def test_invalid_utf8_in_the_second_file_has_its_own_offset(tmp_path: Path) -> None:
    (tmp_path / "first").write_bytes(TEXT)
    (tmp_path / "second").write_bytes(b"<doc \xff>\n")
    error = refused([tmp_path / "first", tmp_path / "second"], EncodingError, tmp_path)
    assert error.message == f"{tmp_path / 'second'}: invalid UTF-8 at byte offset 5"


def test_nothing_left_after_min_count(tmp_path: Path) -> None:
    error = refused(["a b c a", "b a"], EmptyVocabularyError, tmp_path, CorpusSettings(min_count=4))
    assert error.message == (
        "the iterable: of 6 tokens of 3 words, 0 words come at least 4 times (min_count), "
        "and the most frequent 3 times"
    )
    assert error.hint == "Lower min_count or give more text."


def test_one_word_lines_have_no_context(tmp_path: Path) -> None:
    lines = ["cat", "dog", "cat x", "dog"] * 3
    assert prepare(lines, CorpusSettings(min_count=3), folder=tmp_path).stream.lines == 12
    error = refused(lines, InputError, tmp_path, CorpusSettings(min_count=4))
    assert error.message == (
        "the iterable: none of its 12 lines has two words of the vocabulary, "
        "so there is no context to learn from"
    )


def test_context_is_found_in_the_last_line(tmp_path: Path) -> None:
    lines = ["cat", "dog"] * 200_000
    refused(lines, InputError, tmp_path)
    assert prepare([*lines, "cat dog"], ALL, folder=tmp_path).stream.kept == 400_002


@pytest.mark.parametrize("packer", PACKERS)
def test_truncated_archives(packer: str, tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(97, 122, 300_000, dtype=np.uint8).tobytes()
    packed = PACKERS[packer](noise)
    file = written(tmp_path, packed[: len(packed) // 2])
    error = refused(file, InputError, tmp_path)
    assert error.message.startswith(f"{file}: the compressed data breaks off after ")
    assert error.hint == "Copy or download it again."


@pytest.mark.parametrize("packer", PACKERS)
def test_damaged_archives(packer: str, tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(97, 122, 300_000, dtype=np.uint8).tobytes()
    packed = bytearray(PACKERS[packer](noise))
    middle = len(packed) // 2
    packed[middle : middle + 2000] = bytes(byte ^ 0x5A for byte in packed[middle : middle + 2000])
    file = written(tmp_path, bytes(packed))
    error = refused(file, InputError, tmp_path)
    assert error.message.startswith(f"{file}: the compressed data is damaged after ")


def items(*values: object) -> Iterator[object]:
    yield from values


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (items("a b", 3), "item 1 of the corpus is int, not a string"),
        (items(b"a b"), "item 0 of the corpus is bytes, not a string"),
        (items("a", "b", ["c"]), "item 2 of the corpus is list, not a string"),
        (items(["a"], "b"), "item 1 of the corpus is str, not a list of tokens"),
        (items(["a"], ["b", None]), "token 1 of item 1 of the corpus is NoneType, not a string"),
        (items(Path("."), "b"), "item 1 of the corpus is str, not a Path"),
        (17, "a corpus cannot be read from int"),
        (b"text", "a corpus cannot be read from bytes"),
        (items("a", "b\x00c"), "item 1 of the corpus has a NUL character: it is not text"),
        (items(["a\x1fb"]), "a token of item 0 of the corpus has a control character U+001E or U+001F"),
        (items(["a", "x" * 1001]), "a token of the corpus has more than 1,000 bytes; it begins with 'xxxx"),
    ],
)
def test_wrong_items(source: Any, message: str, tmp_path: Path) -> None:
    assert refused(source, InputError, tmp_path).message.startswith(message)


def test_surrogates(tmp_path: Path) -> None:
    lines = ["fine words", "bad \ud800 words"]
    for number, source in enumerate((lines, [line.split() for line in lines])):
        error = refused(source, EncodingError, tmp_path / str(number))
        assert error.message == (
            r"item 1 of the corpus has the lone surrogate '\ud800', which is no character"
        )
    replaced = prepare(lines, CorpusSettings(min_count=1, errors="replace"), folder=tmp_path)
    assert replaced.stream.tokens == 4


def test_a_list_of_file_names_is_no_text(tmp_path: Path) -> None:
    file = written(tmp_path, TEXT)
    error = refused([str(file)], InputError, tmp_path)
    assert error.message == f"the strings are names of files ({str(file)!r}), but strings in a list are text"
    assert "pathlib.Path" in error.hint


def test_a_tokenizer_that_gives_a_string(tmp_path: Path) -> None:
    broken: Callable[[str], Any] = str.lower
    error = refused(["Some text"], InputError, tmp_path, CorpusSettings(tokenizer=broken))
    assert error.message == "the tokenizer gave the string 'some text', not tokens"


def test_a_folder_without_text(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "picture").write_bytes(b"\x00")
    error = refused(tmp_path / "folder", InputError, tmp_path)
    assert error.message == f"{tmp_path / 'folder'}: the folder has no text files"


def test_an_unreadable_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = written(tmp_path, TEXT)

    def deny(path: Path, mode: str = "r", **_: object) -> None:
        assert path == file or "w" in mode
        raise PermissionError(13, "Permission denied", str(path))

    if os.name == "posix" and os.geteuid():
        file.chmod(0)
    else:
        original = Path.open
        monkeypatch.setattr(
            Path,
            "open",
            lambda path, *rest, **more: (deny if path == file else original)(path, *rest, **more),
        )
    error = refused(file, InputError, tmp_path)
    assert error.message == f"{file}: cannot be read (Permission denied)"


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="the encoded corpus cannot be written"):
        prepare(["a b"], ALL, folder=tmp_path / "none")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk(tmp_path: Path) -> None:
    (tmp_path / "corpus.ids").symlink_to("/dev/full")
    with pytest.raises(OutputError, match="No space left on device") as raised:
        prepare(["a b"], ALL, folder=tmp_path)
    assert "4 bytes for every token" in raised.value.hint
    assert list(tmp_path.iterdir()) == []


def test_errors_of_the_users_own_code_come_through(tmp_path: Path) -> None:
    def lines() -> Iterator[str]:
        yield "a b"
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        prepare(lines(), ALL, folder=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_stream_that_is_gone(tmp_path: Path) -> None:
    stream = prepare(["a b", "a b"], ALL, folder=tmp_path).stream
    stream.path.write_bytes(stream.path.read_bytes()[:9])
    with pytest.raises(InputError, match="entries 0 to 6 of the corpus cannot be read"):
        stream.read(0, 6)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"min_count": 0}, "min_count is 0"),
        ({"max_vocab": 1}, "max_vocab is 1"),
        ({"errors": "no"}, "errors is 'no'"),
    ],
)
def test_settings_are_checked(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingError, match=message):
        CorpusSettings(**settings)
