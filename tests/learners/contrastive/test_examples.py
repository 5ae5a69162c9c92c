"""What a table teaches, what is held out of it, and in which batches it comes."""

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.learners.contrastive.planted import labelled, synonym_pairs

from nearspace.errors import InputError, SettingError
from nearspace.learners.contrastive.batching import KnownPairs, batches
from nearspace.learners.contrastive.examples import read_examples
from nearspace.learners.contrastive.splitting import groups_of, split, split_given, without_texts

PAIR = {"question": "what", "paragraph": "that"}


@pytest.fixture
def read(tmp_path):
    opened = []

    def open_one(source, **options):
        folder = Path(tempfile.mkdtemp(dir=tmp_path))
        found = read_examples(source, folder, **options)
        opened.append(found)
        return found

    yield open_one
    for one in opened:
        one.texts.close()


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        (PAIR, "pairs"),
        ({"anchor": "a", "positive": "p", "negative": "n"}, "triplets"),
        ({"sentence1": "a", "sentence2": "p", "score": 1.5}, "scored"),
        ({"text": "a", "label": "x"}, "labels"),
        ({"links": "a", "rechts": "b"}, "pairs"),
        ({"x": "a", "y": "b", "z": "c"}, "triplets"),
        ({"x": "a", "y": "b", "z": 3}, "scored"),
    ],
)
def test_the_kind_is_told_by_the_columns(read, row, kind):
    other = {name: f"{value}2" if isinstance(value, str) else value + 1 for name, value in row.items()}
    rows = [row, other, row, other]
    assert read(rows).kind == kind


def test_columns_and_kind_can_be_set(read):
    rows = [{"id": "1", "q": "who", "p": "he", "n": "she"}, {"id": "2", "q": "what", "p": "it", "n": "that"}]
    found = read(rows, columns=["q", "p"])
    assert (found.kind, found.texts[:]) == ("pairs", ["who", "he", "what", "it"])
    assert read(rows, columns=["q", "p", "n"]).kind == "triplets"
    assert read(rows, columns=["n"], kind="texts").texts[:] == ["she", "that"]


def test_a_text_is_kept_once_and_numbered_in_order(read):
    found = read([{"a": "x", "b": "y"}, {"a": "y", "b": "x"}, {"a": "x", "b": "é\nz"}])
    assert found.texts[:] == ["x", "y", "é\nz"]
    assert found.rows.tolist() == [[0, 1], [1, 0], [0, 2]]


def test_scores_are_brought_to_zero_and_one(read):
    rows = [{"a": "x", "b": str(score), "score": score} for score in (0, 2.5, 5)]
    assert read(rows).targets.tolist() == [0, 0.5, 1]
    rows = [{"a": "x", "b": str(score), "score": score} for score in (0.2, 0.9)]
    assert read(rows).targets.tolist() == pytest.approx([0.2, 0.9])


def test_rows_with_an_empty_text_are_left_out(read):
    rows = [PAIR, {"question": None, "paragraph": "x"}, {"question": "y", "paragraph": "  "}]
    found = read(rows)
    assert (len(found), found.left_out) == (1, 2)
    with pytest.raises(InputError, match="all 2 rows have an empty text"):
        read(rows[1:])


def test_a_table_with_one_column_is_no_pairs(read):
    with pytest.raises(
        InputError, match="pairs need two texts that belong together, and there is 1 column: line"
    ):
        read([{"line": "x"}])
    with pytest.raises(InputError) as error:
        read([{"line": "x"}], kind="pairs")
    assert "--kind texts" in error.value.hint


@pytest.mark.parametrize(
    ("rows", "options", "message"),
    [
        ([PAIR], {"columns": ["q"]}, "there is no column 'q'"),
        ([{"a": "x", "b": "y", "score": "high"}] * 2, {}, "row 1 has the score 'high', expected a finite"),
        ([{"a": "x", "b": "y", "score": 1.0}] * 2, {}, "all scores are 1"),
        (
            [{"text": "x", "label": "one"}, {"text": "y", "label": "one"}],
            {},
            "all texts have the label 'one'",
        ),
        (
            [{"text": str(n), "label": label} for n, label in enumerate("aabc")],
            {},
            "2 labels have one example: 'b', 'c'",
        ),
        ([{"a": 1, "b": 2}], {"kind": "pairs"}, "column 'a' holds int64, expected text"),
    ],
)
def test_bad_tables(read, rows, options, message):
    with pytest.raises(InputError, match=message):
        read(rows, **options)


def test_an_unknown_kind(read):
    with pytest.raises(SettingError, match="kind is 'pair'"):
        read([PAIR], kind="pair")


def test_groups_share_texts_directly_or_through_others(read):
    found = read([{"a": a, "b": b} for a, b in ("xy", "yz", "pq", "rs", "zw", "qr")])
    assert groups_of(found).tolist() == [0, 0, 1, 1, 0, 1]


@given(seed=st.integers(0, 1000), texts=st.integers(2, 400))
@settings(deadline=None, max_examples=30)
def test_no_text_is_both_held_out_and_learned_from(tmp_path_factory, seed, texts):
    links = np.random.default_rng(seed).integers(0, texts, (150, 2))
    rows = [{"a": f"a{one}", "b": f"b{other}"} for one, other in links]
    found = read_examples(rows, tmp_path_factory.mktemp("texts"))
    try:
        cut = split(found, 0.3, seed)
    except InputError:
        return
    finally:
        found.texts.close()
    parts = [{int(text) for text in part.rows.ravel()} for part in (cut.train, cut.choice, cut.test)]
    assert not parts[0] & parts[1] and not parts[0] & parts[2] and not parts[1] & parts[2]
    assert len(cut.train) + len(cut.choice) + len(cut.test) == len(rows)
    assert len(cut.groups) == len(cut.test) and len(cut.choice_groups) == len(cut.choice)


def test_the_share_is_kept_and_labels_keep_theirs(read):
    cut = split(read(synonym_pairs(200)), 0.25, 1)
    assert len(cut.choice) + len(cut.test) == pytest.approx(50, abs=2)
    assert abs(len(cut.choice) - len(cut.test)) <= 1
    cut = split(read(labelled(20)), 0.2, 1)
    assert np.bincount(cut.train.targets).tolist() == [16] * 10


def test_too_few_to_hold_out(read):
    with pytest.raises(InputError, match=r"30 examples in 30 groups .* that are \d groups") as error:
        split(read(synonym_pairs(30)), 0.2, 1)
    assert "held_out=TABLE" in error.value.hint
    one = read([{"a": "the hub", "b": f"text {number}"} for number in range(100)])
    with pytest.raises(InputError, match="the largest has 100"):
        split(one, 0.2, 1)
    with pytest.raises(SettingError, match="held_out is 2"):
        split(one, 2.0, 1)


def test_own_held_out_examples_take_their_texts_out_of_training(read):
    rows = synonym_pairs(100)
    train, held = read(rows), read(rows[60:])
    left = without_texts(train, held)
    assert len(left) == 60
    cut = split_given(left, held, 1)
    assert len(cut.choice) == len(cut.test) == 20


@pytest.mark.parametrize("kind", ["pairs", "labels"])
def test_batches_have_every_example_once_in_an_order_of_the_seed(read, kind):
    found = read(synonym_pairs(101) if kind == "pairs" else labelled(10))
    made = [rows.tolist() for rows in batches(found, 16, 1, 0)]
    assert sorted(row for rows in made for row in rows) == list(range(len(found)))
    assert made == [rows.tolist() for rows in batches(found, 16, 1, 0)]
    assert made != [rows.tolist() for rows in batches(found, 16, 1, 1)]


def test_no_text_is_twice_in_a_batch(read):
    random = np.random.default_rng(1)
    rows = [{"a": f"a{random.integers(40)}", "b": f"b{random.integers(25)}"} for _ in range(300)]
    found = read(rows)
    seen = 0
    for batch in batches(found, 16, 1, 0):
        texts = found.rows[batch].ravel().tolist()
        assert len(texts) == len(set(texts))
        seen += len(batch)
    assert seen >= 298  # a last batch of one is left out


def test_labelled_texts_come_in_twos(read):
    found = read(labelled(10))
    for rows in batches(found, 16, 1, 0):
        labels = found.targets[rows]
        assert (labels[::2][: len(labels) // 2] == labels[1::2]).all()


def test_known_pairs(read):
    found = read([{"a": a, "b": b} for a, b in ("xp", "xq", "yp")])
    x, p, q, y = (found.texts[:].index(text) for text in "xpqy")
    known = KnownPairs(found).has(np.array([x, y]), np.array([p, q, x]))
    assert known.tolist() == [[True, True, True], [True, False, False]]
