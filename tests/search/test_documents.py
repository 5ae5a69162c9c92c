"""Documents are found once each, by their best passage."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

import nearspace as ns
from nearspace.cli.main import main
from nearspace.data.passages import Passages
from nearspace.encoders.static import StaticEncoder
from nearspace.errors import InputError, UnknownKeyError
from nearspace.results import Neighbors

WORDS = ["boat", "ship", "harbour", "plane", "pilot", "cloud", "farmer", "field", "barn"]


def space_of(documents: list[str], seed: int = 1) -> ns.Space:
    """One row a name; vectors are random."""
    vectors = np.random.default_rng(seed).normal(size=(len(documents), 4)).astype(np.float32)
    keys = ns.Keys(f"{name}#{number}" for number, name in enumerate(documents))
    return ns.Space(keys, vectors, columns={"document": np.array(documents, dtype=object)})


@given(st.lists(st.sampled_from("abcdefg"), min_size=1, max_size=60), st.integers(1, 9), st.integers(0, 5))
@settings(max_examples=60, deadline=None)
def test_there_are_always_min_k_documents_in_the_order_of_their_best_rows(
    documents: list[str], k: int, seed: int
) -> None:
    space = space_of(documents, seed)
    query = np.random.default_rng(seed + 50).normal(size=4).astype(np.float32)
    found = ns.nearest(space, query, k=k, documents=True)
    full = ns.nearest(space, query, k=len(space)).rows[0]
    expected = list({documents[row]: row for row in full[::-1].tolist()}.values())[::-1]
    best = sorted(expected, key=full.tolist().index)[:k]
    assert found.rows.shape == (1, k)
    assert found.rows[0, : len(best)].tolist() == best
    assert len(best) == min(k, len(set(documents))) and (found.rows[0, len(best) :] == -1).all()


def test_a_long_document_does_not_fill_the_answer() -> None:
    space = space_of(["long"] * 500 + ["a", "b", "c"])
    for item in (space["long#3"], np.ones(4, dtype=np.float32)):
        hits = ns.nearest(space, item, k=4, documents=True).hits()
        assert {hit.columns["document"] for hit in hits} == {"long", "a", "b", "c"}


def test_passages_of_the_same_document_are_no_neighbours() -> None:
    space = space_of(["a", "b"] * 20 + ["c"])
    for item in ("a#0", "a"):
        hits = ns.nearest(space, item, k=5, documents=True).hits()
        assert {hit.columns["document"] for hit in hits} == {"b", "c"}
    hits = ns.search(space, positive="a#0", negative="b#1", documents=True).hits()
    assert {hit.columns["document"] for hit in hits} == {"c"}


def test_a_document_stands_for_the_mean_of_its_passages() -> None:
    space = space_of(["a", "b", "c"] * 5)
    units = space.vectors / np.linalg.norm(space.vectors, axis=1, keepdims=True)
    mean = units[np.arange(0, 15, 3)].mean(axis=0).astype(np.float32)
    by_name = ns.nearest(space, ["a", "b#1"], k=2, documents=True)
    by_vector = ns.nearest(space, mean, k=3, documents=True)
    rows = [row for row in by_vector.rows[0].tolist() if row % 3]
    assert by_name.rows[0].tolist() == rows and by_name.queries == ("a", "b#1")
    with pytest.raises(UnknownKeyError):
        ns.nearest(space, "zebra", documents=True)


def test_rows_without_a_document_stand_for_themselves() -> None:
    space = space_of(["a", "a", "b"])
    space = ns.Space(
        space.keys, space.vectors, columns={"document": np.array(["a", None, None], dtype=object)}
    )
    assert (ns.nearest(space, np.ones(4, dtype=np.float32), k=5, documents=True).rows[0] >= 0).sum() == 3


def test_a_space_without_documents_says_so() -> None:
    space = ns.Space(ns.Keys(["a"]), np.ones((1, 2), dtype=np.float32))
    with pytest.raises(InputError, match="no column 'document'"):
        ns.nearest(space, "a", documents=True)


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rng = np.random.default_rng(3)
    vectors = np.concatenate([np.eye(3)[number // 3][None] for number in range(9)])
    words = ns.Space(ns.Keys(WORDS), (vectors + rng.normal(scale=0.1, size=(9, 3))).astype(np.float32))
    rows = [
        {
            "key": f"d{n}",
            "text": " ".join(f"The {one} {n}." for one in rng.choice(WORDS, 12)),
            "year": 2000 + n,
        }
        for n in range(30)
    ]
    path = tmp_path_factory.mktemp("documents") / "a.space"
    ns.learn.texts(rows, path, encoder=StaticEncoder.from_space(words), passages=Passages(9, 3))
    ns.index_text(path, "text")
    return path


@pytest.mark.parametrize("verb", [ns.hybrid, ns.search_text, ns.search])
def test_every_search_gives_documents_with_passage_and_place(verb: Any, saved: Path) -> None:
    space = ns.open(saved)
    found: Neighbors = verb(space, "boat harbour", k=6, where="year >= 2010", documents=True)
    plain = verb(space, "boat harbour", k=len(space), where="year >= 2010")
    hits = found.hits()
    names = [hit.columns["document"] for hit in hits]
    assert len(names) == len(set(names)) == 6
    assert names == list(dict.fromkeys(hit.columns["document"] for hit in plain.hits()))[:6]
    for hit in hits:
        assert hit.key == f"{hit.columns['document']}#{hit.columns['passage']}"
        assert hit.columns["year"] >= 2010 and hit.columns["end"] > hit.columns["start"]
        if hit.match:
            begin, end = hit.match.highlights[0]
            assert hit.columns["text"][begin:end] in ("boat", "harbour")


@pytest.mark.parametrize("options", [[], ["--hybrid"], ["--text"]])
def test_the_command_gives_documents(options: list[str], saved: Path) -> None:
    arguments = ["search", str(saved), "boat harbour", "--documents", "-k", "5", "--json", *options]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.stderr
    hits = json.loads(result.stdout)["hits"]
    assert len({hit["document"] for hit in hits}) == len(hits) == 5
    result = CliRunner().invoke(main, ["nearest", str(saved), "d3", "--documents", "--json"])
    assert "d3" not in {hit["document"] for hit in json.loads(result.stdout)["hits"]}
