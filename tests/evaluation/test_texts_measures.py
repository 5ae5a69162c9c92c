"""Measures of texts on planted answers: what a Space that knows them gets, and what words get beside."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from numpy.typing import NDArray

import nearspace as ns
from nearspace.cli.main import main
from nearspace.data.passages import Passages
from nearspace.encoders.lexical import LexicalEncoder, LexicalSettings
from nearspace.errors import InputError, MissingInputError
from nearspace.evaluation.texts_sets import read_pairs, read_retrieval
from nearspace.evaluation.texts_words import Words
from nearspace.store.text_index import index_text

TOPICS = [f"topic{number}" for number in range(20)]


class Synonyms:
    """An encoder that knows that "wordN" and "topicN" mean the same; of other words it knows nothing."""

    kind, dim, fingerprint = "static", 20, "synonyms"

    def encode(self, items: Any) -> NDArray[np.float32]:
        vectors = np.zeros((len(items), 20), dtype=np.float32)
        for row, text in enumerate(items):
            for word in text.split():
                number = word.removeprefix("topic").removeprefix("word")
                if number.isdigit():
                    vectors[row, int(number)] += 1
        return vectors

    def save(self, folder: Path) -> None:
        pass


def texts(rows: dict[str, str], **columns: Any) -> ns.Space:
    encoder = Synonyms()
    values = {"text": np.array(list(rows.values()), dtype=object), **columns}
    return ns.Space(
        ns.Keys(rows), encoder.encode(list(rows.values())), columns=values, encoder=encoder, content="text"
    )


SPACE = texts({f"d{n}": f"about {topic}" for n, topic in enumerate(TOPICS)})


def test_a_space_that_knows_the_answers_beats_their_words() -> None:
    questions = [{"query": f"what is word{n}", "key": f"d{n}"} for n in range(20)]
    report = ns.measure.retrieval(SPACE, questions)
    for figure in ("ndcg@10", "recall@1", "recall@10", "mrr@10"):
        found = report[f"retrieval.{figure}"]
        assert found.value == 1 and found.n == 20 and found.coverage == 1
        assert found.baseline["bm25"] == found.baseline["tfidf"] == 0
    assert report["retrieval.recall@1"].baseline["random"] == 1 / 20
    assert report["retrieval.recall@10"].baseline["random"] == 1 / 2
    assert report["retrieval.mrr@10"].baseline["random"] == pytest.approx(
        sum(1 / r for r in range(1, 11)) / 20
    )
    assert 0.7 < report["retrieval.recall@1"].low < 1


def test_words_find_what_vectors_do_not() -> None:
    space = texts({f"d{n}": f"unique{n} topic0" for n in range(20)})
    report = ns.measure.retrieval(space, [{"query": f"unique{n} topic0", "key": f"d{n}"} for n in range(20)])
    found = report["retrieval.recall@1"]
    assert found.value == 1 / 20 and found.baseline["bm25"] == found.baseline["tfidf"] == 1
    report = ns.measure.retrieval(space, [{"query": f"unique{n}", "key": f"d{n}"} for n in range(20)])
    hybrid = report["retrieval.hybrid.recall@1"]  # none of these questions can be placed
    assert hybrid.value == 1 and hybrid.baseline["vectors"] == 0


def test_a_random_order_gets_what_is_said() -> None:
    rng = np.random.default_rng(1)
    space = texts({f"d{n}": f"about topic{n}" for n in range(20)})
    space = ns.Space(
        space.keys, rng.normal(size=(20, 20)).astype(np.float32), columns=space.columns,
        encoder=space.encoder, content="text",
    )  # fmt: skip
    questions = [
        {"query": f"{'topic1 ' * times}topic{n}", "key": f"d{key}", "grade": 1 + key % 3}
        for n in range(20) for times in range(30) for key in rng.choice(20, 3, replace=False)
    ]  # fmt: skip
    report = ns.measure.retrieval(space, questions, k=5, samples=100)
    for figure in ("ndcg@5", "recall@5", "mrr@5"):
        found = report[f"retrieval.{figure}"]
        assert found.value == pytest.approx(found.baseline["random"], abs=0.06)


def test_grades_order_and_questions_without_an_answer_here() -> None:
    questions = {
        "query": ["word1 word2", "word1 word2", "word3", "word4", "nothing known"],
        "key": ["d1", "d2", "elsewhere", "d4", "d5"],
        "grade": [1, 3, 1, 0, 1],
    }
    report = ns.measure.retrieval(SPACE, questions)
    found = report["retrieval.ndcg@10"]
    assert (found.n, found.coverage) == (2, 2 / 3)  # "word4" has nothing relevant at all
    order = (1 + 3 / np.log2(3)) / (3 + 1 / np.log2(3))
    assert found.value == pytest.approx(order / 2)  # what cannot be placed counts as not found


def test_keys_may_be_documents(tmp_path: Path) -> None:
    rows = [
        {"key": f"doc{n}", "text": " ".join([f"topic{n} is a thing."] * 9 + ["topic0 too."])}
        for n in range(20)
    ]
    ns.learn.texts(rows, tmp_path / "a.space", encoder="tfidf", passages=Passages(8, 2))
    space = ns.open(tmp_path / "a.space")
    questions = [{"query": f"topic{n}", "key": f"doc{n}"} for n in range(20)]
    found = ns.measure.retrieval(space, questions)["retrieval.recall@1"]
    assert found.value == 1 and found.baseline["random"] == 1 / 20
    with pytest.raises(InputError, match="none of the keys of retrieval, for example 'doc0'"):
        ns.measure.retrieval(space, questions, documents=False)


def test_bm25_is_that_of_the_text_index(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    rows = [{"key": str(n), "text": " ".join(rng.choice(TOPICS, rng.integers(2, 20)))} for n in range(60)]
    ns.learn.texts(rows, tmp_path / "a.space", encoder="tfidf", passages=None)
    index_text(tmp_path / "a.space", "text")
    space = ns.open(tmp_path / "a.space")
    words = Words(row["text"] for row in rows)
    for query in ("topic1 topic2", "topic3", "topic7 topic8 topic9"):
        found = ns.search_text(space, query, k=60)
        rows_found = found.rows[0][found.rows[0] >= 0]
        np.testing.assert_allclose(
            words.bm25(query)[rows_found], found.scores[0][: len(rows_found)], rtol=1e-3
        )


def test_tfidf_is_that_of_the_encoder() -> None:
    rows = ["a cat sat", "a dog sat sat", "the sea and the ship", "a ship"]
    encoder = LexicalEncoder.fit(rows, LexicalSettings("tfidf", min_texts=1))
    np.testing.assert_allclose(
        Words(rows).tfidf("ship cat sat"),
        encoder.encode(rows) @ encoder.encode(["ship cat sat"])[0],
        atol=1e-6,
    )


def test_pairs_are_ranked_as_people_did() -> None:
    table = [
        {"sentence1": f"word{n}", "sentence2": f"topic{n if close else (n + 7) % 20}", "score": close}
        for n in range(20) for close in (0, 5)
    ]  # fmt: skip
    report = ns.measure.pairs(Synonyms(), table)
    found = report["pairs.spearman"]
    assert found.value == pytest.approx(1) and found.n == 40
    assert found.baseline["tfidf"] == 0 and abs(found.baseline["random"]) < 0.2
    assert ns.measure.pairs(SPACE, table)["pairs.pearson"].value == pytest.approx(1)


def test_pairs_that_cannot_be_placed_lower_the_coverage() -> None:
    table = [("word1", "topic1", 5), ("word2", "topic3", 0), ("topic4", "word4", 4.5), ("known", "topic1", 3)]
    report = ns.measure.pairs(
        Synonyms(), [dict(zip("abc", row, strict=True)) for row in table], columns="abc"
    )
    assert report["pairs.spearman"].n == 3 and report["pairs.spearman"].coverage == 0.75
    with pytest.raises(InputError, match="0 of 3 pairs can be placed"):
        ns.measure.pairs(Synonyms(), {"text1": ["x"] * 3, "text2": ["y"] * 3, "score": [1, 2, 3]})


def test_files_with_and_without_a_header(tmp_path: Path) -> None:
    (tmp_path / "sts.csv").write_text('"A b, c",d,2.5\ne,"f ""g""",0\nh,i,1\n', "utf-8")
    (tmp_path / "named.tsv").write_text("id\tscore\ttext2\ttext1\n7\t1.5\tb\ta\n", "utf-8")
    found = read_pairs(tmp_path / "sts.csv")
    assert (found.name, found.left, found.right, found.gold) == (
        "sts", ("A b, c", "e", "h"), ("d", 'f "g"', "i"), (2.5, 0, 1),
    )  # fmt: skip
    assert read_pairs(tmp_path / "named.tsv").left == ("a",)
    (tmp_path / "two.csv").write_text("sentence1,other\na,b\n", "utf-8")
    with pytest.raises(InputError, match=r"no column 'sentence2'"):
        read_pairs(tmp_path / "two.csv")
    (tmp_path / "bad.csv").write_text("sentence1,sentence2,score\na,b,much\n", "utf-8")
    with pytest.raises(InputError, match=r"bad, pair 1: expected two texts and a finite number"):
        read_pairs(tmp_path / "bad.csv")


def test_a_folder_as_beir_has_them(tmp_path: Path) -> None:
    (tmp_path / "qrels").mkdir()
    lines = [json.dumps({"_id": f"q{n}", "text": f"word{n}"}) for n in range(3)]
    (tmp_path / "queries.jsonl").write_text("\n".join(lines), "utf-8")
    for split, key in (("train", "d9"), ("test", "d1")):
        text = f"query-id\tcorpus-id\tscore\nq1\t{key}\t1\nq2\td2\t0\n"
        (tmp_path / "qrels" / f"{split}.tsv").write_text(text, "utf-8")
    found = read_retrieval(tmp_path)
    assert (found.queries, found.relevant) == (("word1",), ({"d1": 1.0},))
    (tmp_path / "queries.jsonl").write_text(lines[0], "utf-8")
    with pytest.raises(InputError, match="query 'q1' is not in"):
        read_retrieval(tmp_path)
    with pytest.raises(MissingInputError, match=r"queries\.jsonl"):
        read_retrieval(tmp_path / "qrels")


def test_two_spaces_are_compared_on_the_same_cases() -> None:
    blind = ns.Space(
        SPACE.keys, np.roll(SPACE.vectors, 1, axis=0), columns=SPACE.columns, encoder=SPACE.encoder,
        content="text",
    )  # fmt: skip
    questions = [{"query": f"word{n}", "key": f"d{n}"} for n in range(20)]
    found = ns.measure.compare(SPACE, blind, retrieval=questions)["retrieval.recall@1.difference"]
    assert (found.value, found.baseline["a"], found.baseline["b"], found.n) == (1, 1, 0, 20)
    pairs = {
        "text1": ["word1", "word2", "word3"],
        "text2": ["topic1", "topic4", "topic3"],
        "score": [3, 1, 3],
    }
    found = ns.measure.compare(SPACE, SPACE, pairs=pairs)["pairs.spearman.difference"]
    assert (found.value, found.low, found.high) == (0, 0, 0)


def test_the_command_measures_texts(tmp_path: Path) -> None:
    rows = [{"key": f"d{n}", "text": f"about topic{n}"} for n in range(20)]
    ns.learn.texts(rows, tmp_path / "a.space", encoder="tfidf", passages=None)
    (tmp_path / "asked.tsv").write_text(
        "query\tkey\n" + "".join(f"topic{n}\td{n}\n" for n in range(9)), "utf-8"
    )
    (tmp_path / "sts.tsv").write_text(
        "about topic1\ttopic1\t5\ntopic2\ttopic3\t0\ntopic4\ttopic4\t5\n", "utf-8"
    )
    for option, file, name in (
        ("--retrieval", "asked.tsv", "asked.ndcg@3"),
        ("--pairs", "sts.tsv", "sts.pearson"),
    ):
        arguments = ["measure", str(tmp_path / "a.space"), option, str(tmp_path / file), "-k", "3", "--json"]
        result = CliRunner().invoke(main, [*arguments, "--save"])
        assert result.exit_code == 0, result.stderr
        assert {one["name"]: one["value"] for one in json.loads(result.stdout)["measures"]}[name] > 0.9
        assert (tmp_path / "a.space" / "reports" / f"{option[2:]}.json").exists()
    result = CliRunner().invoke(main, ["measure", str(tmp_path / "a.space"), "--pairs", "no.csv"])
    assert result.exit_code == 2
