"""The losses: what a step is made to lower. Vectors are scaled to length 1 first; `cos` is their dot product.

Each is a frozen record of its constants, called with torch and a batch; a new one joins by a row of LOSSES.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Protocol

from nearspace.errors import SettingError

Tensor = Any  # of torch, which is imported on use


@dataclass(frozen=True, eq=False)
class Batch:
    """The vectors of a batch of n examples.

    Attributes:
        left: (n, d) the anchors.
        right: (n, d) what belongs to each, or None for labelled texts.
        negatives: (n, h, d) what does not, or None.
        targets: (n,) scores or numbers of labels, or None.
        known: (n, n + n * h) True where a candidate, right or negative, is no wrong answer of an anchor.
    """

    left: Tensor
    right: Tensor = None
    negatives: Tensor = None
    targets: Tensor = None
    known: Tensor = None

    def cut(self, torch: Any, dim: int | None) -> Batch:
        """Give the first `dim` components of all vectors (None: all), scaled to length 1."""
        normal = torch.nn.functional.normalize

        def short(vectors: Tensor) -> Tensor:
            return None if vectors is None else normal(vectors[..., :dim], dim=-1)

        return replace(self, left=short(self.left), right=short(self.right), negatives=short(self.negatives))


class Loss(Protocol):
    """One loss.

    Attributes:
        kinds: of examples that it takes.
    """

    kinds: ClassVar[tuple[str, ...]]

    def __call__(self, torch: Any, batch: Batch) -> Tensor:
        """Give the loss of a batch of unit vectors, a scalar."""


@dataclass(frozen=True)
class InfoNCE:
    """In-batch negatives: each anchor a finds its own b among the b of the whole batch.

    mean over i of -log( exp(s cos(a_i, b_i)) / sum over candidates c of exp(s cos(a_i, c)) )

    Candidates are all b of the batch and all hard negatives, without the known positives of a_i. `symmetric`:
    the mean of this and of the same with a and b changed over (without hard negatives).
    Also called multiple negatives ranking. Henderson et al. 2017 (arXiv:1705.00652); van den Oord et al. 2018
    (arXiv:1807.03748). On bare texts, a text and itself under another dropout: SimCSE, Gao et al. 2021.

    Attributes:
        scale: s, the inverse of the temperature.
        symmetric: both directions.
    """

    kinds: ClassVar[tuple[str, ...]] = ("pairs", "triplets", "texts")
    scale: float = 20.0
    symmetric: bool = False

    def __call__(self, torch: Any, batch: Batch) -> Tensor:
        """See the class."""
        candidates = batch.right
        if batch.negatives is not None:
            candidates = torch.cat([candidates, batch.negatives.flatten(0, 1)])
        count = len(batch.left)
        own = torch.arange(count, device=batch.left.device)
        scores = self.scale * batch.left @ candidates.T
        if batch.known is not None:
            scores = scores.masked_fill(batch.known, float("-inf"))
        loss = torch.nn.functional.cross_entropy(scores, own)
        if not self.symmetric:
            return loss
        return (loss + torch.nn.functional.cross_entropy(scores[:, :count].T, own)) / 2


@dataclass(frozen=True)
class Triplet:
    """Triplet margin: the positive is nearer than the negative, by a margin.

    mean of max(0, m - cos(a, p) + cos(a, n)). Without negatives of its own an anchor takes the nearest wrong
    b of its batch. Schroff et al.: FaceNet, 2015 (arXiv:1503.03832).

    Attributes:
        margin: m.
    """

    kinds: ClassVar[tuple[str, ...]] = ("triplets", "pairs")
    margin: float = 0.3

    def __call__(self, torch: Any, batch: Batch) -> Tensor:
        """See the class."""
        near = (batch.left * batch.right).sum(1)
        if batch.negatives is not None:
            far = (batch.left[:, None] * batch.negatives).sum(2)
        else:
            wrong = batch.left @ batch.right.T
            hidden = torch.eye(len(wrong), dtype=torch.bool, device=wrong.device)
            if batch.known is not None:
                hidden = hidden | batch.known[:, : len(wrong)]
            far = wrong.masked_fill(hidden, -1.0).amax(1, keepdim=True)
        return torch.relu(self.margin - near[:, None] + far).mean()


@dataclass(frozen=True)
class CoSENT:
    """Order of the scores: of two pairs, the one with the higher score has the higher cosine.

    log( 1 + sum over pairs i, j with y_i > y_j of exp(s (cos_j - cos_i)) ). Su: CoSENT, 2022.

    Attributes:
        scale: s.
    """

    kinds: ClassVar[tuple[str, ...]] = ("scored",)
    scale: float = 20.0

    def __call__(self, torch: Any, batch: Batch) -> Tensor:
        """See the class."""
        return _ordered(torch, self.scale * (batch.left * batch.right).sum(1), batch.targets)


@dataclass(frozen=True)
class AnglE:
    """Order of the scores by the angle in complex space, which does not flatten where the cosine does.

    A vector's first half is its real part, the second its imaginary part. z = a conj(b) |a|^-1 |b|^-1,
    component by component; the figure of a pair is |sum of the parts of z|, and the loss is that of CoSENT on
    it, plus CoSENT itself. Li and Li: AnglE, 2023 (arXiv:2309.12871).

    Attributes:
        scale: s.
        cosine: weight of CoSENT.
    """

    kinds: ClassVar[tuple[str, ...]] = ("scored",)
    scale: float = 20.0
    cosine: float = 1.0

    def __call__(self, torch: Any, batch: Batch) -> Tensor:
        """See the class."""
        half = batch.left.shape[1] // 2
        (a, b), (c, d) = (
            (vectors[:, :half], vectors[:, half : 2 * half]) for vectors in (batch.left, batch.right)
        )
        size = (c * c + d * d).sum(1, keepdim=True).clamp(min=1e-12)
        real, imaginary = (a * c + b * d) / size, (b * c - a * d) / size
        ratio = ((a * a + b * b).sum(1, keepdim=True) / size).clamp(min=1e-12).sqrt()
        figure = (torch.cat([real, imaginary], dim=1) / ratio).sum(1).abs()
        angle = _ordered(torch, self.scale * figure, batch.targets)
        return angle + self.cosine * CoSENT(self.scale)(torch, batch)


@dataclass(frozen=True)
class CosineRegression:
    """The cosine is the score: mean of (cos(a, b) - y)^2. Reimers and Gurevych 2019 (arXiv:1908.10084)."""

    kinds: ClassVar[tuple[str, ...]] = ("scored",)

    def __call__(self, torch: Any, batch: Batch) -> Tensor:
        """See the class."""
        return ((batch.left * batch.right).sum(1) - batch.targets).square().mean()


@dataclass(frozen=True)
class SupervisedContrastive:
    """Texts of one label find each other in the batch.

    mean over anchors i of the mean over p with the label of i of
    -log( exp(s cos(x_i, x_p)) / sum over k other than i of exp(s cos(x_i, x_k)) ).
    Khosla et al. 2020 (arXiv:2004.11362), the sum outside of the logarithm.

    Attributes:
        scale: s.
    """

    kinds: ClassVar[tuple[str, ...]] = ("labels",)
    scale: float = 14.0

    def __call__(self, torch: Any, batch: Batch) -> Tensor:
        """See the class."""
        itself = torch.eye(len(batch.left), dtype=torch.bool, device=batch.left.device)
        scores = (self.scale * batch.left @ batch.left.T).masked_fill(itself, float("-inf"))
        logs = (scores - scores.logsumexp(1, keepdim=True)).masked_fill(itself, 0.0)
        same = (batch.targets[:, None] == batch.targets[None, :]) & ~itself
        count = same.sum(1)
        mean = -(logs * same).sum(1) / count.clamp(min=1)
        return mean[count > 0].mean() if bool((count > 0).any()) else mean.sum() * 0


@dataclass(frozen=True)
class PairMargin:
    """The plain pair loss: similar pairs are pulled together, different pairs pushed apart, up to a margin.

    mean of y D^2 / 2 + (1 - y) max(0, m - D)^2 / 2, where D is the Euclidean distance of the unit vectors,
    and y is 1 for a similar pair and 0 for a different one (a score between is a share of both). Beyond the
    margin m a different pair has no force, so that it cannot run away.
    Different pairs are: of scored pairs, those with low scores; of triplets, anchor and negative; of pairs,
    each a with the b of the example after it in the batch; of labelled texts, those of different labels.
    Hadsell, Chopra, LeCun: Dimensionality Reduction by Learning an Invariant Mapping, 2006.

    Attributes:
        margin: m; distances of unit vectors are 0 to 2, and 1.41 at a right angle.
    """

    kinds: ClassVar[tuple[str, ...]] = ("pairs", "triplets", "scored", "labels")
    margin: float = 1.0

    def __call__(self, torch: Any, batch: Batch) -> Tensor:
        """See the class."""
        if batch.right is None:
            upper = torch.triu(torch.ones(len(batch.left), len(batch.left), dtype=torch.bool), 1)
            one, other = upper.to(batch.left.device).nonzero(as_tuple=True)
            alike = (batch.targets[one] == batch.targets[other]).to(batch.left.dtype)
            return self._mean(torch, batch.left[one], batch.left[other], alike)
        if batch.targets is not None:
            return self._mean(torch, batch.left, batch.right, batch.targets)
        near = self._mean(torch, batch.left, batch.right, 1.0)
        if batch.negatives is not None:
            count = batch.negatives.shape[1]
            far = self._mean(
                torch, batch.left.repeat_interleave(count, 0), batch.negatives.flatten(0, 1), 0.0
            )
        else:
            far = self._mean(torch, batch.left, batch.right.roll(-1, 0), 0.0)
        return (near + far) / 2

    def _mean(self, torch: Any, one: Tensor, other: Tensor, alike: Any) -> Tensor:
        distance = (one - other).square().sum(1).clamp(min=1e-12).sqrt()
        apart = torch.relu(self.margin - distance).square()
        return (alike * distance.square() + (1 - alike) * apart).mean() / 2


def _ordered(torch: Any, figures: Tensor, scores: Tensor) -> Tensor:
    gaps = figures[None, :] - figures[:, None]  # row i, column j: j's figure less i's
    wrong = gaps.masked_fill(scores[:, None] <= scores[None, :], float("-inf"))
    zero = torch.zeros(1, dtype=gaps.dtype, device=gaps.device)
    return torch.cat([zero, wrong.flatten()]).logsumexp(0)


LOSSES: Mapping[str, Any] = {
    "infonce": InfoNCE,
    "triplet": Triplet,
    "cosent": CoSENT,
    "angle": AnglE,
    "cosine": CosineRegression,
    "supcon": SupervisedContrastive,
    "margin": PairMargin,
}
USUAL: Mapping[str, str] = {
    "pairs": "infonce",
    "triplets": "infonce",
    "scored": "cosent",
    "labels": "supcon",
    "texts": "infonce",
}


def loss_of(name: str | Loss | None, kind: str) -> Loss:
    """Give the loss of a name (None: the usual one) for a kind of examples.

    Raises:
        SettingError: there is no such loss, or it does not take such examples.
    """
    if name is None:
        name = USUAL[kind]
    if isinstance(name, str):
        if name not in LOSSES:
            raise SettingError(f"loss is {name!r}", f"Accepted: {', '.join(LOSSES)}.")
        loss: Loss = LOSSES[name]()
    else:
        loss = name
    if kind not in loss.kinds:
        fitting = [one for one, made in LOSSES.items() if kind in made.kinds]
        raise SettingError(
            f"the loss {type(loss).__name__} takes {', '.join(loss.kinds)}, not {kind}",
            f"For {kind}: {', '.join(fitting)}.",
        )
    return loss


def total(torch: Any, loss: Loss, batch: Batch, dims: Sequence[int] = ()) -> Tensor:
    """Give the loss of a batch; with `dims`, the mean over the first so many components (Matryoshka).

    Kusupati et al.: Matryoshka Representation Learning, 2022 (arXiv:2205.13147).
    """
    sizes: Sequence[int | None] = dims or (None,)
    return sum(loss(torch, batch.cut(torch, size)) for size in sizes) / len(sizes)
