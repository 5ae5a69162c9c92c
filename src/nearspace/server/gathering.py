"""From Spaces, in memory or saved, to the site that shows them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nearspace.errors import InputError, SettingError
from nearspace.maps.parquet import save_in
from nearspace.maps.verb import map_space
from nearspace.protocols import Progress, Quiet
from nearspace.results import Map, Report
from nearspace.server.maps import PageMap, maps_of, page_map
from nearspace.server.saving import KINDS
from nearspace.server.shown import NEIGHBORS, ShownSpace
from nearspace.server.site import Site
from nearspace.server.thumbnails import Pictures, Thumbnails
from nearspace.space import Space
from nearspace.store.folder import open_space
from nearspace.store.reports import kept_reports

METHOD = "umap"
FEW = 4  # rows that UMAP needs; a map of fewer is PCA's, and of fewer than 3 there is none
FEWEST = 3
OF_MAP = "map-"  # how the name of the report of a map begins


@dataclass(frozen=True)
class Look:
    """How Spaces are shown.

    Attributes:
        neighbors: true neighbours that are shown for a row; 0: none.
        title: of the page; None: the names of the Spaces.
        seed: of a map that has to be made first.
        workers: threads for that.
        pictures: of the rows of the first Space.

    Raises:
        SettingError: neighbors is negative or above 100.
    """

    neighbors: int = NEIGHBORS
    title: str | None = None
    seed: int = 1
    workers: int | None = None
    pictures: Pictures | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.neighbors <= 100:
            raise SettingError(f"neighbors is {self.neighbors!r}", "Give 0 to 100; 15 is usual.")


Source = Space | str | Path


def site_of(
    sources: Sequence[Source],
    *,
    look: Look = Look(),
    maps: Sequence[Map] = (),
    live: bool,
    progress: Progress = Quiet(),  # noqa: B008
) -> Site:
    """Open Spaces and their maps; a Space without a map gets one by UMAP, which is kept with a saved one.

    Args:
        sources: Spaces, or the folders of saved ones.
        look: how they are shown.
        maps: of the first Space, shown before its own.
        live: whether a server answers searches.
        progress: where the making of a map is shown.

    Raises:
        InputError: nothing was given, or what was is no Space.
    """
    if not sources:
        raise InputError("there is no Space to show", "Give one at least.")
    opened = [(one, None) if isinstance(one, Space) else (open_space(one), Path(one)) for one in sources]
    numbers = range(len(opened))
    shown = [
        _shown(
            space,
            folder,
            number,
            maps=maps if number == 0 else (),
            look=look,
            live=live,
            linked=tuple(other for other in numbers if other != number),
            progress=progress,
        )
        for number, (space, folder) in enumerate(opened)
    ]
    title = look.title if look.title is not None else " and ".join(one.space.name for one in shown)
    return Site(shown, title, live)


def _shown(
    space: Space,
    folder: Path | None,
    number: int,
    *,
    maps: Sequence[Map],
    look: Look,
    live: bool,
    linked: tuple[int, ...],
    progress: Progress,
) -> ShownSpace:
    reports = {} if folder is None else kept_reports(folder)
    given = [page_map(space, laid_out, _name(laid_out, place)) for place, laid_out in enumerate(maps)]
    of_maps = {name.removeprefix(OF_MAP): one for name, one in reports.items() if name.startswith(OF_MAP)}
    found = {one.name: one for one in given} | maps_of(space, folder, of_maps)
    if not found and len(space) >= FEWEST:
        found = {one.name: one for one in [_made(space, folder, look, progress)]}
    of_space = [report for name, report in reports.items() if not name.startswith(OF_MAP)]
    report = Report.join(of_space) if of_space else Report(space.name, ())
    pictures = look.pictures if number == 0 else None
    kinds = KINDS if folder is not None else KINDS[:1]
    return ShownSpace(
        space,
        number,
        folder,
        found,
        report,
        neighbors=look.neighbors,
        save=kinds if live else (),
        thumbnails=None if pictures is None else Thumbnails(space, pictures),
        linked=linked,
    )


def _made(space: Space, folder: Path | None, look: Look, progress: Progress) -> PageMap:
    method = METHOD if len(space) >= FEW else "pca"
    progress.note(f"{space.name}: no map yet; making one with method {method!r}")
    laid_out = map_space(
        space, method=method, limit=None, seed=look.seed, workers=look.workers, progress=progress
    )
    if folder is not None:
        try:
            save_in(folder, laid_out, method)
        except InputError as error:
            progress.note(f"the map is not kept: {error.message}")
    return page_map(space, laid_out, method)


def _name(laid_out: Map, place: int) -> str:
    name = f"{laid_out.method}-{laid_out.coordinates.shape[1]}d"
    return name if place == 0 else f"{name}-{place + 1}"
