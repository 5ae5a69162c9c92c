from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.planted_events import groups, interactions, space_of

from nearspace.errors import InputError
from nearspace.evaluation.agreement import Difference, compare
from nearspace.evaluation.bootstrap import percentile, resampled, value_of
from nearspace.evaluation.families import load
from nearspace.evaluation.proportion import Share
from nearspace.evaluation.similarity import SimilaritySet
from nearspace.keys import Keys
from nearspace.space import Space


def judged(noise: float, seed: int, pairs: int = 150) -> tuple[Space, SimilaritySet]:
    """A Space in which pair i has cosine gold[i] plus noise."""
    generator = np.random.default_rng(seed)
    gold = np.random.default_rng(99).uniform(-0.8, 0.8, pairs)
    near = np.clip(gold + noise * generator.standard_normal(pairs), -1, 1)
    vectors = np.zeros((2 * pairs, 2), dtype=np.float32)
    vectors[:pairs, 0] = 1
    vectors[pairs:, 0], vectors[pairs:, 1] = near, np.sqrt(1 - near**2)
    words = [f"l{at}" for at in range(pairs)] + [f"r{at}" for at in range(pairs)]
    named = tuple((f"l{at}", f"r{at}") for at in range(pairs))
    return Space(Keys(words), vectors, name=f"noise{noise}"), SimilaritySet(
        "set", named, tuple(gold.tolist())
    )


def test_a_space_does_not_differ_from_itself() -> None:
    space, test = judged(0.3, 0)
    for measure in compare(space, space, similarity=test):
        assert (measure.value, measure.low, measure.high, measure.n) == (0.0, 0.0, 0.0, 150)
        assert measure.baseline["a"] == measure.baseline["b"]


def test_a_better_space_is_told_from_a_worse_and_from_an_equal_one() -> None:
    (good, test), (bad, _), (like, _) = judged(0.3, 0), judged(0.9, 1), judged(0.3, 2)
    report = compare(good, bad, similarity=test)
    assert report.space == "noise0.3 - noise0.9"
    better = report["set.spearman.difference"]
    assert better.low > 0
    assert better.value == pytest.approx(better.baseline["a"] - better.baseline["b"])
    same = compare(good, like, similarity=test)["set.spearman.difference"]
    assert same.low < 0 < same.high


def test_swapping_the_spaces_turns_the_interval_round() -> None:
    (one, test), (other, _) = judged(0.3, 0), judged(0.6, 1)
    there = compare(one, other, similarity=test)["set.pearson.difference"]
    back = compare(other, one, similarity=test)["set.pearson.difference"]
    assert (there.value, there.low, there.high) == pytest.approx((-back.value, -back.high, -back.low))


def test_only_what_both_know_is_compared() -> None:
    (one, test), (other, _) = judged(0.3, 0), judged(0.6, 1)
    kept = np.arange(10, 300)  # without the left words of ten pairs
    fewer = Space(Keys(other.keys.names(kept)), other.vectors[kept], name="fewer")
    measure = compare(one, fewer, similarity=test)["set.spearman.difference"]
    assert (measure.n, measure.coverage) == (140, pytest.approx(140 / 150))
    apart = Space(Keys(other.keys.names(range(150))), other.vectors[:150], name="left")
    with pytest.raises(InputError, match=r"set: 'noise0.3' and 'left' together can judge 0 of 150 pairs"):
        compare(one, apart, similarity=test)


def test_the_paired_interval_covers_the_truth_and_is_shorter_than_an_unpaired_one() -> None:
    """Two Spaces that share most of their errors: the truth is the difference on 20,000 pairs."""
    generator = np.random.default_rng(4)

    def figures(cases: int) -> tuple[Share, Share]:
        shared = generator.standard_normal(cases)
        right = [shared + 0.5 * generator.standard_normal(cases) > limit for limit in (-0.5, -0.3)]
        one, other = (Share(np.asarray(side, dtype=float), np.ones(cases), cases) for side in right)
        return one, other

    truth = value_of(Difference(*figures(400_000)))
    covered, shorter, trials = 0, 0, 200
    for _ in range(trials):
        pair = figures(150)
        difference = Difference(*pair)
        low, high = percentile(resampled(difference, generator, 300), value_of(difference))
        covered += low <= truth <= high
        single = [percentile(resampled(side, generator, 300), value_of(side)) for side in pair]
        shorter += high - low < np.hypot(*(end - start for start, end in single))
    assert 0.90 <= covered / trials <= 0.99
    assert shorter / trials > 0.95


def test_all_families_can_be_compared(random_space) -> None:
    words = list(dict.fromkeys([*load("categories", "nouns100").words, *load("outliers", "groups25").words]))
    words += ["Athens", "Greece", "Baghdad", "Iraq", "Bangkok", "Thailand"]
    one, other = random_space(words, seed=0), random_space(words, seed=1)
    report = compare(one, other, samples=100)
    assert {measure.name.split(".")[0] for measure in report} >= {"google", "nouns100", "groups25"}
    for measure in report:
        assert measure.name.endswith(".difference")
        assert measure.low <= measure.value <= measure.high


def test_figures_of_other_cases_cannot_be_subtracted() -> None:
    with pytest.raises(ValueError, match="different cases"):
        Difference(Share(np.ones(3), np.ones(3), 3), Share(np.ones(4), np.ones(4), 4))


def test_two_recommenders_are_compared_user_by_user() -> None:
    _, held, good = groups(seed=1)
    vectors = np.random.default_rng(0).standard_normal(good.vectors.shape).astype(np.float32)
    poor = replace(good, vectors=vectors, name="poor")
    same = compare(good, good, ranking=held, k=5, samples=100)
    assert {measure.name.split(".")[1] for measure in same} == {
        f"{name}@5" for name in ("recall", "ndcg", "map", "mrr", "coverage", "novelty", "popularity_lift")
    }
    for measure in same:
        assert measure.value == measure.low == measure.high == 0
        assert measure.n == 120 and measure.coverage == 1
    recall = compare(good, poor, ranking=held, samples=200)["held.recall@20.difference"]
    assert recall.low > 0.4 and recall.value == pytest.approx(recall.baseline["a"] - recall.baseline["b"])
    assert recall.baseline["a"] == 1


def test_recommenders_are_compared_on_events_that_both_can_judge() -> None:
    _, held, one = groups(seed=1)
    without = interactions([(f"u{user}", f"i{user % 60}") for user in range(1, 120)], "others")
    vectors = {name: [1.0] for name in (*without.items, *without.users)}
    other = space_of(without, vectors, vectors)
    recall = compare(one, other, ranking=held, samples=100)["held.recall@20.difference"]
    users = np.repeat(list(held.users), held.user_counts)
    items = np.array(list(held.items))[held.by_user.columns]
    both = [
        user != "u0" and int(user[1:]) % 60 != int(item[1:]) for user, item in zip(users, items, strict=True)
    ]
    assert recall.n == sum(both) and recall.coverage == pytest.approx(np.mean(both))
    strangers = space_of(interactions([("x", "i0"), ("x", "y")]), {"i0": [1], "y": [1]}, {"x": [1]})
    with pytest.raises(InputError, match=r"none of 120 events .* 'groups' and 'events' together"):
        compare(one, strangers, ranking=held, k=1)
