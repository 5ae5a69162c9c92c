"""Gradients of batches that do not fit, low-rank additions, and what is trained."""

import numpy as np
import pytest
from tests.learners.contrastive.planted import labelled, scored_pairs, synonym_pairs
from tests.tiny_model import write_tiny_model

from nearspace.encoders.transformer import TransformerEncoder
from nearspace.errors import InputError, SettingError
from nearspace.learners.contrastive.denoising import without
from nearspace.learners.contrastive.examples import read_examples
from nearspace.learners.contrastive.mining import mine
from nearspace.learners.contrastive.models import trained_of
from nearspace.learners.contrastive.nearest import unit
from nearspace.learners.contrastive.objective import Objective
from nearspace.learners.contrastive.settings import Contrastive, LoRA, Machine, Mining
from nearspace.learners.contrastive.steps import Steps

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")
pytestmark = pytest.mark.extras

CPU = Machine(device="cpu")
TEXTS = ["the river", "a cat sleeps in the small house of the king", "money", "rain today, please"]


@pytest.fixture(autouse=True)
def one_thread():
    """So small a model is slower with two, above all on a busy machine."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    folder = write_tiny_model(tmp_path_factory.mktemp("models") / "tiny", layers=1)
    return TransformerEncoder.open(folder, engine="torch", device="cpu")


@pytest.fixture
def made(tiny, tmp_path):
    """A function: rows and settings -> model, examples, objective."""
    opened = []

    def make(rows, **settings):
        examples = read_examples(rows, tmp_path, kind=settings.pop("kind", None))
        opened.append(examples)
        chosen = Contrastive(**settings)
        model = trained_of(tiny, chosen.tuned, CPU, tmp_path, 1)
        torch.manual_seed(1)
        objective = Objective(torch, model, examples, chosen)
        model.begin(examples.texts)
        return model, examples, objective

    yield make
    for one in opened:
        one.texts.close()


def gradient(model, objective, rows, tokens):
    model.train(True)
    weights = [*model.parameters(), *objective.parameters()]
    for one in weights:
        one.grad = None
    ids = objective.texts(rows)
    loss = Steps(torch, model, tokens).backward(ids, lambda vectors: objective.of(rows, vectors), 5)
    return loss, [one.grad.clone() for one in weights if one.grad is not None]


CASES = {
    "infonce": (synonym_pairs(40), {}),
    "matryoshka": (synonym_pairs(40), {"dims": (8, 16)}),
    "margin": (synonym_pairs(40), {"loss": "margin"}),
    "cosent": (scored_pairs(40), {}),
    "angle": (scored_pairs(40), {"loss": "angle"}),
    "supcon": (labelled(4), {}),
    "simcse": ([{"text": row["a"]} for row in synonym_pairs(40)], {"kind": "texts"}),
    "tsdae": ([{"text": row["a"]} for row in synonym_pairs(40)], {"kind": "texts", "loss": "tsdae"}),
}


@pytest.mark.parametrize("tune", ["full", "lora"])
@pytest.mark.parametrize("case", CASES)
def test_a_batch_that_does_not_fit_has_the_same_gradient(made, monkeypatch, case, tune):
    rows, settings = CASES[case]
    model, _, objective = made(rows, tune=tune, **settings)
    chosen = np.arange(16)
    tokens = int(model.lengths(objective.texts(chosen)).sum()) // 3
    loss, cached = gradient(model, objective, chosen, tokens)
    # the plain way, with the same parts, hence the same dropout: one graph of all of them
    monkeypatch.setattr(Steps, "_backward", plain)
    expected, direct = gradient(model, objective, chosen, tokens)
    assert loss == pytest.approx(expected, rel=1e-6)
    assert len(cached) == len(direct) > 0
    for one, other in zip(cached, direct, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-6)


def plain(self, ids, lengths, loss_of, seed):
    from nearspace.encoders.batches import length_batches

    parts = length_batches(lengths, self.tokens)
    vectors = torch.cat([self._part(ids, rows, seed) for rows in parts])
    loss = loss_of(vectors[torch.from_numpy(np.argsort(np.concatenate(parts)))])
    loss.backward()
    return float(loss.detach())


def test_out_of_memory_halves_what_is_in_memory_at_once(made, monkeypatch):
    model, _, objective = made(synonym_pairs(40), tune="full")
    rows = np.arange(16)
    vectors = model.vectors

    def short(ids):
        if int(model.lengths(ids).sum()) > 45:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return vectors(ids)

    monkeypatch.setattr(model, "vectors", short)
    steps = Steps(torch, model, 160)
    model.train(False)
    ids = objective.texts(rows)
    loss = steps.backward(ids, lambda made: objective.of(rows, made), 5)
    assert steps.tokens == 40
    monkeypatch.undo()
    assert loss == pytest.approx(
        float(Steps(torch, model, 10_000).backward(ids, lambda made: objective.of(rows, made), 5)), rel=1e-5
    )

    def none(ids):
        raise RuntimeError("CUDA error: out of memory")

    monkeypatch.setattr(model, "vectors", none)
    with pytest.raises(InputError, match="cpu has no memory to train on one text"):
        steps.backward(ids, lambda made: objective.of(rows, made), 5)


def test_merged_additions_give_the_same_vectors(tiny, tmp_path):
    model = trained_of(tiny, LoRA(rank=4), CPU, tmp_path, 1)
    assert model.encode(TEXTS) == pytest.approx(tiny.encode(TEXTS), abs=1e-6)
    before = model.weights()
    for one in model.parameters():
        with torch.no_grad():
            one.add_(0.3 * torch.randn(one.shape, generator=torch.Generator().manual_seed(2)))
    apart = model.encode(TEXTS)
    assert np.abs(apart - tiny.encode(TEXTS)).max() > 0.05
    names = set(model.module.state())
    model.finish()
    assert model.encode(TEXTS) == pytest.approx(apart, abs=1e-5)
    assert set(model.module.state()) == set(tiny.module().state()) != names
    model.set_weights(before)
    assert model.encode(TEXTS) == pytest.approx(tiny.encode(TEXTS), abs=1e-6)


def test_additions_are_few_and_the_table_of_tokens_stays(tiny, tmp_path):
    few = sum(one.numel() for one in trained_of(tiny, LoRA(rank=2), CPU, tmp_path, 1).parameters())
    model = trained_of(tiny, Contrastive(tune="full").tuned, CPU, tmp_path, 1)
    assert few < sum(one.numel() for one in model.parameters()) / 5
    table = model.module.body.get_input_embeddings().weight
    assert not any(one is table for one in model.parameters())


def test_a_head_begins_as_the_identity(tiny, tmp_path):
    model = trained_of(tiny, Contrastive(tune="head").tuned, CPU, tmp_path, 1)
    assert model.encode(TEXTS) == pytest.approx(unit(tiny.encode(TEXTS)), abs=1e-6)


def test_mined_negatives_are_near_wrong_and_not_nearer_than_the_guard(made):
    rows = synonym_pairs(150)
    rows += [{"a": rows[0]["a"], "b": rows[5]["b"]}]  # known to belong together, too
    model, examples, _ = made(rows, tune="full")
    settings = Mining(negatives=3, guard=0.9, depth=40)
    found = mine(model, examples, settings)
    texts = examples.texts[:]
    vectors = unit(model.encode(texts))
    known = {(int(a), int(b)) for a, b in examples.rows}
    candidates = sorted({int(b) for b in examples.rows[:, 1]})
    for (anchor, right), wrong in zip(examples.rows, found, strict=True):
        scores = vectors[candidates] @ vectors[anchor]
        limit = 0.9 * float(vectors[anchor] @ vectors[right])
        allowed = [
            (-float(score), text)
            for score, text in zip(scores, candidates, strict=True)
            if (int(anchor), text) not in known and score <= limit
        ]
        expected = [text for _, text in sorted(allowed)][:3]
        for place, text in enumerate(wrong.tolist()):
            if text == right:
                continue  # fewer than three were left among the nearest
            assert (int(anchor), text) not in known
            assert vectors[text] @ vectors[anchor] == pytest.approx(
                vectors[expected[place]] @ vectors[anchor], abs=1e-5
            )
    assert (found != examples.rows[:, 1:]).mean() > 0.5


def test_known_positives_are_masked(made):
    rows = [{"a": "the cat", "b": "dog"}, {"a": "the king", "b": "queen"}, {"a": "the cat", "b": "queen"}]
    _, _, objective = made(rows * 2, tune="full")
    batch = np.array([0, 1])
    masked = objective._masked(batch, np.empty((2, 0), np.int64))
    assert masked.tolist() == [[False, True], [False, False]]


def test_deleted_tokens():
    random = np.random.default_rng(1)
    ids = [101, *range(1, 201), 102]
    kept = without(ids, 0.6, random)
    assert kept[0] == 101 and kept[-1] == 102 and kept[1:-1] == sorted(kept[1:-1])
    assert len(kept) == pytest.approx(82, abs=20)
    assert len(without([101, 5, 102], 0.999, random)) == 3
    assert without([101, 102], 0.6, random) == [101, 102]


@pytest.mark.parametrize(
    ("rows", "settings", "message"),
    [
        (CASES["simcse"][0], {"kind": "texts", "tune": "head"}, "a head learns nothing from bare texts"),
        (CASES["infonce"][0], {"loss": "tsdae"}, "tsdae takes bare texts, not pairs"),
        (CASES["cosent"][0], {"mining": Mining()}, "mined for pairs with the loss infonce, not for scored"),
        (CASES["infonce"][0], {"dims": (64,)}, "a size of dims is 64, and the vectors have 32"),
    ],
)
def test_settings_that_do_not_fit(made, rows, settings, message):
    with pytest.raises(SettingError, match=message):
        made(rows, **settings)
