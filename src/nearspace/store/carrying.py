"""Mapped rows carried over to a version of the table that has the same rows, as after an index was made."""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import asdict
from pathlib import Path

from nearspace.files import new_folder, share_file
from nearspace.store.rows import FOLDER, PREFIX, STAMP, remove_sets, stored_sets
from nearspace.store.table import TableVersion


def carry_rows(folder: Path, old: TableVersion, new: TableVersion) -> None:
    """Give the mapped rows of version `old` a second name as those of `new`; nothing if there are none.

    The caller holds the writer lock and knows that both versions have the same rows at the same places.
    """
    for number, path in stored_sets(folder):
        if number != old.number:
            continue
        with contextlib.suppress(OSError, ValueError, KeyError):
            stamp = json.loads((path / STAMP).read_bytes())
            if stamp["table"] != asdict(old):
                continue
            target = folder / FOLDER / f"{PREFIX}{new.number:08d}-{os.urandom(4).hex()}"
            with new_folder(target, replaceable=lambda _: False) as draft:
                for file in path.iterdir():
                    if file.name != STAMP and not file.name.startswith("."):
                        share_file(file, draft / file.name)
                stamp["table"] = asdict(new)
                (draft / STAMP).write_text(json.dumps(stamp, indent=1) + "\n", encoding="utf-8")
            remove_sets(folder, target, new.number)
            return
