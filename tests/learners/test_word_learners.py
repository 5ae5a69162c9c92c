"""Skip-gram and CBOW end to end on text whose structure is known by construction."""

import dataclasses
import signal
import threading
import time

import numpy as np
import pytest

from nearspace.errors import DimensionError, InputError, Interrupted, MissingInputError, SettingError
from nearspace.learners import verb
from nearspace.learners.checkpoint import Checkpoint
from nearspace.learners.schedule import Schedule
from nearspace.learners.skipgram import CBOW, SkipGram, Subwords
from nearspace.learners.training import keep_probabilities
from nearspace.protocols import Quiet
from nearspace.store.folder import open_space, save

TOPICS = 4
QUICK = Schedule(block=250, stretch=2_000)  # eight shards for a small text
SHORT = Schedule(block=50, stretch=2_000)
WORDS = [[f"{letter}{letter}{n}" for n in range(200)] for letter in "abcd"]


def planted(lines=6_000, seed=0):
    """Lines of ten words, each line from one of four topics."""
    rng = np.random.default_rng(seed)
    return [" ".join(rng.choice(WORDS[rng.integers(TOPICS)], 10)) for _ in range(lines)]


def learn(text=None, **settings):
    options = {"dim": 24, "epochs": 3, "sample": 0.0, "schedule": QUICK} | settings
    return verb.words(planted() if text is None else text, **options)


def same_topic(space):
    """Share of words whose nearest other word is of their topic."""
    unit = space.vectors / np.linalg.norm(space.vectors, axis=1, keepdims=True)
    scores = unit @ unit.T
    np.fill_diagonal(scores, -2)
    names = space.keys.names()
    return np.mean([names[row][0] == names[scores[row].argmax()][0] for row in range(len(names))])


@pytest.mark.parametrize("method", ["skipgram", "cbow"])
@pytest.mark.parametrize("subwords", [None, Subwords(2, 3, 5_000)])
def test_planted_topics_are_found_and_bytes_do_not_depend_on_workers(method, subwords):
    spaces = [learn(method=method, subwords=subwords, workers=workers, epochs=8) for workers in (1, 2, 8)]
    assert same_topic(spaces[0]) == 1.0
    assert len({space.vectors.tobytes() for space in spaces}) == 1
    assert len({space.state["context"].tobytes() for space in spaces}) == 1
    assert len(spaces[0]) == 800
    counts = spaces[0].columns["count"]
    assert np.all(np.diff(counts) <= 0)
    assert counts.sum() == 60_000


def test_source_kinds_give_the_same_bytes_and_seeds_different_ones(tmp_path):
    text = planted(500)
    path = tmp_path / "text.txt"
    path.write_text("\n".join(text))
    sources = [path, text, iter(text), [line.split() for line in text]]
    spaces = [learn(source, epochs=1) for source in sources]
    assert len({space.vectors.tobytes() for space in spaces}) == 1
    assert len({space.recipe.data for space in spaces}) == 1
    other = learn(text, epochs=1, seed=2)
    assert not np.array_equal(other.vectors, spaces[0].vectors)


def test_free_running_learns_as_well():
    space = learn(free_running=True, workers=2)
    assert same_topic(space) == 1.0
    assert space.recipe.seed is None


def test_frequent_words_are_thinned_as_told():
    counts = np.array([9_000, 900, 100])
    kept = keep_probabilities(counts, 0.01)
    assert kept == pytest.approx([(0.01 / 0.9) ** 0.5 + 0.01 / 0.9, (0.01 / 0.09) ** 0.5 + 0.01 / 0.09, 1.0])
    assert keep_probabilities(counts, 0.0).tolist() == [1.0, 1.0, 1.0]
    text = [line + " the the the" for line in planted(1_000)]
    thin, full = (learn(text, sample=sample, epochs=1) for sample in (1e-2, 0.0))
    assert not np.array_equal(thin.vectors, full.vectors)


def test_unseen_words_get_vectors_near_their_relatives():
    space = learn(subwords=Subwords(2, 4, 5_000), epochs=5)
    (vector,) = space.encoder.encode(["cc99"])
    scores = space.vectors @ vector / space.norms
    assert space.keys[int(scores.argmax())].startswith("cc")
    known = space.encoder.encode([space.keys[3]])
    assert np.allclose(known[0], space.vectors[3], atol=1e-6)


def test_training_is_continued_on_new_text():
    first = learn(text=planted(2_000), epochs=2)
    more = [line.replace("aa0", "neww") for line in planted(2_000, seed=5)]
    second = learn(text=more, start=first, epochs=2)
    assert second.keys.names(range(len(first))) == first.keys.names()
    assert second.keys.names(range(len(first), len(second))) == ["neww"]
    assert [past.learner for past in second.recipe.history] == ["skipgram"]
    third = learn(text=more, start=second, epochs=1)
    assert [past.data for past in third.recipe.history] == [first.recipe.data, second.recipe.data]
    unit = second.vectors / second.norms[:, None]
    scores = unit @ unit[-1]
    scores[-1] = -2
    assert second.keys[int(scores.argmax())].startswith("aa")
    old, new = first.vectors / first.norms[:, None], unit[: len(first)]
    assert np.mean(np.sum(old * new, axis=1)) > 0.7, "old rows are continued, not begun anew"


@pytest.mark.parametrize("subwords", [None, Subwords(2, 3, 5_000)])
def test_continuing_equals_itself_for_any_workers(subwords):
    first = learn(text=planted(400), subwords=subwords, epochs=1)
    again = [learn(text=planted(400, 9), start=first, subwords=subwords, epochs=1, workers=w) for w in (1, 3)]
    assert again[0].vectors.tobytes() == again[1].vectors.tobytes()


@pytest.mark.parametrize("subwords", [None, Subwords(2, 3, 5_000)])
def test_a_saved_space_is_continued_like_the_one_in_memory(tmp_path, subwords):
    first = learn(planted(600), subwords=subwords, epochs=1)
    save(first, tmp_path / "first.space")
    starts = (first, open_space(tmp_path / "first.space"))
    second = [learn(planted(600, 9), start=start, subwords=subwords, epochs=1) for start in starts]
    assert second[0].vectors.tobytes() == second[1].vectors.tobytes()


class _StopAt(Quiet):
    """Sends Ctrl-C to this process when the training has come so far."""

    def __init__(self, step):
        self.step, self.seen = step, 0

    def task(self, description, *, total=None, unit=""):
        task = super().task(description, total=total, unit=unit)
        if description == "training":
            task.advance = self._advance
        return task

    def _advance(self, amount, **shown):
        self.seen += 1
        if self.seen == self.step:
            signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize("subwords", [None, Subwords(2, 3, 5_000)])
@pytest.mark.parametrize("step", [1, 4])
def test_interrupted_run_resumes_to_the_unbroken_result(tmp_path, step, subwords):
    settings = {"text": planted(6_000), "schedule": SHORT, "subwords": subwords, "epochs": 2}
    whole = learn(**settings)
    folder = tmp_path / "checkpoint"
    with pytest.raises(Interrupted, match=r"training was stopped; its state is in .*checkpoint") as caught:
        learn(**settings, checkpoint=folder, progress=_StopAt(step))
    assert caught.value.exit_code == 130
    assert "resume" in caught.value.hint
    resumed = learn(**settings, checkpoint=folder, resume=True, workers=1)
    assert resumed.vectors.tobytes() == whole.vectors.tobytes()
    assert resumed.state["context"].tobytes() == whole.state["context"].tobytes()


def test_checkpoint_of_another_run_is_refused(tmp_path):
    text = planted(2_000)
    with pytest.raises(Interrupted):
        learn(text, schedule=SHORT, checkpoint=tmp_path / "c", progress=_StopAt(1))
    with pytest.raises(InputError, match=r"belongs to another run \(settings: .*'dim': 24.*now.*'dim': 16"):
        learn(text, dim=16, schedule=SHORT, checkpoint=tmp_path / "c", resume=True)
    with pytest.raises(InputError, match="data: "):
        learn(planted(1_999), schedule=SHORT, checkpoint=tmp_path / "c", resume=True)
    with pytest.raises(MissingInputError, match="there is no checkpoint in"):
        learn(text, checkpoint=tmp_path / "none", resume=True)


def test_damaged_checkpoint_is_named(tmp_path):
    checkpoint = Checkpoint(tmp_path / "c")
    array = np.zeros(64, dtype=np.float32)
    checkpoint.save(3, {"learner": "x"}, {"inputs": array})
    (tmp_path / "c" / "inputs-3.npy").write_bytes(b"\x93NUMPY")
    with pytest.raises(InputError, match=r"inputs-3\.npy cannot be read"):
        checkpoint.load({"learner": "x"}, {"inputs": array})
    (tmp_path / "c" / "checkpoint.json").write_text("{")
    with pytest.raises(InputError, match=r"checkpoint\.json is not a checkpoint"):
        checkpoint.load({"learner": "x"}, {"inputs": array})


def test_checkpoints_replace_each_other_and_are_removed(tmp_path):
    checkpoint = Checkpoint(tmp_path / "c", every=0.0)
    assert checkpoint.due()
    for step in (1, 2):
        checkpoint.save(step, {"learner": "x"}, {"inputs": np.full(16, step, dtype=np.float32)})
    assert sorted(path.name for path in (tmp_path / "c").iterdir()) == ["checkpoint.json", "inputs-2.npy"]
    into = np.empty(16, dtype=np.float32)
    assert checkpoint.load({"learner": "x"}, {"inputs": into}) == 2
    assert np.all(into == 2)
    checkpoint.remove()
    assert not (tmp_path / "c").exists()


def test_training_off_the_main_thread_works():
    result = []
    thread = threading.Thread(target=lambda: result.append(learn(planted(300), epochs=1)))
    thread.start()
    thread.join()
    assert len(result) == 1


def test_recipe_says_how_to_make_it_again():
    space = learn(planted(300), epochs=1, min_count=2)
    recipe = space.recipe
    assert (recipe.learner, recipe.seed) == ("skipgram", 1)
    assert recipe.settings["text"]["min_count"] == 2
    assert recipe.settings["schedule"] == dataclasses.asdict(QUICK)
    assert recipe.settings["loss"] > 0
    assert {"python", "nearspace", "numba"} <= set(recipe.versions)
    settings = {
        name: recipe.settings[name] for name in ("dim", "window", "negative", "epochs", "lr", "sample")
    }
    again = learn(planted(300), min_count=2, **settings)
    assert again.vectors.tobytes() == space.vectors.tobytes()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"method": "word2vec"}, r"method is 'word2vec'\nAccepted methods: skipgram, cbow, glove, ppmi"),
        ({"windw": 3}, r"method 'skipgram' has no setting 'windw'\nIts settings: dim, window, "),
        ({"dim": 0}, "dim is 0, expected at least 1"),
        ({"lr": 0.0}, "lr is 0.0, expected above 0 and below 10"),
        ({"sample": -1.0}, "sample is -1.0, expected 0 to 1"),
        ({"seed": -1}, "seed is -1, expected 0 or more"),
        ({"workers": 0}, "workers is 0"),
        ({"resume": True}, "resume needs a checkpoint"),
        ({"method": "ppmi", "free_running": True}, "method 'ppmi' does not take free_running"),
        ({"subwords": Subwords(2, 3, 100), "method": "ppmi"}, "method 'ppmi' has no setting 'subwords'"),
    ],
)
def test_wrong_settings_are_named(settings, message):
    options = {"dim": 24, **settings}
    with pytest.raises(SettingError, match=message):
        verb.words(planted(500), **options)


def test_wrong_subwords_are_named():
    with pytest.raises(SettingError, match="min_n is 4 and max_n is 3\nExpected 1 <= min_n <= max_n"):
        Subwords(4, 3)


def test_wrong_start_is_named():
    space = learn(planted(300), epochs=1)
    with pytest.raises(DimensionError, match="has 24 dimensions, the settings say 16\nContinue with dim=24"):
        learn(planted(300), dim=16, start=space)
    with pytest.raises(SettingError, match="was made by skipgram, not by cbow"):
        learn(planted(300), method="cbow", start=space)
    with pytest.raises(SettingError, match="does not hold what is needed to continue"):
        learn(planted(300), start=dataclasses.replace(space, state={}))
    with pytest.raises(InputError, match="has no column 'count'"):
        learn(planted(300), start=dataclasses.replace(space, columns={}))


def test_a_small_text_is_learned_in_few_rounds_as_well():
    assert same_topic(learn(schedule=None, epochs=5)) == 1.0


def test_cbow_differs_from_skipgram_only_in_its_first_step_size():
    assert dataclasses.asdict(CBOW()) | {"lr": SkipGram().lr} == dataclasses.asdict(SkipGram())


@pytest.mark.slow
def test_a_second_interrupt_stops_at_once(tmp_path):
    class Impatient(_StopAt):
        def _advance(self, amount, **shown):
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)

    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        learn(planted(2_000), schedule=SHORT, progress=Impatient(1))
    assert time.monotonic() - began < 60
