"""The four families of word test sets: how each is read, and which sets come with the package."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import resources
from os import PathLike
from pathlib import Path

from nearspace.errors import MissingInputError, SettingError
from nearspace.evaluation import analogies, categories, outliers, similarity
from nearspace.evaluation.wordset import WordSet

Source = str | PathLike[str] | WordSet
Sources = Source | Iterable[Source] | None


@dataclass(frozen=True)
class Family:
    """How test sets of one kind are read.

    Attributes:
        read: file or folder -> test set.
        packaged: name -> file of the sets that come with the package.
    """

    read: Callable[[Path], WordSet]
    packaged: dict[str, str]


FAMILIES: dict[str, Family] = {
    "similarity": Family(similarity.read, {"wordsim353": "wordsim353.tsv"}),
    "analogies": Family(analogies.read, {"google": "google.txt.xz"}),
    "categories": Family(categories.read, {"nouns100": "nouns100.csv"}),
    "outliers": Family(outliers.read, {"groups25": "groups25.csv"}),
}


def load(family: str, source: Source) -> WordSet:
    """Give the packaged set of a name, the set in a file or folder, or the set itself.

    Raises:
        SettingError: neither a packaged name nor an existing path; lists the accepted names.
        MissingInputError: no such file.
    """
    if not isinstance(source, (str, PathLike)):
        return source
    packaged = FAMILIES[family].packaged
    if isinstance(source, str) and source in packaged:
        with resources.as_file(resources.files("nearspace.evaluation") / "data" / packaged[source]) as path:
            return FAMILIES[family].read(path)
    path = Path(source)
    if not path.exists():
        accepted = f"Accepted names of {family}: {', '.join(packaged)}; or the path of a file."
        if isinstance(source, str) and path.suffix == "" and path.name == source:
            raise SettingError(f"{source!r} is no test set of {family}", accepted)
        raise MissingInputError(f"{path}: no such file", accepted)
    return FAMILIES[family].read(path)


def load_all(chosen: dict[str, Sources]) -> tuple[list[WordSet], bool]:
    """Load the sets of each family, in the order of `FAMILIES`; all packaged ones if every choice is None.

    Also tells whether it came to that.

    Raises:
        SettingError: two sets have one name, or nothing is chosen; also what `load` raises.
    """
    by_default = all(sources is None for sources in chosen.values())
    if by_default:
        chosen = {family: tuple(FAMILIES[family].packaged) for family in FAMILIES}
    tests = [load(family, source) for family in FAMILIES for source in _many(chosen.get(family))]
    names = [test.name for test in tests]
    if not names:
        raise SettingError("no test set was chosen", "Leave all four out to use the packaged sets.")
    for name in names:
        if names.count(name) > 1:
            raise SettingError(f"two test sets are called {name!r}", "Rename one of the files.")
    return tests, by_default


def _many(sources: Sources) -> list[Source]:
    if sources is None:
        return []
    if isinstance(sources, (str, PathLike)) or hasattr(sources, "usable"):
        return [sources]  # type: ignore[list-item]
    return list(sources)  # type: ignore[arg-type]
