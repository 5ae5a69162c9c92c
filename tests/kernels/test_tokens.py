"""The tokenizer kernel against its twin, on any text, cut anywhere."""

from __future__ import annotations

import re
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nearspace.data.text_characters import character_table, fill_page
from nearspace.kernels import tokens as kernel
from nearspace.kernels.token_table import (
    FULL,
    GROW,
    compact,
    compact_numpy,
    gather,
    gather_numpy,
    rebuild,
)
from nearspace.kernels.utf8 import decode, decode_numpy

CHARS, FAST = character_table(lowercase=True)
PIECES = st.sampled_from(
    [
        *(
            "the",
            "Don't",
            "’",
            "'",
            "_",
            "-",
            " ",
            "\n",
            "\r\n",
            "É",
            "naïve",
            "e\u0301",
            "ΟΔΟΣ",
            "Σ",
            "Привет",
            "北京",
        ),
        *(
            "ひらがな",
            "カタカナ",
            "\u00ad",
            "\u200d",
            "\u200b",
            "🙂",
            "²",
            "٣",
            "İ",
            "Ǆ",
            "ⅻ",
            "𝒜",
            "\ufeff",
            "1,0",
        ),
        *("<doc ", "<doc>", "</doc>", "<d", "a" * 999, "é" * 499),
    ]
)
TEXTS = st.one_of(st.text(), st.lists(PIECES).map("".join))


def fill_pages(text: str) -> None:
    for page in {ord(char) // 256 for char in text}:
        if not CHARS[page * 256]:
            fill_page(CHARS, page * 256, lowercase=True)


def scan(data: bytes, cuts: list[int], *, replace: bool = False, slots: int = 4) -> list[list[bytes]]:
    """Feed `data` cut at `cuts` to the kernel as the reader does; give the lines of words."""
    names, starts = np.empty(200_000, np.uint8), np.zeros(10_001, np.int32)
    counts, table = np.zeros(10_000, np.int64), np.zeros(slots, np.uint64)
    state = np.zeros(kernel.STATE_SIZE, np.int64)
    state[kernel.FRESH] = 1
    edges = sorted({min(cut, len(data)) for cut in cuts} | {0, len(data)})
    parts = [data[a:b] for a, b in pairwise(edges)] or [b""]
    ids: list[int] = []
    rest = b""
    for number, part in enumerate(parts):
        text = np.frombuffer(rest + part, np.uint8).copy()
        out = np.empty(len(text) + 1, np.int32)
        state[kernel.AT] = state[kernel.WRITTEN] = 0
        final = number == len(parts) - 1
        while True:
            status = kernel.scan_text(
                text, len(text), final, replace, FAST, CHARS, names, starts, counts, table, out, state
            )
            if status == GROW:
                table = np.zeros(2 * len(table), np.uint64)
                rebuild(names, starts, int(state[kernel.TYPES]), table)
            elif status == kernel.PAGE:
                fill_page(CHARS, int(state[kernel.CODE]), lowercase=True)
            else:
                break
        if status != kernel.DONE:
            raise ValueError(status, int(state[kernel.AT]))
        rest = text[state[kernel.AT] :].tobytes()
        assert len(rest) < kernel.LONGEST + 8
        ids += out[: state[kernel.WRITTEN]].tolist()
    assert rest == b""
    words = [names[starts[word] : starts[word + 1]].tobytes() for word in range(state[kernel.TYPES])]
    assert len(set(words)) == len(words)
    lines: list[list[bytes]] = [[]]
    for entry in ids:
        if entry < 0:
            lines.append([])
        else:
            lines[-1].append(words[entry])
    assert lines.pop() == []
    assert [] not in lines
    assert int(state[kernel.TOKENS]) == sum(map(len, lines)) == int(counts.sum())
    assert int(state[kernel.LINES]) == len(lines)
    return lines


@given(TEXTS, st.lists(st.integers(0, 300), max_size=5))
@settings(max_examples=300, deadline=None)
@example("a" * 2500 + "'b", [1000, 1001])
@example("a" * 998 + "é" + "b", [999])
@example("x" + "\u00ad" * 800 + "y", [500])
@example("Σ ΣΣ aΣ\u00ad ΣΑΣ'Σ", [3])
@example("<doc id=1>\n<do\n</doc>", [12, 13, 14])
def test_kernel_agrees_with_its_twin_wherever_the_text_is_cut(text: str, cuts: list[int]) -> None:
    if "\x00" in text:
        text = text.replace("\x00", " ")
    fill_pages(text)
    data = text.encode()
    expected = kernel.split_text_numpy(data, CHARS)
    assert scan(data, cuts) == expected
    assert scan(data, []) == expected


@given(st.lists(st.one_of(st.binary(max_size=6), TEXTS.map(str.encode))).map(b"".join), st.integers(0, 50))
@settings(max_examples=200, deadline=None)
def test_invalid_bytes_separate_or_are_found(data: bytes, cut: int) -> None:
    data = data.replace(b"\x00", b" ")
    fill_pages(data.decode("utf-8", "replace"))
    assert scan(data, [cut], replace=True) == kernel.split_text_numpy(data, CHARS, replace=True)
    try:
        data.decode()
    except UnicodeDecodeError as error:
        with pytest.raises(ValueError, match=re.escape(f"({kernel.INVALID}, ")) as raised:
            scan(data, [])
        assert raised.value.args[1] == error.start
    else:
        assert scan(data, []) == kernel.split_text_numpy(data, CHARS)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Don't stop—the well-known O’Brien's", "don't stop the well known o'brien's"),
        ("'quoted' rock'n'roll it''s", "quoted rock'n'roll it s"),
        ("El Niño ¿QUÉ PASÓ?", "el niño qué pasó"),
        ("Straße ÜBER Äpfel", "straße über äpfel"),
        ("Ο ΟΔΥΣΣΕΥΣ ΣΟΦΟΣ", "ο οδυσσευς σοφος"),
        ("Война и МИР", "война и мир"),
        ("北京 is 首都", "北 京 is 首 都"),
        ("ひら カタカナ", "ひ ら カタカナ"),
        ("한국어 문장", "한국어 문장"),
        ("inter\u00adnational \ufeffstart", "international start"),
        ("हिन्दी भाषा", "हिन्दी भाषा"),
        ("new_york _x_ __", "new_york x"),
        ("3.14 1,000 km² x2", "3 14 1 000 km x2"),
        ("İstanbul", "istanbul"),
        ("e\u0301te\u0301", "e\u0301te\u0301"),
        ("a\ufe0f \ufe0f 🙂", "a\ufe0f"),
    ],
)
def test_words_of_many_scripts(text: str, words: str) -> None:
    assert [word.decode() for line in scan(text.encode(), []) for word in line] == words.split()


def test_tag_lines_are_no_text_but_end_lines() -> None:
    text = '<doc id="1" title="A b">\nA b\n</doc>\n\n<doc id="2">\r\nc <doc d>\n<docs e\n </doc>'
    lines = [[b"a", b"b"], [b"c", b"doc", b"d"], [b"docs", b"e"], [b"doc"]]
    for cut in range(len(text)):
        assert scan(text.encode(), [cut]) == lines


def test_a_nul_byte_stops_the_kernel_at_its_place() -> None:
    with pytest.raises(ValueError, match=re.escape(f"({kernel.NUL}, 5)")):
        scan(b"word \x00 word", [])


@given(st.lists(st.text(st.characters(codec="utf-8"), min_size=1, max_size=1), min_size=1, max_size=3))
@settings(max_examples=200, deadline=None)
def test_decoding_agrees_with_the_codec(chars: list[str]) -> None:
    for size in range(6):
        data = "".join(chars).encode()[:size]
        if data:
            assert decode(np.frombuffer(data, np.uint8).copy(), 0, len(data)) == decode_numpy(data)


@given(st.binary(min_size=1, max_size=4))
@settings(max_examples=500, deadline=None)
def test_decoding_refuses_what_the_codec_refuses(data: bytes) -> None:
    assert decode(np.frombuffer(data, np.uint8).copy(), 0, len(data)) == decode_numpy(data)


@settings(deadline=None)
@given(st.lists(st.lists(st.text("ab\nÉ ", max_size=4), max_size=5), max_size=8))
def test_ready_tokens_are_taken_as_they_are(lines: list[list[str]]) -> None:
    data = "\x1e".join([*("\x1f".join(line) for line in lines), ""]).encode()
    names, starts = np.empty(10_000, np.uint8), np.zeros(101, np.int32)
    counts, table = np.zeros(100, np.int64), np.zeros(256, np.uint64)
    state, out = np.zeros(kernel.STATE_SIZE, np.int64), np.empty(len(data) + 1, np.int32)
    text = np.frombuffer(data, np.uint8).copy()
    assert kernel.scan_tokens(text, len(text), names, starts, counts, table, out, state) == kernel.DONE
    words = [names[starts[word] : starts[word + 1]].tobytes().decode() for word in range(state[kernel.TYPES])]
    found = " | ".join(words[entry] if entry >= 0 else "END" for entry in out[: state[kernel.WRITTEN]])
    kept = [[token for token in line if token] for line in lines]
    assert found == " | ".join(token for line in kept if line for token in [*line, "END"])


def test_a_full_table_is_said_and_nothing_is_lost() -> None:
    text = np.frombuffer(b"a b a c d", np.uint8).copy()
    names, starts, counts = np.empty(5000, np.uint8), np.zeros(4, np.int32), np.zeros(3, np.int64)
    state, out = np.zeros(kernel.STATE_SIZE, np.int64), np.empty(20, np.int32)
    table = np.zeros(16, np.uint64)
    arguments = (FAST, CHARS, names, starts, counts, table, out, state)
    assert kernel.scan_text(text, len(text), True, False, *arguments) == FULL
    assert out[: state[kernel.WRITTEN]].tolist() == [0, 1, 0, 2]
    assert counts.tolist() == [2, 1, 1]
    assert bytes(text[state[kernel.AT] :]) == b"d"


@settings(deadline=None)
@given(st.lists(st.binary(max_size=5), min_size=1, max_size=8), st.data())
def test_gathering_agrees_with_its_twin(words: list[bytes], data: st.DataObject) -> None:
    order = np.array(data.draw(st.lists(st.integers(0, len(words) - 1))), np.int64)
    names = np.frombuffer(b"".join(words), np.uint8).copy()
    starts = np.concatenate([[0], np.cumsum([len(word) for word in words])]).astype(np.int32)
    expected, offsets = gather_numpy(names, starts, order)
    found, places = np.empty(len(expected), np.uint8), np.empty(len(order) + 1, np.int64)
    gather(names, starts, order, found, places)
    assert found.tobytes() == expected.tobytes() == b"".join(words[at] for at in order)
    assert places.tolist() == offsets.tolist()


@settings(deadline=None)
@given(st.lists(st.tuples(st.binary(max_size=5), st.integers(1, 5)), max_size=8), st.integers(0, 5))
def test_dropping_agrees_with_its_twin(words: list[tuple[bytes, int]], most: int) -> None:
    given_names, given_counts = [name for name, _ in words], [count for _, count in words]
    names, counts = np.frombuffer(b"".join(given_names) + b"-", np.uint8).copy(), np.array([*given_counts, 0])
    starts = np.concatenate([[0], np.cumsum([len(name) for name in given_names])]).astype(np.int32)
    ids = np.empty(len(words) + 1, np.int32)
    kept = compact(names, starts, counts, len(words), most, ids)
    found = [names[starts[word] : starts[word + 1]].tobytes() for word in range(kept)]
    expected = compact_numpy(given_names, given_counts, most)
    assert (found, counts[:kept].tolist(), ids.tolist()) == expected
