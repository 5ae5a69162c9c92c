"""export: the page with its data as a folder or a zip, for any web server."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from nearspace.files import new_file, new_folder
from nearspace.protocols import Progress
from nearspace.server.site import Site

ZIP = ".zip"
MARK = Path("data") / "index.json"
Write = Callable[[str, bytes], None]


@dataclass(frozen=True)
class Exported:
    """What `export` wrote.

    Attributes:
        path: of the folder or zip.
        files: how many.
        bytes: of all of them.
    """

    path: str
    files: int
    bytes: int

    def to_json(self) -> dict[str, Any]:
        """Give a JSON-able dict."""
        return asdict(self)


def export_site(site: Site, path: str | Path, *, overwrite: bool, progress: Progress) -> Exported:
    """Write every file of a site; a crash leaves what was there before, or all of it.

    Raises:
        OutputError: `path` exists and may not be replaced, or cannot be written.
    """
    files = size = 0
    paths = list(site.paths())
    with (
        _writer(Path(path), overwrite) as write,
        progress.task(f"exporting {path}", total=len(paths), unit="files") as task,
    ):
        for name in paths:
            answer = site.answer(name)
            if answer is not None:
                write(name, answer.body)
                files, size = files + 1, size + len(answer.body)
            task.advance(1)
    return Exported(str(path), files, size)


def is_export(folder: Path) -> bool:
    """Tell whether a folder is an export, which may be replaced."""
    try:
        return isinstance(json.loads((folder / MARK).read_text("utf-8"))["spaces"], list)
    except (OSError, ValueError, KeyError, TypeError):
        return False


@contextmanager
def _writer(path: Path, overwrite: bool) -> Iterator[Write]:
    if path.suffix.lower() == ZIP:
        with new_file(path, overwrite=overwrite) as draft, zipfile.ZipFile(draft, "w") as archive:
            yield lambda name, body: archive.writestr(_entry(name), body)
        return
    with new_folder(path, overwrite=overwrite, replaceable=is_export) as folder:

        def write(name: str, body: bytes) -> None:
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(body)

        yield write


def _entry(name: str) -> zipfile.ZipInfo:
    """Give the head of a file in a zip: the same bytes for the same files, whenever they are written."""
    entry = zipfile.ZipInfo(name)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    return entry
