from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nearspace.evaluation import verb
from nearspace.evaluation.analogies import AnalogySet, Question, Section, read
from nearspace.evaluation.answers import Answers, frequent
from nearspace.keys import Keys
from nearspace.space import Space

METHODS = ("3cosadd", "3cosmul")


def crossed(name: str, pairs: list[tuple[str, str]], kind: str = "") -> Section:
    asked = [Question(*one, other[0], (other[1],)) for one in pairs for other in pairs if one != other]
    return Section(name, kind, tuple(asked))


def parallelograms(
    relations: int = 3, pairs: int = 8, dim: int = 60, seed: int = 0
) -> tuple[Space, AnalogySet]:
    """Pairs (x, x + r) with one r a relation, all directions nearly orthogonal, and as many other words."""
    generator = np.random.default_rng(seed)
    names: list[str] = []
    vectors: list[np.ndarray] = []
    sections = []
    for relation in range(relations):
        offset = generator.standard_normal(dim)
        couples = []
        for at in range(pairs):
            base = generator.standard_normal(dim)
            couples.append((f"r{relation}a{at}", f"r{relation}b{at}"))
            names += couples[-1]
            vectors += [base, base + offset]
        sections.append(crossed(f"relation{relation}", couples, "semantic" if relation else "syntactic"))
    names += [f"other{at}" for at in range(len(names))]
    vectors += list(generator.standard_normal((len(vectors), dim)))
    return Space(Keys(names), np.array(vectors, dtype=np.float32)), AnalogySet("planted", tuple(sections))


@pytest.mark.parametrize("method", METHODS)
def test_planted_parallelograms_are_all_solved(method: str) -> None:
    space, test = parallelograms()
    report = verb.words(space, analogies=test, method=method, samples=200)
    assert [measure.name for measure in report] == [
        "planted.accuracy",
        "planted.syntactic.accuracy",
        "planted.semantic.accuracy",
        *(f"planted.relation{at}.accuracy" for at in range(3)),
    ]
    assert {measure.value for measure in report} == {1.0}
    total = report["planted.accuracy"]
    assert (total.n, total.coverage, total.high) == (3 * 8 * 7, 1.0, 1.0)
    assert 0.9 < total.low < 1.0
    assert total.baseline["random"] == pytest.approx(1 / (96 - 3))
    assert [report[f"planted.{kind}.accuracy"].n for kind in ("syntactic", "semantic")] == [56, 112]


def test_shuffled_vectors_solve_nothing() -> None:
    space, test = parallelograms()
    mixed = Space(space.keys, np.random.default_rng(1).permutation(space.vectors))
    measure = verb.words(mixed, analogies=test, samples=200)["planted.accuracy"]
    assert measure.value < 0.06
    assert measure.low <= measure.baseline["random"] <= measure.high


def test_only_c_shows_what_needs_no_analogy() -> None:
    """When d is simply next to c, the offset is not needed, and the baseline says so."""
    generator = np.random.default_rng(0)
    names, vectors, pairs = [], [], []
    for at in range(10):
        base = generator.standard_normal(30)
        pairs.append((f"a{at}", f"b{at}"))
        names += pairs[-1]
        vectors += [base, base + 0.1 * generator.standard_normal(30)]
    space = Space(Keys(names), np.array(vectors, dtype=np.float32))
    measure = verb.words(space, analogies=AnalogySet("near", (crossed("all", pairs),)))["near.accuracy"]
    assert measure.value == measure.baseline["only_c"] == 1.0


@pytest.mark.parametrize("candidates", [np.arange(41), np.arange(0, 60, 2)])
@pytest.mark.parametrize("method", [*METHODS, "only_c"])
def test_answers_equal_a_brute_force_search(method: str, candidates: np.ndarray) -> None:
    generator = np.random.default_rng(2)
    vectors = generator.standard_normal((60, 6)).astype(np.float32)
    answers = Answers(Space(Keys([f"w{at}" for at in range(60)]), vectors), candidates)
    questions = np.array([generator.choice(candidates, 3, replace=False) for _ in range(80)])
    found = answers.nearest_to_c(questions) if method == "only_c" else answers.solve(questions, method)
    unit = vectors.astype(np.float64) / np.linalg.norm(vectors, axis=1, keepdims=True)
    near = unit @ unit.T
    for (a, b, c), answer in zip(questions, found, strict=True):
        if method == "3cosadd":
            score = near[b] - near[a] + near[c]
        elif method == "3cosmul":
            score = (near[b] + 1) / 2 * (near[c] + 1) / 2 / ((near[a] + 1) / 2 + 0.001)
        else:
            score = near[c]
        allowed = [row for row in candidates if row not in (a, b, c)]
        assert answer == max(allowed, key=lambda row: score[row])


def test_without_a_candidate_there_is_no_answer() -> None:
    space, _ = parallelograms(1, 2)
    answers = Answers(space, np.arange(3))
    assert answers.solve(np.array([[0, 1, 2]]), "3cosadd").tolist() == [-1]
    assert answers.nearest_to_c(np.array([[0, 1, 2]])).tolist() == [-1]


def test_restrict_takes_the_most_frequent_words() -> None:
    space, test = parallelograms(2, 6)
    assert frequent(space, 4).tolist() == [0, 1, 2, 3]
    assert frequent(space, None).tolist() == list(range(48))
    counts = np.arange(48)  # the last rows are the most frequent, as after training went on
    counted = Space(space.keys, space.vectors, columns={"count": counts})
    assert frequent(counted, 3).tolist() == [45, 46, 47]
    tied = Space(space.keys, space.vectors, columns={"count": np.ones(48, dtype=np.int64)})
    assert frequent(tied, 3).tolist() == [0, 1, 2]

    report = verb.words(space, analogies=test, restrict=14, samples=200)
    # the first 14 rows hold all of relation 0 and one pair of relation 1, which makes no question
    assert [measure.name for measure in report][-1] == "planted.relation0.accuracy"
    total = report["planted.accuracy"]
    assert (total.value, total.n, total.coverage) == (1.0, 30, 0.5)
    assert total.baseline["random"] == pytest.approx(1 / 11)


def test_words_are_looked_up_in_lower_case() -> None:
    space, test = parallelograms(1, 5)
    shouting = tuple(
        Question(q.a.upper(), q.b.upper(), q.c.upper(), (q.answers[0].upper(),))
        for q in test.sections[0].questions
    )
    report = verb.words(space, analogies=AnalogySet("loud", (Section("all", "", shouting),)))
    assert report["loud.accuracy"].value == 1.0


def test_any_accepted_answer_counts_and_unknown_ones_do_not() -> None:
    space, test = parallelograms(1, 5)
    asked = test.sections[0].questions
    more = tuple(Question(q.a, q.b, q.c, ("unheard", q.answers[0])) for q in asked)
    report = verb.words(space, analogies=AnalogySet("more", (Section("all", "", more),)))
    assert (report["more.accuracy"].value, report["more.accuracy"].coverage) == (1.0, 1.0)
    wrong = tuple(Question(q.a, q.b, q.c, ("unheard", "other0")) for q in asked)
    report = verb.words(space, analogies=AnalogySet("wrong", (Section("all", "", wrong),)))
    assert report["wrong.accuracy"].value == 0.0


def test_a_file_of_questions(tmp_path: Path) -> None:
    path = tmp_path / "Questions.txt"
    path.write_text(
        ": capital\nParis France  Rome Italy\n\n: gram1-x\na b c d\ne f g h\n: capital\nA B C D\n"
    )
    found = read(path)
    assert (found.name, found.total) == ("questions", 4)
    assert [(section.name, section.kind, len(section.questions)) for section in found.sections] == [
        ("capital", "semantic", 2),
        ("gram1-x", "syntactic", 2),
    ]
    assert found.sections[0].questions[0] == Question("Paris", "France", "Rome", ("Italy",))
    path.write_text("a b c d\n")
    assert [(section.name, section.kind) for section in read(path).sections] == [("questions", "")]


def test_a_folder_of_pairs(tmp_path: Path) -> None:
    for folder, file, text in (
        ("1_Inflectional_morphology", "I01 [noun - plural].txt", "album\talbums\narea\tareas\n"),
        ("3_Encyclopedic_semantics", "E01 [country - capital].txt", "x\ty/z\nv\tw\n\nt\tu\n"),
        ("readme", "E02.txt", "lonely\tpair\n"),
    ):
        (tmp_path / "BATS" / folder).mkdir(parents=True)
        (tmp_path / "BATS" / folder / file).write_text(text)
    found = read(tmp_path / "BATS")
    assert found.name == "bats"
    assert [(section.name[:3], section.kind, len(section.questions)) for section in found.sections] == [
        ("I01", "syntactic", 2),
        ("E01", "semantic", 6),
    ]
    assert found.sections[1].questions[:2] == (
        Question("x", "y", "v", ("w",)),
        Question("x", "y", "t", ("u",)),
    )
    assert found.sections[1].questions[2].answers == ("y", "z")
