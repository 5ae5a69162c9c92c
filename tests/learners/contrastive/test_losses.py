"""The losses equal their formulas, and go where they should."""

import numpy as np
import pytest
from tests.learners.contrastive import twins

from nearspace.errors import SettingError
from nearspace.learners.contrastive import losses
from nearspace.learners.contrastive.losses import Batch, loss_of, total

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.extras

RANDOM = np.random.default_rng(3)
LEFT, RIGHT = RANDOM.normal(size=(2, 7, 6))
NEGATIVES = RANDOM.normal(size=(7, 2, 6))
SCORES = np.array([0.0, 0.2, 0.2, 0.5, 0.8, 1.0, 1.0])
LABELS = np.array([0, 0, 1, 1, 1, 2, 3])
KNOWN = RANDOM.random((7, 21)) < 0.2
KNOWN[np.arange(7), np.arange(7)] = False


def loss(made, dims=(), **parts):
    batch = Batch(**{name: torch.from_numpy(np.array(value)) for name, value in parts.items()})
    return float(total(torch, made, batch, dims))


def test_in_batch_negatives():
    made = losses.InfoNCE()
    assert loss(made, left=LEFT, right=RIGHT) == pytest.approx(twins.infonce(LEFT, RIGHT))
    known = loss(made, left=LEFT, right=RIGHT, negatives=NEGATIVES, known=KNOWN)
    assert known == pytest.approx(twins.infonce(LEFT, RIGHT, NEGATIVES, KNOWN))
    both = (twins.infonce(LEFT, RIGHT) + twins.infonce(RIGHT, LEFT)) / 2
    assert loss(losses.InfoNCE(symmetric=True), left=LEFT, right=RIGHT) == pytest.approx(both)


def test_triplets():
    made = loss(losses.Triplet(), left=LEFT, right=RIGHT, negatives=NEGATIVES)
    assert made == pytest.approx(twins.triplet(LEFT, RIGHT, NEGATIVES))
    nearest = [
        [max((one for j, one in enumerate(RIGHT) if j != i), key=lambda one: twins.cos(LEFT[i], one))]
        for i in range(7)
    ]
    assert loss(losses.Triplet(), left=LEFT, right=RIGHT) == pytest.approx(
        twins.triplet(LEFT, RIGHT, nearest)
    )


@pytest.mark.parametrize(
    ("made", "twin"),
    [
        (losses.CoSENT(), twins.cosent),
        (losses.AnglE(), twins.angle),
        (losses.CosineRegression(), twins.cosine),
    ],
    ids=lambda one: type(one).__name__,
)
def test_scored_pairs(made, twin):
    assert loss(made, left=LEFT, right=RIGHT, targets=SCORES) == pytest.approx(twin(LEFT, RIGHT, SCORES))


def test_labels():
    made = loss(losses.SupervisedContrastive(), left=LEFT, targets=LABELS)
    assert made == pytest.approx(twins.supcon(LEFT, LABELS))
    alone = loss(losses.SupervisedContrastive(), left=LEFT[:3], targets=np.arange(3))
    assert alone == 0


def test_the_plain_pair_loss():
    made = losses.PairMargin(1.0)
    scored = np.mean([twins.margin_term(a, b, y) for a, b, y in zip(LEFT, RIGHT, SCORES, strict=True)])
    assert loss(made, left=LEFT, right=RIGHT, targets=SCORES) == pytest.approx(scored)
    near = np.mean([twins.margin_term(a, b, 1) for a, b in zip(LEFT, RIGHT, strict=True)])
    far = np.mean([twins.margin_term(a, b, 0) for a, b in zip(LEFT, np.roll(RIGHT, -1, 0), strict=True)])
    assert loss(made, left=LEFT, right=RIGHT) == pytest.approx((near + far) / 2)
    pairs = [(i, j) for i in range(7) for j in range(i + 1, 7)]
    labelled = np.mean([twins.margin_term(LEFT[i], LEFT[j], LABELS[i] == LABELS[j]) for i, j in pairs])
    assert loss(made, left=LEFT, targets=LABELS) == pytest.approx(labelled)


def test_beyond_the_margin_a_different_pair_has_no_force():
    left = torch.tensor([[1.0, 0.0]], requires_grad=True)
    right = torch.tensor([[-1.0, 0.1]])
    batch = Batch(left, right, targets=torch.tensor([0.0]))
    total(torch, losses.PairMargin(1.0), batch).backward()
    assert torch.equal(left.grad, torch.zeros(1, 2))
    total(torch, losses.PairMargin(2.1), batch).backward()
    assert left.grad.abs().sum() > 0


def test_matryoshka_is_the_mean_over_first_components():
    made = loss(losses.InfoNCE(), (6, 3), left=LEFT, right=RIGHT)
    parts = (twins.infonce(LEFT, RIGHT) + twins.infonce(LEFT[:, :3], RIGHT[:, :3])) / 2
    assert made == pytest.approx(parts)


@pytest.mark.parametrize("name", losses.LOSSES)
def test_every_loss_has_a_finite_gradient_also_where_vectors_are_equal(name):
    made = losses.LOSSES[name]()
    for kind in made.kinds:
        left = torch.ones(4, 6, requires_grad=True)
        right = None if kind == "labels" else left * 1.0
        targets = {"labels": torch.tensor([0, 0, 1, 1]), "scored": torch.tensor([0.0, 0.5, 1.0, 1.0])}
        negatives = torch.ones(4, 1, 6) if kind == "triplets" else None
        total(torch, made, Batch(left, right, negatives, targets.get(kind))).backward()
        assert torch.isfinite(left.grad).all(), kind


def test_losses_are_asked_for_by_name():
    assert loss_of(None, "scored") == losses.CoSENT()
    with pytest.raises(SettingError, match="loss is 'cosnet'") as error:
        loss_of("cosnet", "pairs")
    assert "infonce" in error.value.hint
    with pytest.raises(SettingError, match="InfoNCE takes pairs, triplets, texts, not scored") as error:
        loss_of("infonce", "scored")
    assert "cosent" in error.value.hint
