"""The verb `serve`, with `export`: a Space in the browser, from this machine or from any web server."""

from __future__ import annotations

import socket
import threading
import webbrowser
from collections.abc import Callable, Sequence
from pathlib import Path

from nearspace.errors import OutputError, SettingError
from nearspace.optional import require
from nearspace.protocols import Progress, Quiet
from nearspace.results import Map
from nearspace.server.app import EXTRA, PURPOSE, App
from nearspace.server.export import Exported, export_site
from nearspace.server.gathering import Look, Source, site_of
from nearspace.server.guards import Guard, is_loopback, new_token
from nearspace.server.shown import NEIGHBORS
from nearspace.server.thumbnails import Pictures

HOST, PORT = "127.0.0.1", 8080
TRIED = 20  # ports, if none was asked for


def serve(
    space: Source,
    *more: Source,
    host: str = HOST,
    port: int | None = None,
    token: str | None = None,
    maps: Sequence[Map] = (),
    neighbors: int = NEIGHBORS,
    pictures: Pictures | None = None,
    title: str | None = None,
    open_browser: bool = False,
    announce: Callable[[str], object] = print,
    progress: Progress = Quiet(),  # noqa: B008
) -> None:
    """Show Spaces as a page, with search, until the process is interrupted.

    Whoever can reach the address can read the Spaces, tag rows and save selections beside them; so the page
    is on this machine only, unless another host is given: then every request must show a token.

    Args:
        space: a Space, or the folder of a saved one; without a map it gets one by UMAP.
        more: others, shown beside it.
        host: address to listen at; "0.0.0.0" for all of this machine's.
        port: to listen at; None: 8080, or the first free one after it; 0: any.
        token: that requests must show; None: made if the host is not this machine only.
        maps: of the first Space, shown before those in its folder.
        neighbors: true neighbours shown for a point, 0 to 100.
        pictures: `Pictures(column, folder)` of the rows of the first Space, shown as thumbnails.
        title: of the page; None: the names of the Spaces.
        open_browser: open the page in the user's browser.
        announce: is told the address, when the page is there.
        progress: where the making of a map is shown.

    Raises:
        MissingInputError, InputError: there is no such Space.
        OutputError: the port is taken.
        SettingError: the port or neighbors is out of range.
        MissingExtraError: the extra `serve` is not installed.
    """
    uvicorn = require("uvicorn", extra=EXTRA, purpose=PURPOSE)
    secret = token or (None if is_loopback(host) else new_token())
    look = Look(neighbors, title, pictures=pictures)
    app = App(
        lambda: site_of([space, *more], look=look, maps=maps, live=True, progress=progress),
        Guard(host, secret),
    )
    application = app.asgi()
    listening = _listen(host, port)
    address = _address(host, listening.getsockname()[1], secret)
    announce(f"{app.site.title} is at {address}  (Ctrl-C ends it)")
    settings = uvicorn.Config(application, log_level="warning", lifespan="off", server_header=False)
    threading.Thread(target=app.warm, name="warm", daemon=True).start()
    if open_browser:
        webbrowser.open(address)
    try:
        uvicorn.Server(settings).run(sockets=[listening])
    except KeyboardInterrupt:
        pass
    finally:
        listening.close()


def export(
    space: Source,
    *more: Source,
    to: str | Path,
    maps: Sequence[Map] = (),
    neighbors: int = NEIGHBORS,
    pictures: Pictures | None = None,
    title: str | None = None,
    overwrite: bool = False,
    progress: Progress = Quiet(),  # noqa: B008
) -> Exported:
    """Write the page with the data of Spaces as a folder, or as a zip if `to` ends so.

    The files work from any web server, in any folder of it; nothing is asked of another machine. Neighbours
    of every row are written, and searches go on in the page by key and by arithmetic with vectors (int8,
    where all of them are at most 64 million numbers).

    Args:
        space: a Space, or the folder of a saved one; without a map it gets one by UMAP.
        more: others, shown beside it.
        to: the folder or zip.
        maps: of the first Space, shown before those in its folder.
        neighbors: true neighbours shown for a point, 0 to 100.
        pictures: `Pictures(column, folder)` of the rows of the first Space, shown as thumbnails.
        title: of the page; None: the names of the Spaces.
        overwrite: replace an export that is there; anything else is never replaced.
        progress: where the work is shown.

    Raises:
        MissingInputError, InputError: there is no such Space.
        OutputError: `to` exists, or cannot be written.
        SettingError: neighbors is out of range.
    """
    site = site_of(
        [space, *more],
        look=Look(neighbors, title, pictures=pictures),
        maps=maps,
        live=False,
        progress=progress,
    )
    return export_site(site, to, overwrite=overwrite, progress=progress)


def _listen(host: str, port: int | None) -> socket.socket:
    """Open the port that is asked for, or the first free one."""
    if port is not None and not 0 <= port <= 65_535:
        raise SettingError(f"port is {port!r}", "Give 0 to 65535.")
    wanted = [port] if port is not None else [*range(PORT, PORT + TRIED), 0]
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for number in wanted:
        listening = socket.socket(family, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((host.strip("[]"), number))
            listening.listen()
            return listening
        except OSError as error:
            listening.close()
            problem: OSError = error
    raise OutputError(
        f"cannot listen at {host}:{wanted[-1]}: {problem.strerror}", "Give another port (--port), or none."
    )


def _address(host: str, port: int, token: str | None) -> str:
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{port}/" + ("" if token is None else f"?token={token}")
