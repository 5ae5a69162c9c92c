import json
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nearspace as ns
from nearspace.encoders.static import StaticEncoder
from nearspace.errors import DimensionError, InputError, SettingError
from nearspace.results import Hit, Match
from nearspace.search.hybrid import fuse

PROJECT = Path(__file__).resolve().parents[2]

TOPICS = {
    "sea": ["boat", "ship", "harbour", "sailor", "wave"],
    "sky": ["plane", "pilot", "cloud", "airport", "wing"],
    "soil": ["plough", "farmer", "field", "wheat", "barn"],
}


def words():
    rng = np.random.default_rng(3)
    names, vectors = [], []
    for number, listed in enumerate(TOPICS.values()):
        centre = np.eye(6)[number] * 3
        names += listed
        vectors += [centre + rng.normal(scale=0.3, size=6) for _ in listed]
    return ns.Space(ns.Keys(names), np.array(vectors, dtype=np.float32))


def articles():
    """One article for each pair of words of a topic; the third word of it stands in the article's title."""
    rows = []
    for topic, listed in TOPICS.items():
        for one in listed:
            for other in listed:
                if one < other:
                    rows.append((f"{one}-{other}", f"The {one} and the {other}.", topic))
    return rows


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    rows = articles()
    encoder = StaticEncoder.from_space(words())
    columns = {
        "text": np.array([text for _, text, _ in rows], dtype=object),
        "topic": np.array([topic for *_, topic in rows], dtype=object),
    }
    space = ns.Space(
        ns.Keys(key for key, *_ in rows),
        encoder.encode([text for _, text, _ in rows]),
        columns=columns,
        encoder=encoder,
        content="text",
    )
    path = tmp_path_factory.mktemp("hybrid") / "articles.space"
    ns.save(space, path)
    ns.index_text(path, "text")
    return path


def test_words_first_then_what_is_meant(saved):
    space = ns.open(saved)
    found = ns.hybrid(space, "boat harbour", k=12)
    assert found.keys[0][0] == "boat-harbour"
    hits = found.hits()
    topics = [hit.columns["topic"] for hit in hits]
    assert topics[:10] == ["sea"] * 10  # three of them have neither word
    first, last = hits[0], hits[9]
    assert first.match.ranks["text"] == 1 and "vector" in first.match.ranks
    assert first.match.snippet == "The «boat» and the «harbour»."
    assert set(last.match.ranks) == {"vector"} and last.match.highlights == ()


def test_scores_are_the_fused_ranks_of_the_two_lists(saved):
    space = ns.open(saved)
    for question in ("boat harbour", "pilot", '"the barn" field'):
        text = ns.search_text(space, question, k=100).rows[0]
        vector = ns.nearest(space, space.encoder.encode([question.replace('"', " ")]), k=100).rows[0]
        lists = {"text": text[text >= 0], "vector": vector[vector >= 0]}
        for weights in ((1.0, 1.0), (2.0, 0.5)):
            found = ns.hybrid(space, question, k=8, weights=weights)
            wanted = {}
            for rows, weight in zip(lists.values(), weights, strict=True):
                for place, row in enumerate(rows.tolist(), 1):
                    wanted[row] = wanted.get(row, 0.0) + weight / (60 + place)
            order = sorted(wanted, key=lambda row: (-wanted[row], row))[:8]
            assert found.rows[0].tolist() == order
            assert np.allclose(found.scores[0], [wanted[row] for row in order])
            for row, hit in zip(order, found.hits(), strict=True):
                ranks = {name: rows.tolist().index(row) + 1 for name, rows in lists.items() if row in rows}
                assert hit.match.ranks == ranks


@given(
    st.lists(st.integers(0, 30), unique=True, max_size=20),
    st.lists(st.integers(0, 30), unique=True, max_size=20),
    st.integers(1, 40),
    st.tuples(st.floats(0, 3), st.floats(0, 3)),
)
def test_fusing(one, other, k, weights):
    lists = {"text": np.array(one, dtype=np.int64), "vector": np.array(other, dtype=np.int64)}
    rows, scores, ranks = fuse(lists, weights, k)
    assert len(rows) == len(scores) == len(ranks) == min(k, len({*one, *other}))
    assert len(set(rows.tolist())) == len(rows)
    for row, score, places in zip(rows.tolist(), scores.tolist(), ranks, strict=True):
        assert places == {
            name: found.tolist().index(row) + 1 for name, found in lists.items() if row in found
        }
        shares = zip(weights, ("text", "vector"), strict=True)
        assert score == pytest.approx(sum(w / (60 + places[name]) for w, name in shares if name in places))
    order = list(zip((-scores).tolist(), rows.tolist(), strict=True))
    assert order == sorted(order)
    again = fuse(dict(reversed(lists.items())), weights[::-1], k)
    assert np.allclose(again[1], scores)


@pytest.mark.parametrize("where", ["topic = 'sky'", "topic = 'sky' AND key = 'cloud-wing'", "topic = 'none'"])
def test_a_filter_gives_min_k_matching(saved, where):
    space = ns.open(saved)
    mask = space.origin.matching(where)
    found = ns.hybrid(space, "boat cloud", k=20, where=where)
    rows = found.rows[0][found.rows[0] >= 0]
    assert len(rows) == min(20, mask.sum()) and mask[rows].all()
    assert found.rows.shape == (1, 20)


def test_given_vectors_and_several_questions(saved):
    space = ns.open(saved)
    farm = space["field-plough"]
    found = ns.hybrid(space, "boat", k=30, vector=farm)
    vector = sorted((hit.match.ranks["vector"], hit.columns["topic"]) for hit in found.hits())
    assert [topic for _, topic in vector[:10]] == ["soil"] * 10
    both = ns.hybrid(space, ["boat", "wheat"], k=5, vector=np.stack([farm, farm]))
    assert both.rows.shape == (2, 5)
    assert both.rows[0].tolist() == found.rows[0, :5].tolist()
    with pytest.raises(DimensionError, match="2 questions came with 1 vectors"):
        ns.hybrid(space, ["boat", "wheat"], vector=farm)
    with pytest.raises(DimensionError):
        ns.hybrid(space, "boat", vector=farm[:3])


def test_one_list_alone(saved):
    space = ns.open(saved)
    by_words = ns.hybrid(space, "boat cloud", k=30, weights=(1, 0))
    assert by_words.rows.tolist() == ns.search_text(space, "boat cloud", k=30).rows.tolist()
    by_vectors = ns.hybrid(space, "boat cloud", k=30, weights=(0, 1))
    assert (
        by_vectors.rows.tolist()
        == ns.nearest(space, space.encoder.encode(["boat cloud"]), k=30).rows.tolist()
    )


def test_what_the_encoder_cannot_place_is_found_by_its_words(saved):
    space = ns.open(saved)
    found = ns.hybrid(space, "bost", k=4, fuzzy="auto")
    assert all("boat" in key for key in found.keys[0]) and len(found.keys[0]) == 4
    assert all(set(match.ranks) == {"text"} for match in found.matches[0])
    assert ns.hybrid(space, "zzzz").keys == [[]]


def test_words_that_are_keys_have_no_say_in_a_space_of_texts(tmp_path):
    encoder = StaticEncoder.from_space(words())
    found = ["the boat and the ship", "the plane and the pilot"]
    space = ns.Space(
        ns.Keys(["plane", "boat"]),
        encoder.encode(found),
        columns={"text": np.array(found, dtype=object)},
        encoder=encoder,
        content="text",
    )
    ns.save(space, tmp_path / "a.space")
    ns.index_text(tmp_path / "a.space", "text")
    assert ns.hybrid(ns.open(tmp_path / "a.space"), "boat ship", weights=(0, 1)).keys[0][0] == "plane"


def test_a_space_of_words_is_asked_by_its_own_vectors(tmp_path):
    ns.save(words(), tmp_path / "a.space")
    ns.index_text(tmp_path / "a.space", "key")
    space = ns.open(tmp_path / "a.space")
    with pytest.raises(InputError, match="has no encoder"):
        ns.hybrid(space, "boat")
    found = ns.hybrid(space, "boat", vector=space["boat"], k=5)
    assert found.keys[0][0] == "boat" and set(found.keys[0]) == set(TOPICS["sea"])


@pytest.mark.parametrize(
    "given",
    [
        {"depth": 0},
        {"depth": 1.5},
        {"weights": (0, 0)},
        {"weights": (-1, 1)},
        {"weights": (1, np.nan)},
        {"k": 0},
        {"fuzzy": 3},
    ],
)
def test_settings_that_are_refused(saved, given):
    with pytest.raises(SettingError):
        ns.hybrid(ns.open(saved), "boat", **given)


def test_hits_as_json(saved):
    (answer,) = ns.hybrid(ns.open(saved), "boat", k=2).to_json()
    assert answer["query"] == "boat"
    hit = answer["hits"][0]
    assert hit["text"][slice(*hit["highlights"][0])] == "boat"
    assert json.loads(json.dumps(answer)) == answer
    assert Hit("a", 0.5, {"year": 1}).to_json() == {"key": "a", "score": 0.5, "year": 1}
    match = Match("text", ((0, 1),), "«a»", {"text": 1})
    assert Hit("a", 0.5, {}, match).to_json() == {
        "key": "a",
        "score": 0.5,
        "highlights": [[0, 1]],
        "snippet": "«a»",
        "ranks": {"text": 1},
    }


def test_the_example_of_the_page_runs(tmp_path, monkeypatch, capsys):
    page = (PROJECT / "docs" / "hybrid.md").read_text("utf-8")
    monkeypatch.chdir(tmp_path)
    exec(
        compile(
            re.findall(r"^```python\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)[0], "hybrid.md", "exec"
        ),
        {},
    )
    assert capsys.readouterr().out.splitlines() == [
        "[['d', 'b']]",
        "[['b']]",
        "A boat in the «harbour» of «Genève»",
        "b {'text': 1, 'vector': 1} A «boat» in the harbour of Genève",
        "a {'vector': 2} The ship has left.",
        "c {'vector': 3} A plane at the airport",
    ]
    (hit,) = re.findall(r"^```json\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    shown = ns.hybrid(ns.open("articles.space"), "boat", k=1).to_json()[0]["hits"][0]
    assert list(json.loads(hit)) == list(shown)
    assert json.loads(hit) == {**shown, "score": round(shown["score"], 3)}
