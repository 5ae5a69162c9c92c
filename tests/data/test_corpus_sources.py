"""Every kind of source, cut anywhere, gives the same corpus, and none needs to fit into memory."""

from __future__ import annotations

import bz2
import gzip
import io
import itertools
import lzma
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

import nearspace.data.text_files as files
from nearspace.data.corpus import CorpusSettings, Prepared, continue_with, prepare
from nearspace.data.corpus_scan import Encoded, Scanner
from nearspace.data.text_files import Piece
from nearspace.protocols import Quiet

SAMPLE = Path(__file__).parents[1] / "samples" / "wiki-excerpt.txt"
ALL = CorpusSettings(min_count=1)


def zstd_frames(data: bytes) -> bytes:
    packer = zstandard.ZstdCompressor()
    return packer.compress(data[:30_000]) + packer.compress(data[30_000:])


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress,
    "two gz members": lambda data: gzip.compress(data[:9999]) + gzip.compress(data[9999:]),
    "xz": lzma.compress,
    "bz2": bz2.compress,
    "zst": zstandard.compress,
    "two zst frames": zstd_frames,
}


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    return prepare(SAMPLE, ALL, folder=tmp_path_factory.mktemp("expected"))


def same(found: Prepared, expected: Prepared) -> bool:
    return (
        found.stream.fingerprint == expected.stream.fingerprint
        and found.vocabulary.keys == expected.vocabulary.keys
        and np.array_equal(found.vocabulary.counts, expected.vocabulary.counts)
        and found.stream.path.read_bytes() == expected.stream.path.read_bytes()
    )


def test_the_sample_is_read_as_a_plain_program_would(expected: Prepared) -> None:
    text = [line for line in SAMPLE.read_text("utf-8").splitlines() if not line.startswith("<doc ")]
    ascii_words = Counter(word for line in text for word in line.lower().split() if word.isalpha())
    keys = expected.vocabulary.keys
    assert {word for word in ascii_words if word.isascii()} <= set(keys)
    assert expected.stream.lines == sum(any(char.isalnum() for char in line) for line in text)
    assert keys[0] == "the"
    assert 9_500 < expected.stream.tokens < 11_000


@pytest.mark.parametrize("packer", PACKERS)
def test_compressed_files_are_known_by_their_bytes(packer: str, expected: Prepared, tmp_path: Path) -> None:
    file = tmp_path / "no-suffix"
    file.write_bytes(PACKERS[packer](SAMPLE.read_bytes()))
    assert same(prepare(file, ALL, folder=tmp_path), expected)


def test_folders_are_read_in_order_without_hidden_files(expected: Prepared, tmp_path: Path) -> None:
    lines = SAMPLE.read_bytes().splitlines(keepends=True)
    text = tmp_path / "text"
    (text / "b" / "c").mkdir(parents=True)
    (text / ".git").mkdir()
    (text / "a").write_bytes(b"".join(lines[:10]))
    (text / "b" / "c" / "x.gz").write_bytes(gzip.compress(b"".join(lines[10:20])))
    (text / "b.txt").write_bytes(b"".join(lines[20:]).rstrip(b"\n"))
    (text / ".hidden").write_text("hidden words")
    (text / ".git" / "config").write_text("hidden words")
    (text / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00")
    notes: list[str] = []

    class Noted(Quiet):
        def note(self, message: str) -> None:
            notes.append(message)

    assert same(prepare(text, ALL, folder=tmp_path, progress=Noted()), expected)
    assert notes == [f"{text / 'picture.png'} is not text: passed over"]
    several = [text / "a", text / "b", text / "b.txt"]
    assert same(prepare(iter(several), ALL, folder=tmp_path), expected)


def test_standard_input(expected: Prepared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for data in (SAMPLE.read_bytes(), gzip.compress(SAMPLE.read_bytes())):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
        assert same(prepare("-", ALL, folder=tmp_path), expected)


def test_strings_token_lists_and_own_tokenizers(expected: Prepared, tmp_path: Path) -> None:
    lines = SAMPLE.read_text("utf-8").splitlines()
    assert same(prepare(lines, ALL, folder=tmp_path), expected)
    assert same(prepare((line for line in lines), ALL, folder=tmp_path), expected)
    stream = prepare(SAMPLE, ALL, folder=tmp_path).stream
    words = list(expected.vocabulary.keys)
    rows = [words[row] if row >= 0 else None for row in expected.stream.remap.tolist()]
    ids = stream.read(0, stream.length).tolist()
    tokens = [
        [str(rows[entry]) for entry in group]
        for is_line, group in itertools.groupby(ids, lambda entry: entry >= 0)
        if is_line
    ]
    assert same(prepare(tokens, ALL, folder=tmp_path), expected)
    assert same(prepare(map(tuple, tokens), ALL, folder=tmp_path), expected)
    by_line = dict(zip((line for line in lines if words_in(line)), tokens, strict=True))
    own = CorpusSettings(min_count=1, tokenizer=lambda line: by_line.get(line, []))
    for source in (lines, SAMPLE, [SAMPLE.read_text("utf-8")]):
        assert same(prepare(source, own, folder=tmp_path), expected)


def words_in(line: str) -> bool:
    return not line.startswith("<doc ") and any(char.isalnum() for char in line)


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_the_size_of_pieces_changes_nothing(
    size: int, expected: Prepared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "PIECE", size)
    lines = SAMPLE.read_bytes().splitlines(keepends=True)
    head = tmp_path / "head"
    head.write_bytes(b"".join(lines[:12]) if size == 1 else b"".join(lines))
    found = prepare(head, ALL, folder=tmp_path)
    whole = b"".join(lines[:12]).decode() if size == 1 else SAMPLE.read_text("utf-8")
    assert found.stream.fingerprint == prepare([whole], ALL, folder=tmp_path).stream.fingerprint
    split = CorpusSettings(min_count=1, tokenizer=str.split)
    assert (
        prepare(head, split, folder=tmp_path).stream.fingerprint
        == prepare(whole.split("\n"), split, folder=tmp_path).stream.fingerprint
    )


def test_lowercase_can_be_kept(tmp_path: Path) -> None:
    settings = CorpusSettings(min_count=1, lowercase=False)
    assert list(prepare(["Éa Σ ab Éa ab Ab"], settings, folder=tmp_path).vocabulary.keys) == [
        "ab",
        "Éa",
        "Ab",
        "Σ",
    ]


def scanned(lines: list[list[str]], folder: Path, most_types: int) -> Encoded:
    with Scanner(
        folder / "ids", lowercase=True, errors="strict", progress=Quiet(), most_types=most_types, piece=64
    ) as scanner:
        scanner.feed(Piece("\n".join(" ".join(line) for line in lines).encode(), True))
        return scanner.finish()


def bounded(lines: list[list[str]], most: int) -> tuple[dict[str, int], list[list[str | None]]]:
    """What a table of at most `most` words should hold, and the corpus with the occurrences that count."""
    counts: dict[str, int] = {}
    seen: list[list[list[str | None]]] = []  # a cell a token, emptied when its word is dropped
    for line in lines:
        seen.append([])
        for word in line:
            if word not in counts and len(counts) == most:
                limit = sorted(counts.values())[len(counts) - len(counts) // 2 - 1]
                counts = {kept: count for kept, count in counts.items() if count > limit}
                for cell in itertools.chain.from_iterable(seen):
                    cell[0] = cell[0] if cell[0] in counts else None
            counts[word] = counts.get(word, 0) + 1
            seen[-1].append([word])
    return counts, [[cell[0] for cell in line] for line in seen]


@given(
    st.lists(st.lists(st.integers(0, 12), min_size=1, max_size=8), min_size=1, max_size=20), st.integers(4, 9)
)
@settings(deadline=None)
def test_a_bounded_table_drops_the_rarest_words(
    tmp_path_factory: pytest.TempPathFactory, numbers: list[list[int]], most: int
) -> None:
    lines = [[f"w{number * number // 12}" for number in line] for line in numbers]
    folder = tmp_path_factory.mktemp("bounded")
    encoded = scanned(lines, folder, most)
    counts, kept = bounded(lines, most)
    words = [encoded.name(word).decode() for word in range(encoded.types)]
    assert dict(zip(words, encoded.counts.tolist(), strict=False)) == counts
    found: list[list[str | None]] = [[]]
    for entry in np.fromfile(encoded.path, "<i4").tolist():
        if entry < 0:
            found.append([])
        else:
            found[-1].append(None if entry == encoded.types else words[entry])
    assert found == [*kept, []]
    assert [path.name for path in folder.iterdir()] == ["ids"]


def test_more_text_extends_a_vocabulary(tmp_path: Path) -> None:
    old = prepare(["a b c a b a"], ALL, folder=tmp_path)
    text = ["z c y z q c z y c"]
    settings = CorpusSettings(min_count=2)
    more = continue_with(
        text, settings, keys=old.vocabulary.keys, counts=old.vocabulary.counts, folder=tmp_path
    )
    assert list(more.vocabulary.keys) == ["a", "b", "c", "z", "y"]
    assert more.vocabulary.counts.tolist() == [3, 2, 1 + 3, 3, 2]
    assert (more.vocabulary.total, more.stream.kept) == (9, 8)
    stream = more.stream.read(0, more.stream.length)
    assert more.stream.remap[stream[:-1]].tolist() == [3, 2, 4, 3, -1, 2, 3, 4, 2]
    capped = CorpusSettings(min_count=1, max_vocab=4)
    more = continue_with(
        text, capped, keys=old.vocabulary.keys, counts=old.vocabulary.counts, folder=tmp_path
    )
    assert list(more.vocabulary.keys) == ["a", "b", "c", "z"]


def test_a_stream_is_read_in_any_part(expected: Prepared) -> None:
    stream = expected.stream
    everything = np.fromfile(stream.path, "<i4")
    assert len(everything) == stream.length == stream.tokens + stream.lines
    for start, stop in [(0, 10), (5, 5), (stream.length - 3, stream.length + 100), (7, 3)]:
        assert np.array_equal(stream.read(start, stop), everything[start:stop])


MEMORY = """
import tempfile, zstandard
from pathlib import Path
from nearspace.data.corpus import CorpusSettings, prepare
def peak():
    status = Path("/proc/self/status").read_text().split()
    return int(status[status.index("VmHWM:") + 1]) // 1024
def words(lines, kinds):
    for line in range(lines):
        rare = (f"{(line * 12 + place) * 2654435761 % kinds:x}q" for place in range(12))
        yield " ".join(rare) + " and so the end"
def gigabyte(file):
    part = b"one two three four5 " * 50_000
    with zstandard.open(file, "wb") as packed:
        for _ in range(1000):
            packed.write(part)
    return file
with tempfile.TemporaryDirectory() as folder:
    prepare(words(1000, 1000), CorpusSettings(), folder=Path(folder))
    before = peak()
    prepared = prepare({source}, CorpusSettings(), folder=Path(folder))
    print(peak() - before, prepared.stream.tokens, len(prepared.vocabulary))
"""


def memory(source: str) -> list[int]:
    done = subprocess.run(
        [sys.executable, "-c", MEMORY.replace("{source}", source)],
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert done.returncode == 0, done.stderr
    return [int(word) for word in done.stdout.split()]


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads the peak from /proc")
def test_many_words_stay_within_a_hundred_megabytes() -> None:
    grown, tokens, kept = memory("words(350_000, 2**32)")
    assert tokens == 350_000 * 16
    assert kept == 4
    assert grown < 100


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads the peak from /proc")
def test_a_line_of_a_gigabyte_takes_no_memory() -> None:
    grown, tokens, kept = memory("gigabyte(Path(folder) / 'line.zst')")
    assert tokens == 1000 * 4 * 50_000
    assert kept == 4
    assert grown < 60
