"""Bad files: every message names the file, the place and what was expected."""

from __future__ import annotations

import gzip
import lzma
from pathlib import Path

import pytest

from nearspace.errors import EncodingError, InputError, MissingInputError, SettingError
from nearspace.evaluation import analogies, categories, outliers, similarity
from nearspace.evaluation.families import load, load_all
from nearspace.evaluation.textfile import lines, stem

READERS = [similarity.read, analogies.read, categories.read, outliers.read]


def write(folder: Path, text: str, name: str = "set.txt") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("read", READERS)
def test_a_missing_file(read, tmp_path: Path) -> None:
    with pytest.raises(MissingInputError, match=r"nothing\.txt: no such file"):
        read(tmp_path / "nothing.txt")


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize(("content", "message"), [(b"", "is empty"), (b"\n \n", "is empty")])
def test_an_empty_file(read, content: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "set.txt").write_bytes(content)
    with pytest.raises(InputError, match=message):
        read(tmp_path / "set.txt")


@pytest.mark.parametrize("read", READERS)
def test_a_binary_file(read, tmp_path: Path) -> None:
    (tmp_path / "set.txt").write_bytes(b"300 100\nthe \x01\x00\x02")
    with pytest.raises(InputError, match=r"set\.txt is binary: byte 13 is zero"):
        read(tmp_path / "set.txt")


def test_text_that_is_not_utf8(tmp_path: Path) -> None:
    (tmp_path / "set.txt").write_bytes("café tea 3\n".encode("latin-1"))
    with pytest.raises(EncodingError, match=r"set\.txt is not UTF-8: byte 3 is 0xe9") as raised:
        similarity.read(tmp_path / "set.txt")
    assert "iconv" in raised.value.hint


def test_a_damaged_compressed_file(tmp_path: Path) -> None:
    whole = gzip.compress(b"tea cup 3\n" * 1000)
    (tmp_path / "set.txt.gz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match=r"set\.txt\.gz cannot be read"):
        similarity.read(tmp_path / "set.txt.gz")
    (tmp_path / "set.txt.xz").write_bytes(b"tea cup 3\n")
    with pytest.raises(InputError, match=r"set\.txt\.xz cannot be read"):
        similarity.read(tmp_path / "set.txt.xz")


def test_compressed_files_and_their_names(tmp_path: Path) -> None:
    (tmp_path / "My-Set.txt.xz").write_bytes(
        lzma.compress("\ufefftea cup 3\r\ncoffee\u2028 cup 1\r\n".encode())
    )
    assert lines(tmp_path / "My-Set.txt.xz") == ["tea cup 3", "coffee\u2028 cup 1"]
    assert stem(tmp_path / "My-Set.txt.xz") == "my-set"


@pytest.mark.parametrize(
    ("read", "text", "message"),
    [
        (
            similarity.read,
            "tea cup 3\ntea spoon\n",
            r"line 2: expected two words and a finite number in column 3, got 2 columns: tea \| spoon",
        ),
        (similarity.read, "# x\n\ntea cup 3\ntea spoon many\n", r"line 4: expected two words"),
        (similarity.read, "tea,cup,3\ntea,,4\n", r"line 2: expected two words"),
        (similarity.read, "tea cup 3\ntea spoon nan\n", r"line 2: .* finite number"),
        (similarity.read, "# only\n", "holds nothing but comments"),
        (similarity.read, "tea\tcup\n", "line 1: expected two words and a finite number"),
        (
            analogies.read,
            ": x\na b c d\na b c\n",
            r"line 3: expected 4 words or ': section', got 3 words: a b c",
        ),
        (analogies.read, ": x\n: y\n", "holds no question"),
        (categories.read, "a,b,c\n1,2,3\n", r"line 1: expected a header that names the columns category"),
        (
            categories.read,
            "category,word\nfruit,pear\nfruit\n",
            r"line 3: expected a category in column 1, a word in 2",
        ),
        (categories.read, "category,word\n", "holds no words"),
        (outliers.read, "group,list\nx,y\n", r"line 1: expected a header that names the columns words and"),
        (outliers.read, "words,outliers\na b c,d\na b c\n", "line 3: expected 2 columns"),
        (outliers.read, "words,outliers\na b c,d\na b,c\n", "line 3: expected at least 3 words and an"),
        (outliers.read, "words,outliers\n\"['a', 'b'\",c\n", "line 2: expected a list of words in column 1"),
        (outliers.read, "words,outliers\n", "a header and no groups"),
    ],
)
def test_a_malformed_file(read, text: str, message: str, tmp_path: Path) -> None:
    path = write(tmp_path, text)
    with pytest.raises(InputError, match=message) as raised:
        read(path)
    assert str(path) in raised.value.message
    assert raised.value.hint


def test_a_header_without_pairs(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="a header and no pairs"):
        similarity.read(write(tmp_path, "word1,word2,score\n"))


def test_folders_without_texts(tmp_path: Path) -> None:
    for read in (analogies.read, outliers.read):
        with pytest.raises(MissingInputError, match=r"has no \.txt file"):
            read(tmp_path)
    with pytest.raises(InputError, match="is a folder, expected a file"):
        similarity.read(tmp_path)
    write(tmp_path, "a b c\n")
    with pytest.raises(InputError, match=r"set\.txt, line 1: expected a word and its answers, got 3 words"):
        analogies.read(tmp_path)
    with pytest.raises(
        InputError, match=r"expected at least 3 words, an empty line and outliers, got 1 and 0"
    ):
        outliers.read(tmp_path)


def test_unknown_names_list_the_accepted_ones() -> None:
    with pytest.raises(SettingError, match="'wordsim' is no test set of similarity") as raised:
        load("similarity", "wordsim")
    assert raised.value.hint == "Accepted names of similarity: wordsim353; or the path of a file."
    with pytest.raises(MissingInputError, match=r"wordsim\.tsv: no such file"):
        load("similarity", "wordsim.tsv")


def test_two_sets_of_one_name_and_none(tmp_path: Path) -> None:
    path = write(tmp_path, "tea cup 3\n", "wordsim353.txt")
    with pytest.raises(SettingError, match="two test sets are called 'wordsim353'"):
        load_all({"similarity": ["wordsim353", path]})
    with pytest.raises(SettingError, match="no test set was chosen"):
        load_all({"similarity": [], "analogies": None})


def test_the_packaged_sets_are_whole() -> None:
    tests, by_default = load_all({})
    assert by_default
    assert [(test.name, test.total) for test in tests] == [
        ("wordsim353", 353), ("google", 19544), ("nouns100", 100), ("groups25", 100),
    ]  # fmt: skip
    google = tests[1]
    assert [len(google.sections), google.sections[0].name] == [14, "capital-common-countries"]
    kinds = {"semantic": 0, "syntactic": 0}
    for section in google.sections:
        kinds[section.kind] += len(section.questions)
    assert kinds == {"semantic": 8869, "syntactic": 10675}  # Mikolov and others 2013, table 1
    nouns, groups = tests[2], tests[3]
    assert len(set(nouns.words)) == 100
    assert {len([c for _, c in nouns.items if c == name]) for _, name in nouns.items} == {10}
    for group in groups.groups:
        assert len({*group.members, *group.outliers}) == len(group.members) + 4
