from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nearspace.evaluation import verb
from nearspace.evaluation.outliers import Group, OutlierSet, positions, read


def planted(noise: float, groups: int = 8, seed: int = 0):
    generator = np.random.default_rng(seed)
    vectors, made = {}, []
    for group in range(groups):
        centre = generator.standard_normal(30)
        members = tuple(f"g{group}m{at}" for at in range(8))
        outliers = tuple(f"g{group}o{at}" for at in range(8))
        for word in members:
            vectors[word] = centre + noise * generator.standard_normal(30)
        for word in outliers:
            vectors[word] = generator.standard_normal(30)
        made.append(Group(f"group{group}", members, outliers))
    return vectors, OutlierSet("planted", tuple(made))


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_planted_outliers_are_all_found(metric: str, space_of) -> None:
    vectors, test = planted(0.3)
    report = verb.words(space_of(vectors, metric=metric), outliers=test)
    for name in ("accuracy", "opp"):
        measure = report[f"planted.{name}"]
        assert (measure.value, measure.high, measure.n, measure.coverage) == (1.0, 1.0, 64, 1.0)
        assert 0.9 < measure.low < 1.0
    assert report["planted.accuracy"].baseline["random"] == pytest.approx(1 / 9)
    assert report["planted.opp"].baseline["random"] == 0.5


def test_random_vectors_reach_the_random_baseline(random_space) -> None:
    _, test = planted(0.3, groups=60)
    report = verb.words(random_space(list(test.words)), outliers=test)
    for name in ("accuracy", "opp"):
        measure = report[f"planted.{name}"]
        assert measure.value == pytest.approx(measure.baseline["random"], abs=0.06)
        assert measure.low <= measure.baseline["random"] <= measure.high


def test_positions_by_hand() -> None:
    # members a, b, c; outliers x (nearest to c) and y (equal to all)
    near = np.array(
        [
            [1.0, 0.9, 0.1, 0.0, 0.5],
            [0.9, 1.0, 0.2, 0.1, 0.5],
            [0.1, 0.2, 1.0, 0.6, 0.5],
            [0.0, 0.1, 0.6, 1.0, 9.9],
            [0.5, 0.5, 0.5, 9.9, 1.0],
        ]
    )
    # with x: a .9+.1+.0=1.0, b .9+.2+.1=1.2, c .1+.2+.6=.9, x .0+.1+.6=.7  -> x is last: position 3
    # with y: a .9+.1+.5=1.5, b 1.6, c .8, y 1.5 -> b is before y, a ties, c is after: position 1.5
    assert positions(near, 3).tolist() == [3.0, 1.5]


def test_unknown_members_and_outliers(space_of) -> None:
    vectors, test = planted(0.3, groups=3)
    few = {word: vector for word, vector in vectors.items() if word not in ("g0m0", "g0o0")}
    few = {word: vector for word, vector in few.items() if not (word[:3] == "g1m" and word > "g1m1")}
    report = verb.words(space_of(few), outliers=test)
    measure = report["planted.accuracy"]
    assert (measure.value, measure.n) == (1.0, 7 + 8)  # group 1 has two known members: left out
    assert measure.coverage == pytest.approx(15 / 24)
    assert measure.baseline["random"] == pytest.approx((7 / 8 + 8 / 9) / 15)


def test_spelling_alone_finds_words_of_other_letters(random_space) -> None:
    group = Group("walk", ("walk", "walks", "walked", "walking"), ("zebra", "quiz"))
    test = OutlierSet("stems", (group,))
    report = verb.words(random_space(list(test.words)), outliers=test)
    assert report["stems.accuracy"].baseline["characters"] == 1.0


def test_formats(tmp_path: Path) -> None:
    members, outliers = ("tiger", "lion", "Big_Cat's"), ("dog", "day")
    (tmp_path / "lists.csv").write_text(
        ",category,outliers,words\n"
        "0,Big_cats,\"['dog', 'day', '']\",\"['tiger', 'lion', \"\"Big_Cat's\"\"]\"\n"
    )
    (tmp_path / "plain.csv").write_text("group,words,outliers\nBig_cats,tiger lion Big_Cat's,dog day\n")
    assert read(tmp_path / "lists.csv") == OutlierSet("lists", (Group("Big_cats", members, outliers),))
    assert read(tmp_path / "plain.csv") == OutlierSet("plain", (Group("Big_cats", members, outliers),))
    (tmp_path / "8-8-8").mkdir()
    (tmp_path / "8-8-8" / "Big_cats.txt").write_text("tiger\nlion\nBig_Cat's\n\ndog\nday\n")
    assert read(tmp_path / "8-8-8") == OutlierSet("8-8-8", (Group("Big_cats", members, outliers),))
