"""The settings of a training run."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from nearspace.errors import SettingError
from nearspace.learners.contrastive.losses import Loss

PRECISIONS = ("auto", "f32", "bf16")


@dataclass(frozen=True)
class Head:
    """A linear map of the vectors, which begins as the identity; the transformer stays as it is."""

    name: ClassVar[str] = "head"
    lr: ClassVar[float] = 1e-4


@dataclass(frozen=True)
class LoRA:
    """Low-rank additions to the linear layers, merged into the weights at the end.

    W + (alpha / rank) B A, with A random and B zero at first. Hu et al. 2021 (arXiv:2106.09685).

    Attributes:
        rank: of the addition.
        alpha: its scale.
    """

    name: ClassVar[str] = "lora"
    lr: ClassVar[float] = 2e-4
    rank: int = 16
    alpha: float = 32.0

    def __post_init__(self) -> None:
        _above("rank", self.rank, 0)
        _above("alpha", self.alpha, 0)


@dataclass(frozen=True)
class Full:
    """All weights but those of the table of tokens."""

    name: ClassVar[str] = "full"
    lr: ClassVar[float] = 2e-5


TUNES = {"head": Head, "lora": LoRA, "full": Full}


@dataclass(frozen=True)
class Mining:
    """Hard negatives: wrong answers that the current model takes for near.

    Of the nearest `depth` candidates of an anchor those go out that are known positives, and those whose
    score is above `guard` times the score of its own positive, as they may be right without being marked so
    (false negatives). The nearest of the rest are taken. de Souza P. Moreira et al.: NV-Retriever, 2024
    (arXiv:2407.15831): "percentage of the positive".

    Attributes:
        negatives: taken of each anchor.
        guard: share of the positive's score.
        depth: nearest candidates that are looked at.
        every: epochs between two minings.
    """

    negatives: int = 1
    guard: float = 0.95
    depth: int = 50
    every: int = 1

    def __post_init__(self) -> None:
        for name in ("negatives", "guard", "depth", "every"):
            _above(f"{name} of the mining", getattr(self, name), 0)


@dataclass(frozen=True)
class Contrastive:
    """How an encoder is trained.

    Attributes:
        loss: a name of `losses.LOSSES` or such a loss; None: the usual one of the examples.
        tune: what is trained: "head", "lora", "full" or one of these records.
        epochs: passes over the examples, at most.
        batch: examples of a step, all of which see each other, however few fit into memory at once.
        lr: largest step size; None: that of `tune`.
        dims: sizes that vectors can be cut to (Matryoshka); empty: none.
        mining: of hard negatives, for pairs; None: not.
        seed: of everything random.
    """

    loss: str | Loss | None = None
    tune: str | Head | LoRA | Full = "lora"
    epochs: int = 4
    batch: int = 64
    lr: float | None = None
    dims: tuple[int, ...] = ()
    mining: Mining | None = None
    seed: int = 1

    def __post_init__(self) -> None:
        _above("epochs", self.epochs, 0)
        _above("batch", self.batch, 1)
        if isinstance(self.tune, str) and self.tune not in TUNES:
            raise SettingError(f"tune is {self.tune!r}", f"Accepted: {', '.join(TUNES)}.")
        if self.lr is not None:
            _above("lr", self.lr, 0)
        for dim in self.dims:
            _above("a size of dims", dim, 1)

    @property
    def tuned(self) -> Head | LoRA | Full:
        """What is trained, as a record."""
        made: Head | LoRA | Full = TUNES[self.tune]() if isinstance(self.tune, str) else self.tune
        return made

    @property
    def step_size(self) -> float:
        """The largest step size."""
        return self.tuned.lr if self.lr is None else self.lr

    def to_json(self) -> dict[str, Any]:
        """Give every setting by name, JSON values only."""
        loss = self.loss if self.loss is None or isinstance(self.loss, str) else _plain(self.loss)
        return {
            "loss": loss,
            "tune": _plain(self.tuned),
            "epochs": self.epochs,
            "batch": self.batch,
            "lr": self.step_size,
            "dims": list(self.dims),
            "mining": None if self.mining is None else asdict(self.mining),
            "seed": self.seed,
        }


@dataclass(frozen=True)
class Machine:
    """Where and how a run computes; it changes no result but in the last digits.

    Attributes:
        device: of torch; None: a GPU if there is one.
        precision: "f32", "bf16", or "auto": bf16 where the machine multiplies it faster.
        tokens: that are in memory at once, forward and backward; halved when memory runs out.
    """

    device: str | None = None
    precision: str = "auto"
    tokens: int = 4_096

    def __post_init__(self) -> None:
        _above("tokens", self.tokens, 0)
        if self.precision not in PRECISIONS:
            raise SettingError(f"precision is {self.precision!r}", f"Accepted: {', '.join(PRECISIONS)}.")


def _plain(part: Any) -> dict[str, Any]:
    return {"name": getattr(part, "name", type(part).__name__), **asdict(part)}


def _above(name: str, value: float, least: float) -> None:
    if not value > least:
        raise SettingError(f"{name} is {value}", f"It must be above {least}.")
