"""show: the page in a notebook, as a widget that asks its kernel what the page asks a server."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from nearspace.errors import NearspaceError, SettingError
from nearspace.optional import require
from nearspace.protocols import Progress, Quiet
from nearspace.results import Map
from nearspace.server.app import App
from nearspace.server.gathering import Look, Source, site_of
from nearspace.server.guards import Guard
from nearspace.server.shown import NEIGHBORS
from nearspace.server.site import page_file
from nearspace.server.thumbnails import Pictures

THEMES = ("light", "dark", "system")
MODULE = "notebook.js"


def show(
    space: Source,
    *more: Source,
    maps: Sequence[Map] = (),
    neighbors: int = NEIGHBORS,
    pictures: Pictures | None = None,
    title: str | None = None,
    height: int = 640,
    theme: str = "system",
    progress: Progress = Quiet(),  # noqa: B008
) -> Any:
    """Give the page of Spaces as a widget for Jupyter, VS Code, Colab or marimo; it needs its kernel running.

    Args:
        space: a Space, or the folder of a saved one; without a map it gets one by UMAP.
        more: others, shown beside it.
        maps: of the first Space, shown before those in its folder.
        neighbors: true neighbours shown for a point, 0 to 100.
        pictures: `Pictures(column, folder)` of the rows of the first Space, shown as thumbnails.
        title: of the page; None: the names of the Spaces.
        height: in pixels.
        theme: "light", "dark" or "system".
        progress: where the making of a map is shown.

    Raises:
        MissingExtraError: the extra `notebook` is not installed.
        MissingInputError, InputError: there is no such Space.
        SettingError: a setting is out of range.
    """
    if theme not in THEMES:
        raise SettingError(f"theme is {theme!r}", f"Accepted themes: {', '.join(THEMES)}.")
    if not 200 <= height <= 10_000:
        raise SettingError(f"height is {height!r}", "Give 200 to 10000 pixels.")
    anywidget = require("anywidget", extra="notebook", purpose="the view in a notebook")
    traitlets = require("traitlets", extra="notebook", purpose="the view in a notebook")
    look = Look(neighbors, title, pictures=pictures)
    app = App(
        lambda: site_of([space, *more], look=look, maps=maps, live=True, progress=progress),
        Guard("localhost"),
    )
    module = page_file(MODULE)
    assert module is not None  # part of the package
    widget = type(
        "NearspaceView",
        (anywidget.AnyWidget,),
        {
            "_esm": module.body.decode(),
            "height": traitlets.Int(height).tag(sync=True),
            "theme": traitlets.Unicode(theme).tag(sync=True),
        },
    )()
    widget.on_msg(answering(app, widget.send))
    return widget


def answering(app: App, send: Callable[..., None]) -> Callable[[Any, Any, Any], None]:
    """Give what answers the messages of the page: {"number", "path", "body"}, a path or a question."""

    def answer(_: Any, message: Any, buffers: Any) -> None:
        number, path, body = (message.get(name) for name in ("number", "path", "body"))
        try:
            found = app.site.answer(str(path)) if body is None else app.question(str(path), body)
        except NearspaceError as error:
            send({"number": number, "error": _told(error.kind, error.message, error.hint)})
            return
        if found is None:
            send({"number": number, "error": _told("missing", f"there is no {path!r}", "")})
            return
        send({"number": number, "kind": found.kind}, [found.body])

    return answer


def _told(kind: str, message: str, hint: str) -> dict[str, str]:
    return {"kind": kind, "message": message, "hint": hint}
