"""Colours of points: a scale for numbers and dates, a palette for classes, safe for colour-blind readers."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from nearspace.errors import SettingError
from nearspace.maps.themes import THEMES, Theme, rgb
from nearspace.results import Map

STEPS = 256  # colours of a scale
SKEWED = 50  # largest value over the median from which positive numbers are shown by their logarithm
# span of dates in days -> how exactly its ends are written
UNITS: tuple[tuple[int, Literal["Y", "M", "D", "m"]], ...] = ((1500, "Y"), (120, "M"), (3, "D"), (0, "m"))


@dataclass(frozen=True)
class Coloring:
    """The colours of n points and what the legend says.

    Attributes:
        codes: (n,) uint16 the row of `table` of each point.
        table: (c, 3) float64 in 0..1. A scale has STEPS rows and one more for points without a value.
        label: what is shown.
        ends: what the legend writes at both ends of a scale; empty for classes.
        classes: name and colour of each class; empty for a scale.
    """

    codes: NDArray[np.uint16]
    table: NDArray[np.float64]
    label: str
    ends: tuple[str, ...] = ()
    classes: tuple[tuple[str, NDArray[np.float64]], ...] = ()

    @property
    def rgb(self) -> NDArray[np.float64]:
        """(n, 3) float64 in 0..1."""
        return self.table[self.codes]


def coloring(laid_out: Map, color: str, theme: Theme = THEMES["light"]) -> Coloring:
    """Colour points by trust (always on the scale from 0 to 1), one of its details, or a metadata column.

    Numbers and dates are on a scale, anything else is classes. What is missing or not finite is grey.

    Raises:
        SettingError: there is no such column.
    """
    if color == "trust":
        k = laid_out.settings.get("trust_k")
        of = f": share of {k} neighbours kept" if k else ""
        return _scale(laid_out.trust.astype(np.float64), f"trust{of}", ("0", "1"), (0.0, 1.0), theme)
    if color in laid_out.columns:
        return _column(np.asarray(laid_out.columns[color]), color, theme)
    if color in laid_out.details:
        return _scale(laid_out.details[color].astype(np.float64), color, ("0", "1"), (0.0, 1.0), theme)
    names = ", ".join(("trust", *laid_out.columns, *laid_out.details))
    raise SettingError(f"color is {color!r}, which is no column of the map", f"Accepted: {names}.")


def on_scale(share: NDArray[np.floating[Any]], theme: Theme = THEMES["light"]) -> NDArray[np.float64]:
    """(n,) in 0..1 -> (n, 3) colours, linear between the stops of the scale."""
    stops = np.array([rgb(stop) for stop in theme.scale])
    places = np.linspace(0, 1, len(stops))
    return np.stack([np.interp(share, places, stops[:, channel]) for channel in range(3)], axis=1)


def _column(values: NDArray[Any], label: str, theme: Theme) -> Coloring:
    """Colour by a column, whose kind of values decides how."""
    values = _typed(values)
    if values.dtype.kind == "M":
        return _dates(values, label, theme)
    if values.dtype.kind in "iufm":
        return _numbers(values.astype(np.float64), label, theme)
    if values.dtype.kind == "b":
        return _classes(np.where(values, "true", "false"), label, theme)
    if values.dtype.kind == "O":
        values = np.array(["no value" if value is None else str(value) for value in values.tolist()])
    return _classes(values.astype(str), label, theme)


def _typed(values: NDArray[Any]) -> NDArray[Any]:
    """Give objects that are all dates, numbers or booleans (some may be None) as an array of that type."""
    if values.dtype.kind != "O":
        return values
    present = [value for value in values.tolist() if value is not None]
    if not present:
        return values
    if all(isinstance(value, datetime.date) for value in present):
        days = [np.datetime64("NaT") if value is None else _naive(value) for value in values.tolist()]
        return np.array(days, dtype="datetime64[us]")
    if all(isinstance(value, bool | np.bool_) for value in present):
        return values.astype(bool) if len(present) == len(values) else values
    if all(isinstance(value, int | float | np.number) for value in present):
        return np.array([np.nan if value is None else value for value in values.tolist()], dtype=np.float64)
    return values


def _naive(value: datetime.date) -> datetime.date:
    """Give a time with a zone as the same instant of UTC without one."""
    if isinstance(value, datetime.datetime) and value.tzinfo:
        return value.astimezone(datetime.UTC).replace(tzinfo=None)
    return value


def _numbers(numbers: NDArray[np.float64], label: str, theme: Theme) -> Coloring:
    finite = numbers[np.isfinite(numbers)]
    low, high = (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 1.0)
    ends = (f"{low:,.4g}", f"{high:,.4g}")
    if low > 0 and high > SKEWED * float(np.median(finite)):
        logs = np.log(np.where(numbers > 0, numbers, np.nan))
        return _scale(logs, f"{label} (log)", ends, (np.log(low), np.log(high)), theme)
    return _scale(numbers, label, ends, (low, high), theme)


def _dates(values: NDArray[Any], label: str, theme: Theme) -> Coloring:
    moments = values.astype("datetime64[us]")
    known = moments[~np.isnat(moments)]
    if not len(known):
        return _scale(np.full(len(values), np.nan), label, ("", ""), (0.0, 1.0), theme)
    low, high = known.min(), known.max()
    days = (high - low) / np.timedelta64(1, "D")
    unit = next(unit for least, unit in UNITS if days >= least)
    ends = [str(np.datetime_as_string(end, unit=unit)).replace("T", " ") for end in (low, high)]
    since = np.where(np.isnat(moments), np.nan, (moments - low) / np.timedelta64(1, "D"))
    return _scale(since, label, (ends[0], ends[1]), (0.0, float(days)), theme)


def _scale(
    numbers: NDArray[np.float64],
    label: str,
    ends: tuple[str, str],
    limits: tuple[float, float],
    theme: Theme,
) -> Coloring:
    """Give each number its step between the limits; a single value is in the middle."""
    low, high = limits
    share = (numbers - low) / (high - low) if high > low else np.where(numbers == low, 0.5, np.nan)
    known = np.isfinite(share)
    steps = np.rint(np.clip(np.where(known, share, 0.0), 0, 1) * (STEPS - 1))
    codes = np.where(known, steps, STEPS).astype(np.uint16)
    table = np.vstack([on_scale(np.linspace(0, 1, STEPS), theme), rgb(theme.other)])
    return Coloring(codes, table, label, ends)


def _classes(names: NDArray[Any], label: str, theme: Theme) -> Coloring:
    """Give the most frequent classes a colour of their own, and the rest one together."""
    unique, number_of, counts = np.unique(names, return_inverse=True, return_counts=True)
    ranked = np.argsort(-counts, kind="stable")
    chosen = ranked if len(ranked) <= len(theme.palette) else ranked[: len(theme.palette)]
    place = np.full(len(unique), len(chosen), dtype=np.uint16)
    place[chosen] = np.arange(len(chosen), dtype=np.uint16)
    colors = [rgb(code) for code in theme.palette[: len(chosen)]]
    table = np.array([*colors, rgb(theme.other)])
    legend = [(str(unique[at]), color) for at, color in zip(chosen, colors, strict=True)]
    if len(chosen) < len(ranked):
        legend.append((f"{len(ranked) - len(chosen):,} others", rgb(theme.other)))
    return Coloring(place[number_of], table, label, classes=tuple(legend))


def names_of(classes: Sequence[tuple[str, NDArray[np.float64]]]) -> list[str]:
    """Give the names of classes."""
    return [name for name, _ in classes]
