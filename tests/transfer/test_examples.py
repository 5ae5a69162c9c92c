"""Where labels come from: a column, a table of keys, a table of texts."""

from __future__ import annotations

import numpy as np
import pytest
from tests.transfer.planted import LookUp, clusters, space_of

import nearspace as ns
from nearspace.data.tables import read_table
from nearspace.encoders.external import ExternalEncoder
from nearspace.errors import EncoderMismatchError, InputError, SettingError
from nearspace.protocols import Quiet, Task
from nearspace.transfer.applying import label_table

POINTS, LABELS = clusters(8)
NEW, NEW_LABELS = clusters(5, draw=3)


def texts_of(points: np.ndarray, stem: str) -> dict[str, np.ndarray]:
    return {f"{stem} {row}": point for row, point in enumerate(points)}


ENCODER = LookUp(texts_of(POINTS, "old") | texts_of(NEW, "new"))


class Notes:
    """A Progress that keeps its notes."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, message: str) -> None:
        self.notes.append(message)

    def task(self, description: str, *, total: float | None = None, unit: str = "") -> Task:
        return Quiet().task(description)


def test_a_column_a_table_of_keys_and_one_of_texts_give_the_same_head() -> None:
    space = space_of(POINTS, LABELS, encoder=ENCODER, content="text")
    by_column = ns.fit_head(space, "kind")
    keys = {"key": [f"r{row}" for row in range(48)], "label": LABELS}
    texts = {"text": [f"old {row}" for row in range(48)], "label": LABELS}
    for other in (ns.fit_head(space, "label", keys, key="key"), ns.fit_head(space, "label", texts)):
        assert other.linear.flat.tobytes() == by_column.linear.flat.tobytes()


def test_missing_and_empty_labels_are_no_labels() -> None:
    labels = [None if row % 8 > 3 else label for row, label in enumerate(LABELS)]
    labels[1] = ""
    head = ns.fit_head(space_of(POINTS, labels), "kind")
    assert head.counts.tolist() == [3, 4, 4, 4, 4, 4]
    numbers = np.array([np.nan if row % 8 > 3 else row // 8 for row in range(48)])
    space = ns.Space(ns.Keys(f"r{row}" for row in range(48)), POINTS, columns={"kind": numbers})
    assert ns.fit_head(space, "kind").counts.sum() == 24


def test_texts_keys_vectors_rows_and_spaces_are_labelled() -> None:
    space = space_of(POINTS, LABELS, encoder=ENCODER)
    head = ns.fit_head(space, "kind", reject=0)
    texts = [f"new {row}" for row in range(30)]
    made = ns.classify(space, texts, head=head)
    assert made.labels == NEW_LABELS
    assert ns.classify(space, NEW, head=head).labels == NEW_LABELS
    assert ns.classify(space, space_of(NEW, NEW_LABELS, encoder=ENCODER), head=head).labels == NEW_LABELS
    assert ns.classify(space, head=head).labels == LABELS
    assert ns.classify(space, ["r0", "new 29"], head=head).labels == ["c0", "c5"]
    assert (
        ns.classify(space, texts[:1], head=head).probabilities.tobytes() == made.probabilities[:1].tobytes()
    )


def test_a_table_is_labelled_batch_by_batch() -> None:
    space = space_of(POINTS, LABELS, encoder=ENCODER, content="text")
    rows = {"text": [f"new {row}" for row in range(30)], "number": list(range(30))}
    table = read_table(rows, batch=7)
    schema, batches = label_table(space, table, head=ns.fit_head(space, "kind", reject=0))
    found = [row for batch in batches for row in batch.to_pylist()]
    assert schema.names == ["text", "number", "label", "probability", "fit"]
    assert [row["label"] for row in found] == NEW_LABELS
    with pytest.raises(InputError, match="has a column 'label' already"):
        label_table(space, {"text": ["x"], "label": ["y"]}, head=ns.fit_head(space, "kind"))


def test_unplaced_examples_are_left_out_and_noted() -> None:
    space = space_of(POINTS, LABELS)
    table = {"key": ["r0", "r8", "gone"], "label": ["a", "b", "a"]}
    notes = Notes()
    head = ns.fit_head(space, "label", table, progress=notes)
    assert head.counts.tolist() == [1, 1]
    assert any("1 labelled rows have no place" in note and "'gone'" in note for note in notes.notes)
    assert any("nothing can be held back" in note for note in notes.notes)


def test_what_cannot_be_read_is_refused_with_the_columns() -> None:
    space = space_of(POINTS, LABELS)
    with pytest.raises(InputError, match="no column 'kin'") as raised:
        ns.fit_head(space, "kin")
    assert "Did you mean 'kind'" in raised.value.hint
    with pytest.raises(InputError, match="has no column 'label'"):
        ns.fit_head(space, "label", {"key": ["r0"], "labels": ["a"]})
    with pytest.raises(InputError, match="has no column 'key'") as raised:
        ns.fit_head(space, "label", {"id": ["r0"], "label": ["a"]})
    assert "it has: id, label" in raised.value.hint
    with pytest.raises(InputError, match="no row has a label"):
        ns.fit_head(space_of(POINTS, [None] * 48), "kind")
    with pytest.raises(InputError, match="none of the 1 labelled rows has a place"):
        ns.fit_head(space, "label", {"key": ["gone"], "label": ["a"]})
    with pytest.raises(InputError, match="has no encoder, so the texts of column 't' cannot be placed"):
        ns.fit_head(space, "label", {"t": ["x"], "label": ["a"]}, text="t")
    with pytest.raises(SettingError, match="text and key are both given"):
        ns.fit_head(space, "label", {"t": ["x"], "label": ["a"]}, text="t", key="k")
    with pytest.raises(InputError, match="no example has the label 'none'"):
        ns.fit_head(space, "kind", outside="none")


def test_items_that_cannot_be_placed_are_refused() -> None:
    space = space_of(POINTS, LABELS)
    head = ns.fit_head(space, "kind")
    with pytest.raises(InputError, match="'unheard of', which is no key of it, cannot be placed"):
        ns.classify(space, ["r1", "unheard of"], head=head)
    with pytest.raises(SettingError, match="items is one string"):
        ns.classify(space, "r1", head=head)
    with pytest.raises(InputError, match="nothing to label"):
        ns.classify(space, [], head=head)
    with pytest.raises(SettingError, match="not opened from a folder"):
        ns.classify(space, ["r1"], head="kind")
    elsewhere = space_of(POINTS, LABELS, encoder=ExternalEncoder("api-3", 24))
    with pytest.raises(InputError, match="runs elsewhere"):
        ns.classify(elsewhere, ["unheard of"], head=ns.fit_head(elsewhere, "kind"))


def test_a_head_refuses_vectors_of_another_encoder() -> None:
    space = space_of(POINTS, LABELS, encoder=ENCODER)
    other = space_of(POINTS, LABELS, encoder=LookUp(texts_of(POINTS, "old"), "b" * 32))
    head = ns.fit_head(space, "kind")
    with pytest.raises(EncoderMismatchError, match="fitted on vectors of encoder aaaa"):
        ns.classify(other, ["old 1"], head=head)
    with pytest.raises(EncoderMismatchError, match="has vectors of encoder bbbb"):
        ns.classify(space, other, head=head)
