"""How a Space is measured: the settings that all families of test sets share."""

from __future__ import annotations

from dataclasses import dataclass

from nearspace.errors import SettingError
from nearspace.search.methods import check_method


@dataclass(frozen=True)
class MeasureSettings:
    """Settings of a measurement.

    Attributes:
        restrict: analogies are asked among this many most frequent words (None: among all).
        method: how analogies are solved, one of `search.methods.METHODS`.
        oov: let the Space's encoder place words that are no keys (not in analogies).
        seed: of the bootstrap, of the random baselines and of the clustering.
        samples: how many test sets the bootstrap draws.

    Raises:
        SettingError: a setting is outside its range.
    """

    restrict: int | None = 30_000
    method: str = "3cosadd"
    oov: bool = False
    seed: int = 1
    samples: int = 1000

    def __post_init__(self) -> None:
        if self.restrict is not None and self.restrict < 4:
            raise SettingError(
                f"restrict is {self.restrict}, expected at least 4", "Use None for all words of the Space."
            )
        check_method(self.method)
        if self.seed < 0:
            raise SettingError(f"seed is {self.seed}, expected 0 or more", "Choose another seed.")
        if self.samples < 100:
            raise SettingError(
                f"samples is {self.samples}, expected at least 100", "1000 is a good number of samples."
            )
