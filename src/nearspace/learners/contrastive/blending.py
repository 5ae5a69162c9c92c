"""Between the old weights and the new: as far as the user's data gain and general quality does not fall.

theta(alpha) = (1 - alpha) theta_old + alpha theta_new. Wortsman et al.: Robust fine-tuning of zero-shot
models (WiSE-FT), 2022 (arXiv:2109.01903).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from nearspace.learners.contrastive.differences import Difference, cases_of, difference, value
from nearspace.learners.contrastive.models import Trained, Weights
from nearspace.learners.contrastive.tasks import Figures, Task

ALPHAS = (1.0, 0.8, 0.6, 0.4, 0.2)


@dataclass(frozen=True)
class Blend:
    """One place between old and new.

    Attributes:
        alpha: 0 is old, 1 is new.
        choice: figure of the held-out choice.
        probe: differences of the probe to the old weights; empty where it was not asked.
    """

    alpha: float
    choice: float
    probe: tuple[Difference, ...] = ()

    @property
    def harmful(self) -> bool:
        """A figure of the probe falls, by its whole interval."""
        return any(one.worse for one in self.probe)

    def to_json(self) -> dict[str, Any]:
        """Give all by name."""
        return {
            "alpha": self.alpha,
            "choice": self.choice,
            "probe": [one.to_json() for one in self.probe],
            "harmful": self.harmful,
        }


def blended(old: Weights, new: Weights, alpha: float) -> Weights:
    """Interpolate between two sets of weights."""
    return {name: old[name] + alpha * (new[name] - old[name]) for name in old} if alpha < 1 else new


def choose(
    model: Trained,
    old: Weights,
    choice: Task,
    floor: float,
    probes: Sequence[tuple[Task, Figures]],
    seed: int,
) -> tuple[float | None, list[Blend]]:
    """Set the model to the best place between `old` and its weights; give alpha and the places tried.

    `floor` is the figure of `choice` with the old weights; `probes` come with what their cases were judged by
    then. Places are tried in the order of the figure of the held-out choice, best first, as long as it is
    above that of the old weights; the first one at which no figure of the probe falls is taken. If there is
    none, alpha is None and the weights are the new ones.
    """
    new = model.weights()
    figures = {}
    for alpha in ALPHAS:
        model.set_weights(blended(old, new, alpha))
        figures[alpha] = value(choice, cases_of(choice, model.encode))
    tried = []
    chosen: float | None = None
    for alpha in sorted(ALPHAS, key=lambda one: (-figures[one], -one)):
        if chosen is not None or not figures[alpha] > floor:
            tried.append(Blend(alpha, figures[alpha]))
            continue
        model.set_weights(blended(old, new, alpha))
        differences = tuple(
            difference(task, then, cases_of(task, model.encode), seed) for task, then in probes
        )
        tried.append(Blend(alpha, figures[alpha], differences))
        if not tried[-1].harmful:
            chosen = alpha
    model.set_weights(blended(old, new, 1.0 if chosen is None else chosen))
    return chosen, sorted(tried, key=lambda one: -one.alpha)
