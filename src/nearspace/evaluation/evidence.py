"""The one door by which a figure leaves the evaluation: with its interval, its baseline and its n."""

from __future__ import annotations

from collections.abc import Mapping

from nearspace.evaluation.bootstrap import Figure, percentile, resampled, stream, value_of
from nearspace.evaluation.proportion import wilson
from nearspace.results import Measure


def measured(
    name: str,
    figure: Figure,
    baseline: Mapping[str, float],
    *,
    seed: int,
    samples: int,
    coverage: float | None = None,
) -> Measure:
    """Make the Measure of a figure; there is no other way in `evaluation` to make one.

    The 95 % interval is the percentile bootstrap's; for a share of cases it is widened to Wilson's, which
    is the longer one where (almost) all cases are right or wrong. `coverage` is the share of cases that were
    judged, if these are not the units that the figure is resampled over.

    Raises:
        ValueError: no baseline, or no case was judged (a mistake of the caller, not of the user).
    """
    if figure.cases < 1:
        raise ValueError(f"measure {name!r} rests on no case")
    value = value_of(figure)
    low, high = percentile(resampled(figure, stream(seed, name, "bootstrap"), samples), value)
    if figure.share:
        least, most = wilson(value, figure.cases)
        low, high = min(low, least), max(high, most)
    return Measure(
        name=name,
        value=value,
        low=low,
        high=high,
        baseline=dict(baseline),
        n=figure.cases,
        coverage=figure.cases / figure.total if coverage is None else coverage,
    )
