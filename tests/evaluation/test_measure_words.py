from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nearspace.errors import InputError, SettingError
from nearspace.evaluation import verb
from nearspace.evaluation.families import load
from nearspace.evaluation.similarity import SimilaritySet
from nearspace.protocols import Quiet
from nearspace.results import Report
from nearspace.space import Space


class Notes(Quiet):
    """A Progress that keeps what it is told."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def note(self, message: str) -> None:
        self.lines.append(message)


def packaged_words() -> list[str]:
    words: dict[str, None] = {}
    for family, name in (("similarity", "wordsim353"), ("categories", "nouns100"), ("outliers", "groups25")):
        words.update(dict.fromkeys(word.lower() for word in load(family, name).words))
    google = load("analogies", "google").words[:60]
    return list(words | dict.fromkeys(word.lower() for word in google))


@pytest.fixture
def space(random_space) -> Space:
    return random_space(packaged_words(), name="drawn")


def as_figures(report: Report) -> dict[str, object]:
    return {measure.name: measure for measure in report}


def test_the_packaged_sets_show_all_four_families_with_their_evidence(space: Space) -> None:
    report = verb.words(space, samples=100)
    assert report.space == "drawn"
    names = [measure.name for measure in report]
    assert len(set(names)) == len(names)
    assert {name.split(".")[0] for name in names} == {"wordsim353", "google", "nouns100", "groups25"}
    baselines = {
        "spearman": {"random", "characters"},
        "pearson": {"random", "characters"},
        "accuracy": {"random", "only_c"},
        "purity": {"random", "characters"},
    }
    for measure in report:
        assert measure.low <= measure.value <= measure.high
        assert measure.low < measure.high
        assert 0 < measure.coverage <= 1
        assert measure.n >= 1
        if not measure.name.startswith("groups25"):
            assert set(measure.baseline) == baselines[measure.name.split(".")[-1]]
    assert report["wordsim353.spearman"].coverage == 1.0
    assert report["google.accuracy"].coverage < 0.1
    assert {"value", "low", "high", "baseline", "n", "coverage", "name"} == set(
        report.to_json()["measures"][0]
    )


def test_the_same_seed_gives_the_same_report_and_another_seed_other_intervals(space: Space) -> None:
    one = verb.words(space, samples=100, seed=5)
    assert one == verb.words(space, samples=100, seed=5)
    other = verb.words(space, samples=100, seed=6)
    first, second = one["wordsim353.spearman"], other["wordsim353.spearman"]
    assert first.value == second.value
    assert (first.low, first.high, first.baseline["random"]) != (
        second.low,
        second.high,
        second.baseline["random"],
    )


def test_a_set_measures_the_same_alone_and_in_company(space: Space) -> None:
    whole = as_figures(verb.words(space, samples=100))
    alone = verb.words(space, samples=100, outliers="groups25", similarity=["wordsim353"])
    assert [measure.name for measure in alone] == [
        "wordsim353.spearman",
        "wordsim353.pearson",
        "groups25.accuracy",
        "groups25.opp",
    ]
    for measure in alone:
        assert measure == whole[measure.name]


def test_sets_from_files_and_from_python(space: Space, tmp_path: Path) -> None:
    packaged = load("similarity", "wordsim353")
    path = tmp_path / "copy.tsv"
    lines = [
        f"{one}\t{other}\t{gold}" for (one, other), gold in zip(packaged.pairs, packaged.gold, strict=True)
    ]
    path.write_text("\n".join(lines))
    report = verb.words(space, similarity=["wordsim353", path], samples=100)
    assert report["copy.spearman"].value == report["wordsim353.spearman"].value
    assert verb.words(space, similarity=str(path), samples=100)["copy.spearman"] == report["copy.spearman"]
    assert verb.words(space, similarity=packaged, samples=100)["wordsim353.pearson"].n == 353


def test_packaged_sets_that_cannot_be_judged_are_noted_and_left_out(random_space) -> None:
    notes = Notes()
    nouns = [word for word, category in load("categories", "nouns100").items if category != "relative"]
    space = random_space(nouns, name="nouns")
    report = verb.words(space, samples=100, progress=notes)
    assert "nouns100.purity" in [measure.name for measure in report]
    assert not any(measure.name.startswith("google") for measure in report)
    assert any(
        line.startswith("left out google: 'nouns' can judge 0 of 19,544 questions") for line in notes.lines
    )


def test_a_set_that_was_asked_for_must_be_usable(random_space) -> None:
    space = random_space(["tea", "cup", "sun"], name="small")
    test = SimilaritySet("mine", (("tea", "cup"), ("tea", "spoon"), ("moon", "sun")), (1.0, 2.0, 3.0))
    with pytest.raises(InputError) as raised:
        verb.words(space, similarity=test)
    assert raised.value.message == (
        "mine: 'small' can judge 1 of 3 pairs, expected at least 3; not known, for example: 'spoon', 'moon'"
    )
    assert "oov" in raised.value.hint
    with pytest.raises(InputError, match=r"google: 'small' can judge 0 of 19,544 questions"):
        verb.words(space, analogies="google")
    with pytest.raises(InputError, match=r"groups25: 'small' can judge 0 of 100 outliers"):
        verb.words(space)  # nothing at all can be measured: the last reason is told


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"method": "cosadd"}, "method is 'cosadd'"),
        ({"restrict": 3}, "restrict is 3, expected at least 4"),
        ({"samples": 10}, "samples is 10, expected at least 100"),
        ({"seed": -1}, "seed is -1, expected 0 or more"),
        ({"similarity": "men"}, "'men' is no test set of similarity"),
    ],
)
def test_wrong_settings(settings: dict[str, object], message: str, space: Space) -> None:
    with pytest.raises(SettingError, match=message):
        verb.words(space, **settings)


def test_words_at_zero_have_no_place_and_are_not_known(space: Space) -> None:
    vectors = np.array(space.vectors)
    vectors[space.keys.rows(["tiger", "athens", "whale"])] = 0
    with_gaps = Space(space.keys, vectors)
    report, whole = verb.words(with_gaps, samples=100), verb.words(space, samples=100)
    for name in ("wordsim353.spearman", "groups25.opp", "google.capital-common-countries.accuracy"):
        assert report[name].n < whole[name].n
    with pytest.raises(InputError, match=r"wordsim353: 'space' can judge 0 of 353 pairs"):
        verb.words(Space(space.keys, np.zeros_like(vectors)), similarity="wordsim353")


def test_a_space_of_one_direction_tells_nothing(space: Space) -> None:
    alike = Space(space.keys, np.ones_like(space.vectors))
    report = verb.words(alike, similarity="wordsim353", outliers="groups25", samples=100)
    assert report["wordsim353.spearman"].value == 0.0
    assert report["groups25.accuracy"].value == 0.0
    assert report["groups25.opp"].value == 0.5
