from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nearspace.evaluation import verb
from nearspace.evaluation.overlap import dice, spelled
from nearspace.evaluation.similarity import SimilaritySet, read
from nearspace.keys import Keys
from nearspace.space import Space

FORMATS = {
    "wordsim353": "# comment\n# Word 1\tWord 2\tHuman (mean)\nlove\tsex\t6.77\nnew york\tcity\t7.35\n",
    "wordsim353-combined": "Word 1,Word 2,Human (mean)\nlove,sex,6.77\nnew york,city,7.35\n",
    "wordsim353-raters": "Word 1,Word 2,Human (mean),1,2\nlove,sex,6.77,9,6\nnew york,city,7.35,9,7\n",
    "simlex999": (
        "word1\tword2\tPOS\tSimLex999\tconc(w1)\tconcQ\n"
        "love\tsex\tN\t6.77\t2.72\t2\nnew york\tcity\tN\t7.35\t3.5\t2\n"
    ),
    "simverb": "love\tsex\tV\t6.77\tSYNONYMS\nnew york\tcity\tV\t7.35\tNONE\n",
    "rare-words": "love\tsex\t6.77\t1\t2\t3\nnew york\tcity\t7.35\t0\t3\t4\n",
    "rg65": "love;sex;6.77\nnew york;city;7.35\n",
    "indexed": ",word1,word2,similarity\n0,love,sex,6.77\n1,new york,city,7.35\n",
    "swapped": "score,word2,word1\n6.77,sex,love\n7.35,city,new york\n",
    "quoted": '"love","sex","6.77"\n"new york","city",7.35\n',
}


@pytest.mark.parametrize("name", FORMATS)
def test_public_formats(name: str, tmp_path: Path) -> None:
    path = tmp_path / f"{name}.txt"
    path.write_text(FORMATS[name], encoding="utf-8")
    found = read(path)
    assert found == SimilaritySet(name, (("love", "sex"), ("new york", "city")), (6.77, 7.35))


def test_the_forms_of_men(tmp_path: Path) -> None:
    natural, lemma = tmp_path / "men.txt", tmp_path / "men-lemma.txt"
    natural.write_text("sun sunlight 50.0\nbright sun 48.0\n")
    lemma.write_text("sun-n sunlight-n 50.0\nbright-j sun-n 48.0\n")
    assert read(natural).pairs == read(lemma).pairs == (("sun", "sunlight"), ("bright", "sun"))


def ladder(steps: int) -> tuple[dict[str, list[float]], SimilaritySet]:
    """A word at angle 0 and others at growing angles, and gold scores that fall with the angle."""
    angles = np.linspace(0.1, 3, steps)
    vectors = {"base": [2.0, 0.0]} | {
        f"word{at}": [3 * np.cos(angle), 3 * np.sin(angle)] for at, angle in enumerate(angles)
    }
    pairs = tuple(("base", f"word{at}") for at in range(steps))
    return vectors, SimilaritySet("ladder", pairs, tuple(float(steps - at) for at in range(steps)))


@pytest.mark.parametrize("metric", ["cosine", "dot", "euclidean"])
def test_a_planted_order_is_found(metric: str, space_of) -> None:
    vectors, test = ladder(30)
    report = verb.words(space_of(vectors, metric=metric), similarity=test, samples=200)
    measure = report["ladder.spearman"]
    assert measure.value == measure.high == pytest.approx(1)
    assert (measure.n, measure.coverage) == (30, 1.0)
    assert measure.low > 0.95
    assert 0.9 < report["ladder.pearson"].value < 1
    backwards = SimilaritySet("ladder", test.pairs, tuple(-gold for gold in test.gold))
    turned = verb.words(space_of(vectors, metric=metric), similarity=backwards, samples=200)
    assert turned["ladder.spearman"].value == pytest.approx(-1)


def test_the_metric_of_the_space_scores(space_of) -> None:
    vectors = {"a": [1.0, 0], "b": [1.0, 0.2], "c": [9.0, 9.0], "d": [0.0, 1.0]}
    test = SimilaritySet("set", (("a", "b"), ("a", "c"), ("a", "d")), (2.0, 3.0, 1.0))
    rho = {
        metric: verb.words(space_of(vectors, metric=metric), similarity=test)["set.spearman"].value
        for metric in ("cosine", "dot", "euclidean")
    }
    assert rho["dot"] == pytest.approx(1)  # 1, 9, 0
    assert rho["cosine"] == pytest.approx(0.5)  # .98, .71, 0
    assert rho["euclidean"] == pytest.approx(-0.5)  # .2, 12, 1.4


def test_unknown_words_lower_coverage_only(space_of) -> None:
    vectors, test = ladder(10)
    more = SimilaritySet("ladder", (*test.pairs, ("base", "unheard"), ("of", "it")), (*test.gold, 3.0, 9.0))
    measure = verb.words(space_of(vectors), similarity=more)["ladder.spearman"]
    assert (measure.value, measure.n) == (pytest.approx(1), 10)
    assert measure.coverage == pytest.approx(10 / 12)


def test_words_are_found_as_written_then_in_lower_case_then_joined(space_of) -> None:
    vectors = {"Turkey": [1.0, 0.0], "turkey": [0.0, 1.0], "bird": [0.1, 1.0], "new_york": [1.0, 0.1]}
    test = SimilaritySet(
        "set", (("Turkey", "Bird"), ("TURKEY", "bird"), ("turkey", "New York")), (1.0, 3.0, 2.0)
    )
    report = verb.words(space_of(vectors), similarity=test)
    assert report["set.spearman"].coverage == 1.0
    assert report["set.spearman"].value == pytest.approx(0.75**0.5)  # .0995, .995, .0995: two tie


def test_random_vectors_are_worth_nothing(random_space) -> None:
    words = [f"w{at}" for at in range(120)]
    pairs = tuple((words[at], words[(at * 7 + 3) % 120]) for at in range(120))
    gold = tuple(np.random.default_rng(0).random(120).tolist())
    measure = verb.words(random_space(words), similarity=SimilaritySet("set", pairs, gold))["set.spearman"]
    assert measure.low < 0 < measure.high
    assert abs(measure.baseline["random"]) < 0.1  # a mean of 20 Spaces: deviation 1 / sqrt(20 * 119) = .02
    assert abs(measure.value - measure.baseline["random"]) < 0.3


def test_a_set_about_spelling_is_solved_by_the_character_baseline(random_space) -> None:
    words = ["walk", "walks", "walked", "talk", "stone", "zzz"]
    pairs = tuple((one, other) for one in words for other in words if one < other)
    gold = tuple(dice(one, other) for one, other in pairs)
    measure = verb.words(random_space(words), similarity=SimilaritySet("set", pairs, gold))["set.spearman"]
    assert measure.baseline["characters"] == pytest.approx(1)


def test_dice_by_hand() -> None:
    # <ab>: <a ab b> <ab ab>    <ac>: <a ac c> <ac ac>
    assert dice("ab", "AB") == 1.0
    assert dice("ab", "ac") == pytest.approx(2 * 1 / 10)
    assert dice("ab", "xy") == 0.0
    assert spelled(["ab", "AB", "xy"])[0].sum() == 5
    assert (spelled(["ab", "AB"])[0] == spelled(["ab", "AB"])[1]).all()


class Speller:
    """An encoder that places words of letters and refuses others."""

    kind = "speller"
    dim = 2
    fingerprint = "0"

    def encode(self, items):
        return np.array(
            [[len(item), 1.0] if item.isalpha() else [0.0, 0.0] for item in items], dtype=np.float32
        )

    def save(self, folder) -> None:
        raise NotImplementedError


def test_an_encoder_places_unseen_words_only_if_asked(space_of) -> None:
    vectors, test = ladder(10)
    pairs = (*test.pairs, ("base", "unseen"), ("base", "12"))
    more = SimilaritySet("ladder", pairs, (*test.gold, 3.0, 4.0))
    space = space_of(vectors, encoder=Speller())
    plain = verb.words(space, similarity=more)
    assert [measure.name for measure in plain] == ["ladder.spearman", "ladder.pearson"]
    assert plain["ladder.spearman"].n == 10
    placed = verb.words(space, similarity=more, oov=True)
    assert [measure.name for measure in placed] == ["ladder+oov.spearman", "ladder+oov.pearson"]
    assert placed["ladder+oov.spearman"].n == 11
    assert placed["ladder+oov.spearman"].coverage == pytest.approx(11 / 12)
    whole = verb.words(space, similarity=test, oov=True)  # nothing was unseen
    assert whole["ladder.spearman"].n == 10


@given(st.integers(0, 2**32))
@settings(max_examples=20, deadline=None)
def test_turning_and_scaling_a_space_change_nothing(seed: int) -> None:
    generator = np.random.default_rng(seed)
    words = [f"w{at}" for at in range(12)]
    vectors = generator.standard_normal((12, 5))
    turn, _ = np.linalg.qr(generator.standard_normal((5, 5)))
    pairs = tuple((words[at], words[at + 1]) for at in range(11))
    test = SimilaritySet("set", pairs, tuple(generator.random(11).tolist()))
    one = verb.words(Space(Keys(words), vectors.astype("f4")), similarity=test, samples=100)
    other = verb.words(Space(Keys(words), (3 * vectors @ turn).astype("f4")), similarity=test, samples=100)
    for left, right in zip(one, other, strict=True):
        assert left.value == pytest.approx(right.value, abs=1e-5)
