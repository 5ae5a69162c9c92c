"""Training runs on a tiny model: planted synonyms, harm, stopping, resuming, and what is written."""

import json
import signal
from pathlib import Path

import numpy as np
import pytest
from tests.learners.contrastive.planted import labelled, scored_pairs, synonym_pairs
from tests.tiny_model import write_tiny_model

import nearspace as ns
from nearspace.encoders.transformer import TransformerEncoder
from nearspace.errors import InputError, Interrupted, OutputError, WorseError
from nearspace.learners.contrastive import probes, training, verb
from nearspace.learners.contrastive.settings import Contrastive, Machine, Mining
from nearspace.learners.contrastive.tasks import Scored

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")
pytestmark = pytest.mark.extras

CPU = Machine(device="cpu")
RATES = {"head": 3e-3, "lora": 2e-3, "full": 2e-3}


@pytest.fixture(autouse=True)
def one_thread():
    """So small a model is slower with two, above all on a busy machine."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return write_tiny_model(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(autouse=True)
def short_probe(monkeypatch):
    """The packaged words alone: passages take most of the time, and a random model finds none of them."""
    monkeypatch.setattr(probes, "packaged", lambda: [probes._words()])


def settings_for(tune, **others):
    return Contrastive(tune=tune, lr=RATES[tune], **{"epochs": 4, "batch": 32, **others})


def learn(rows, tiny, output, settings, **options):
    return ns.learn.encoder(
        rows, tiny, output, settings=settings, machine=CPU, **{"held_out": 0.3, **options}
    )


@pytest.mark.parametrize("tune", RATES)
def test_planted_synonyms_are_learned(tmp_path, tiny, tune):
    made = learn(synonym_pairs(260), tiny, tmp_path / "out", settings_for(tune))
    assert made.verdict == "better"
    assert made.held_out.low > 0.02 and made.held_out.after > 1.25 * made.held_out.before
    assert not any(one.worse for one in made.probe)
    written = TransformerEncoder.open(tmp_path / "out", engine="torch", device="cpu")
    old = TransformerEncoder.open(tiny, engine="torch", device="cpu")

    def similarity(encoder):
        left, right = (encoder.encode([word]) for word in ("the cat", "the dog"))
        return float((left * right).sum())

    assert similarity(written) > similarity(old) + 0.05
    report = json.loads((tmp_path / "out" / "training.json").read_text())
    assert report["verdict"] == "better" and report["examples"]["train"] == made.examples["train"]
    assert "held_out.ndcg@10" in (tmp_path / "out" / "README.md").read_text("utf-8")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rows", "options", "settings"),
    [
        (scored_pairs(600), {}, {"epochs": 10}),
        (scored_pairs(600), {}, {"loss": "angle", "epochs": 10}),
        (scored_pairs(600), {}, {"loss": "cosine", "epochs": 10}),
        (labelled(24), {}, {}),
        (synonym_pairs(260), {}, {"dims": (16,), "mining": Mining()}),
        (synonym_pairs(260), {}, {"loss": "triplet"}),
        (synonym_pairs(400), {}, {"loss": "margin", "epochs": 10}),
    ],
    ids=["cosent", "angle", "cosine", "supcon", "mined", "triplet", "margin"],
)
def test_every_kind_of_examples_teaches(tmp_path, tiny, rows, options, settings):
    made = learn(rows, tiny, tmp_path / "out", settings_for("lora", **settings), **options)
    assert made.verdict == "better", made.why


@pytest.mark.slow
@pytest.mark.parametrize("loss", ["infonce", "tsdae"])
def test_bare_texts_can_be_learned_from(tmp_path, tiny, loss):
    rows = [{"text": f"{row['a']} {row['b']}"} for row in synonym_pairs(260)]
    settings = settings_for("full", loss=loss, epochs=2)
    made = learn(rows, tiny, tmp_path / "out", settings, kind="texts", keep_worse=True)
    assert made.course.losses[-1] < made.course.losses[0]
    assert made.held_out.name == "held_out.halves.ndcg@10"


def test_the_same_seed_gives_the_same_bytes(tmp_path, tiny):
    rows = synonym_pairs(200)
    for name in ("one", "two"):
        learn(rows, tiny, tmp_path / name, settings_for("lora", epochs=2))
    one, two = ((tmp_path / name / "model.safetensors").read_bytes() for name in ("one", "two"))
    assert one == two


def test_harm_is_told_and_nothing_is_written(tmp_path, tiny):
    settings = Contrastive(tune="full", lr=0.5, epochs=1, batch=32)
    with pytest.raises(
        WorseError, match="the trained model is no better than its base: fell by more"
    ) as error:
        learn(synonym_pairs(200), tiny, tmp_path / "out", settings)
    made = error.value.training
    assert error.value.exit_code == 3 and made.verdict == "worse" and made.alpha is None
    assert made.held_out.high < 0 and "smaller lr" in error.value.hint
    assert not (tmp_path / "out").exists() and list(tmp_path.iterdir()) == []
    kept = learn(synonym_pairs(200), tiny, tmp_path / "out", settings, keep_worse=True)
    assert kept.verdict == "worse" and (tmp_path / "out" / "model.safetensors").is_file()


def test_where_the_probe_falls_the_weights_go_less_far_or_nowhere(tmp_path, tiny, monkeypatch):
    """A probe that asks for the opposite of the pairs: synonyms are the least similar."""
    words = ["cat", "dog", "king", "queen", "film", "movie", "money", "cash", "river", "shore"]
    pairs = np.array([[one, other] for one in range(10) for other in range(one)])
    encoder = TransformerEncoder.open(tiny, engine="torch", device="cpu")
    vectors = encoder.encode(words)
    scores = (vectors @ vectors.T)[pairs[:, 0], pairs[:, 1]].astype(float)  # as it is now: any change is harm
    task = Scored("probe.steady", words, pairs, scores, np.arange(len(pairs)))
    monkeypatch.setattr(probes, "packaged", lambda: [task])
    settings = Contrastive(tune="full", lr=2e-3, epochs=4, batch=32)
    try:
        made = learn(synonym_pairs(260), tiny, tmp_path / "out", settings)
    except WorseError as error:
        made = error.training
        assert made.alpha is None
    else:
        assert made.alpha < 1
    assert made.blends[0].alpha == 1 and made.blends[0].harmful


def test_the_loss_that_is_not_finite_stops_the_run_at_the_last_good_weights(tmp_path, tiny, monkeypatch):
    step = training.Trainer._step

    def broken(self, rows):
        if self._epoch == 2:
            monkeypatch.setattr(self._objective, "of", lambda rows, vectors: (vectors * float("nan")).sum())
        return step(self, rows)

    monkeypatch.setattr(training.Trainer, "_step", broken)
    made = learn(synonym_pairs(200), tiny, tmp_path / "out", settings_for("head"))
    steps = made.course.steps
    assert made.course.stopped == f"the loss or its gradient is not finite at step {steps + 1}"
    assert made.verdict == "better" and made.course.best == 2


@pytest.mark.parametrize(("tune", "mining"), [("head", None), ("lora", Mining()), ("full", None)])
def test_a_run_that_was_stopped_goes_on_to_the_same_bytes(tmp_path, tiny, monkeypatch, tune, mining):
    rows, settings = synonym_pairs(200), settings_for(tune, epochs=3, mining=mining)
    learn(rows, tiny, tmp_path / "whole", settings)
    step = training.Trainer._step

    def stopping(self, chosen):
        if self._course.steps == 7:
            signal.raise_signal(signal.SIGINT)
        return step(self, chosen)

    monkeypatch.setattr(training.Trainer, "_step", stopping)
    with pytest.raises(Interrupted, match="interrupted after 8 steps; nothing was written") as error:
        learn(rows, tiny, tmp_path / "parts", settings, checkpoint=tmp_path / "kept")
    assert "--resume" in error.value.hint
    monkeypatch.undo()
    monkeypatch.setattr(probes, "packaged", lambda: [probes._words()])
    made = learn(rows, tiny, tmp_path / "parts", settings, checkpoint=tmp_path / "kept", resume=True)
    assert len(made.course.losses) == 3 and not (tmp_path / "kept").exists()
    for name in ("model.safetensors", "3_Dense/model.safetensors"):
        if tune == "head" or "/" not in name:
            assert (tmp_path / "whole" / name).read_bytes() == (tmp_path / "parts" / name).read_bytes()


def test_another_run_does_not_go_on_there(tmp_path, tiny, monkeypatch):
    step = training.Trainer._step

    def stopping(self, chosen):
        signal.raise_signal(signal.SIGINT)
        return step(self, chosen)

    monkeypatch.setattr(training.Trainer, "_step", stopping)
    with pytest.raises(Interrupted):
        learn(synonym_pairs(200), tiny, tmp_path / "out", settings_for("head"), checkpoint=tmp_path / "kept")
    with pytest.raises(InputError, match="belongs to another run"):
        other = settings_for("head", batch=16)
        learn(synonym_pairs(200), tiny, tmp_path / "out", other, checkpoint=tmp_path / "kept", resume=True)


def test_early_stop(tmp_path, tiny, monkeypatch):
    figures = iter([0.5, 0.6, 0.55, 0.58, 0.7])
    judged = training.Trainer.__init__

    def init(self, *args, **options):
        judged(self, *args, **{**options, "judge": lambda: next(figures)})

    monkeypatch.setattr(training.Trainer, "__init__", init)
    made = learn(synonym_pairs(200), tiny, tmp_path / "out", settings_for("head", epochs=9))
    assert made.course.best == 1 and len(made.course.losses) == 3
    assert made.course.stopped == "no better on the held-out choice for 2 epochs"


def test_own_held_out_examples_and_own_probe(tmp_path, tiny):
    rows = synonym_pairs(260)
    probe = [{"a": row["a"], "b": row["b"], "score": row["score"]} for row in scored_pairs(60, seed=9)]
    made = learn(rows, tiny, tmp_path / "out", settings_for("head"), held_out=rows[180:], probe=[probe])
    assert made.examples["choice"] + made.examples["test"] == 80 and made.examples["train"] == 180
    assert [one.name for one in made.probe] == ["probe.wordsim353.spearman", "probe.own1.spearman"]


def test_a_bare_transformer_with_a_head_becomes_a_model_of_sentences(tmp_path):
    base = write_tiny_model(tmp_path / "bare", sentence=False)
    learn(synonym_pairs(200), base, tmp_path / "out", settings_for("head", epochs=2))
    kinds = [
        part["type"].rsplit(".", 1)[1] for part in json.loads((tmp_path / "out/modules.json").read_text())
    ]
    assert kinds == ["Transformer", "Pooling", "Dense", "Normalize"]
    vectors = TransformerEncoder.open(tmp_path / "out", engine="torch", device="cpu").encode(["the cat"])
    assert np.linalg.norm(vectors) == pytest.approx(1, abs=1e-5)


def test_the_written_head_gives_the_vectors_that_were_measured(tmp_path, tiny, monkeypatch):
    kept = {}
    write = verb.write_trained

    def remember(path: Path, model, made, *, overwrite):
        kept["vectors"] = model.encode(["the cat", "a storm"])
        write(path, model, made, overwrite=overwrite)

    monkeypatch.setattr(verb, "write_trained", remember)
    for tune in RATES:
        out = tmp_path / tune
        learn(synonym_pairs(200), tiny, out, settings_for(tune, epochs=2))
        made = TransformerEncoder.open(out, engine="torch", device="cpu").encode(["the cat", "a storm"])
        assert made == pytest.approx(kept["vectors"], abs=1e-5), tune


def test_an_output_that_is_no_trained_model_is_never_replaced(tmp_path, tiny):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine")
    with pytest.raises(OutputError, match="exists and is not what would be written"):
        learn(synonym_pairs(200), tiny, tmp_path / "out", settings_for("head"), overwrite=True)
