from __future__ import annotations

import tracemalloc

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from nearspace.keys import Keys
from nearspace.search import suggest as module
from nearspace.search.suggest import suggest

WORDS = Keys(
    [
        "the",
        "and",
        "king",
        "kin",
        "sign",
        "King",
        "ocean",
        "naïve",
        "straße",
        "москва",
        "東京",
        "x",
        "kingdom",
    ]
)


def distance(a, b):
    """Optimal string alignment, as the textbook has it."""
    table = [[i + j if not i * j else 0 for j in range(len(b) + 1)] for i in range(len(a) + 1)]
    for i in range(1, len(a) + 1):
        for j in range(1, len(b) + 1):
            table[i][j] = min(
                table[i - 1][j] + 1, table[i][j - 1] + 1, table[i - 1][j - 1] + (a[i - 1] != b[j - 1])
            )
            if i > 1 and j > 1 and a[i - 1] == b[j - 2] and a[i - 2] == b[j - 1]:
                table[i][j] = min(table[i][j], table[i - 2][j - 2] + 1)
    return table[-1][-1]


def expected(names, word, limit):
    most = 1 if len(word) <= 3 else 2
    near = [(distance(name.lower(), word.lower()), row) for row, name in enumerate(names) if name]
    return tuple(names[row] for far, row in sorted(near) if far <= most and names[row] != word)[:limit]


def test_mistyped_words():
    assert suggest(WORDS, "kign") == ("king", "kin", "sign", "King")
    assert suggest(WORDS, "amd") == ("and",)
    assert suggest(WORDS, "ocaen") == ("ocean",)
    assert suggest(WORDS, "zzzzzz") == ()


def test_case_variants_come_first_and_the_word_itself_never():
    assert suggest(WORDS, "KING")[:2] == ("king", "King")
    assert suggest(WORDS, "king")[0] == "King" and "king" not in suggest(WORDS, "king")
    assert suggest(WORDS, "THE") == ("the",)


def test_unicode():
    assert suggest(WORDS, "naive") == ("naïve",)
    assert suggest(WORDS, "strasse") == ("straße",)
    assert suggest(WORDS, "моксва") == ("москва",)
    assert suggest(WORDS, "МОСКВА") == ("москва",)
    assert suggest(WORDS, "東亰") == ("東京",)
    assert suggest(Keys(["İstanbul"]), "istanbul") == ("İstanbul",)
    assert suggest(WORDS, "\ud800") == ("x",)


def test_nothing_to_go_by():
    assert suggest(WORDS, "") == ()
    assert suggest(Keys([]), "king") == ()
    assert suggest(Keys([""]), "a") == ()
    assert suggest(WORDS, "king", limit=0) == ()
    assert suggest(WORDS, "k" * 100_000) == ()


text = st.text(alphabet="abAé東", max_size=7)


@given(names=st.lists(text, unique=True, max_size=30), word=text.filter(bool), limit=st.integers(1, 8))
@settings(deadline=None)
def test_equals_the_textbook(names, word, limit):
    assert suggest(Keys(names), word, limit=limit) == expected(names, word, limit)


def test_chunks_do_not_change_the_answer(monkeypatch):
    random = np.random.default_rng(2)
    names = list(dict.fromkeys("".join(random.choice(list("abcé"), 5)) for _ in range(400)))
    whole = suggest(Keys(names), "abcab", limit=50)
    assert whole == expected(names, "abcab", 50)
    for chunk in (3, 64, 500):
        monkeypatch.setattr(module, "_CHUNK", chunk)
        assert suggest(Keys(names), "abcab", limit=50) == whole
    monkeypatch.setattr(module, "_READ", 1000)
    assert set(suggest(Keys(names), "abcab", limit=50)) < set(whole)


def test_memory_does_not_grow_with_the_number_of_keys():
    random = np.random.default_rng(2)
    letters = random.integers(97, 105, (1_500_000, 7), dtype=np.uint8)
    keys = Keys.from_buffers(
        letters.reshape(-1),
        np.arange(0, 7 * 1_500_000 + 1, 7),
        np.zeros(1_500_000, dtype=np.uint64),
        np.zeros(1_500_000, dtype=np.int64),
    )
    suggest(keys, "abcdefg")
    tracemalloc.start()
    found = suggest(keys, "abcdefg")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(found) == 5
    assert peak < 60 << 20
