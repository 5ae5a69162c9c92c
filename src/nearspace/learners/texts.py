"""texts: a table of texts becomes a Space of passages, batch by batch; the same call brings it up to date."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nearspace.data.documents import Documents, open_documents
from nearspace.data.passages import Passages
from nearspace.data.table_keys import content_hashes
from nearspace.encoders.external import KIND as EXTERNAL
from nearspace.errors import EncoderMismatchError, InputError, SettingError
from nearspace.keys import Keys
from nearspace.learners.text_encoders import LEARNED, encoder_for
from nearspace.learners.text_rows import COLUMNS, DUPLICATES, EMPTY, RowMaker, Rows
from nearspace.optional import versions
from nearspace.protocols import Encoder, Progress, Quiet
from nearspace.space import Recipe, Space
from nearspace.store.dataset import KEY, RESERVED
from nearspace.store.description import is_space, read_description
from nearspace.store.editor import Change, Editor, editing, source_of
from nearspace.store.folder import open_space, save
from nearspace.store.seen import HashPlaces, SeenTexts, short_hashes

BATCH = 2_000  # rows that are written at once


@dataclass(frozen=True)
class TextsChange:
    """What became of a table of texts.

    Attributes:
        count: rows of the Space.
        dim: components of a vector.
        documents: that were read.
        passages: rows that they make.
        added, replaced, unchanged: such rows.
        removed: passages that the documents no longer have.
        encoded: texts that were encoded; rows of the same text need it once.
        empty: documents that were left out, as they have no word.
        duplicates: rows that were left out, as another has the same text.
        version: of the table afterwards.
        seconds: wall time.
    """

    count: int = 0
    dim: int = 0
    documents: int = 0
    passages: int = 0
    added: int = 0
    replaced: int = 0
    unchanged: int = 0
    removed: int = 0
    encoded: int = 0
    empty: int = 0
    duplicates: int = 0
    version: int = 0
    seconds: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """Give a JSON-able dict, with the passages a second."""
        rate = round(self.passages / max(self.seconds, 1e-9))
        return asdict(self) | {"seconds": round(self.seconds, 3), "items_per_second": rate}


def texts(
    table: Any,
    path: str | Path,
    *,
    text: str = "text",
    key: str | None = None,
    meta: Sequence[str] | None = None,
    encoder: Encoder | Space | str | None = None,
    passages: Passages | None = Passages(),  # noqa: B008
    progress: Progress = Quiet(),  # noqa: B008
    **settings: Any,
) -> Space:
    """Learn a Space of texts: see `write_texts`, which takes the same and tells what it did."""
    write_texts(
        table, path, text=text, key=key, meta=meta, encoder=encoder, passages=passages, progress=progress,
        **settings,
    )  # fmt: skip
    return open_space(path)


def write_texts(
    table: Any,
    path: str | Path,
    *,
    text: str = "text",
    key: str | None = None,
    meta: Sequence[str] | None = None,
    encoder: Encoder | Space | str | None = None,
    passages: Passages | None = Passages(),  # noqa: B008
    empty: str = "skip",
    duplicates: str = "keep",
    format: str | None = None,  # noqa: A002
    errors: str = "strict",
    seed: int = 1,
    batch: int = BATCH,
    overwrite: bool = False,
    wait: float | None = 0.0,
    workers: int | None = None,
    progress: Progress = Quiet(),  # noqa: B008
) -> TextsChange:
    """Place texts by an encoder and save them as a Space, batch by batch.

    The table may be larger than memory. Cut off at any moment, the same call goes on where it was. Called
    again with a changed table, it brings the Space up to date: what has changed is encoded, passages that a
    document no longer has are removed, and nothing else is touched; documents that the table does not have
    stay.

    Args:
        table: see `nearspace.data.documents.open_documents`: a table, a folder of text files, a text file.
        path: of the Space, new or begun by an earlier call.
        text: column of the texts, which the Space has too.
        key: column of the keys; None: "key" if there is such a column, else the number of the row.
        meta: further columns to keep; None: all.
        encoder: an encoder; a Space or its path, whose encoder or words place the texts; a model, as
            `encoders.models.open_model` takes it; or what is learned from these texts first: "lsa", "tfidf",
            "words" (skip-gram vectors, weighted as SIF does). None: that of the Space if there is one, else
            "lsa".
        passages: how long texts are split; the key of a row is then "DOCUMENT#NUMBER", and it has the columns
            document, passage, start and end (in characters of the document). None: a text is a row.
        empty: texts without a word are left out ("skip") or refused ("refuse").
        duplicates: rows of the same text are all kept ("keep"), or only the first of them ("drop").
        format, errors: as `open_documents`.
        seed: of an encoder that is learned from the texts.
        batch: rows that are written at once, as one version of the table.
        overwrite: replace a Space that is there, instead of bringing it up to date.
        wait: seconds to wait for another writer; None: as long as it takes.
        workers: threads of an encoder that is learned; they change no result.
        progress: where the work is shown.

    Raises:
        InputError, EncodingError, MissingInputError: a source, column or text is not what it should be.
        DuplicateKeyError: two documents have one key.
        EncoderMismatchError: the Space that is there was made by another encoder, or of another column.
        SettingError: a setting is not accepted.
        BusyError, OutputError: as `upsert`.
    """
    began = time.perf_counter()
    _check_settings(empty, duplicates, batch)
    target = Path(path)
    read = open_documents(
        table, text=text, key=key, meta=meta, format=format, errors=errors, progress=progress
    )
    _check_names(read, text, passages)
    if read.numbered:
        progress.note(f"{read.name} has no column of keys: the number of a row is its key")
    if overwrite or not is_space(target):
        _create(target, read, text, encoder, passages, seed, overwrite, workers, progress)
    else:
        _check_space(target, text, encoder, passages)
    maker = RowMaker(read, text, passages, empty)
    with (
        editing(target, wait) as editor,
        progress.task(f"placing texts of {read.name}", unit="texts") as task,
    ):
        writer = Writer(editor, duplicates == "drop")
        for rows in maker.rows(batch):
            writer.write(rows)
            task.advance(len(rows.table))
        change, count = writer.change, int(editor.dataset.count_rows())
    return TextsChange(
        count=count,
        dim=editor.described.dim,
        documents=maker.documents,
        passages=maker.passages,
        added=change.added,
        replaced=change.replaced,
        unchanged=change.unchanged,
        removed=change.deleted,
        encoded=writer.seen.encoded,
        empty=maker.empty,
        duplicates=writer.dropped,
        version=change.version,
        seconds=time.perf_counter() - began,
    )


class Writer:
    """Writes rows of texts into a Space, and removes passages that their documents no longer have."""

    def __init__(self, editor: Editor, drop: bool) -> None:
        source = source_of(editor)
        if source.encoder is None:
            raise InputError(
                f"the Space {editor.space.name!r} has no encoder that could place texts",
                "Learn the texts into another Space.",
            )
        self._editor, self._drop = editor, drop
        self._content = str(source.content)
        self.seen = SeenTexts(source.encoder, editor)
        self._source = dataclasses.replace(source, encoder=self.seen)
        self._last = _last_passages(editor)
        self.change = Change(editor.version)
        self.dropped = 0

    def write(self, rows: Rows) -> None:
        """Put a batch in."""
        editor, table = self._editor, rows.table
        gone = self._beyond(rows.ends)
        if self._drop and len(table):
            table, doubles = self._first_of_each(table)
            gone += doubles
        if len(table):
            editor.add_columns(table.schema)
            self.change += editor.upsert(table, self._source, rows.where)
            places = editor.places(_keys(table))
            self.seen.note(content_hashes(table.column(self._content)), places)
        if gone:
            self.change += editor.delete(Keys(gone))

    def _first_of_each(self, table: Any) -> tuple[Any, list[str]]:
        """Give the rows whose text no other row has, and the keys of the others."""
        import pyarrow as pa

        hashes = content_hashes(table.column(self._content))
        kept = self.seen.first_of_each(hashes, self._editor.places(_keys(table)))
        self.dropped += int((~kept).sum())
        return table.filter(pa.array(kept)), table.column(KEY).filter(pa.array(~kept)).to_pylist()

    def _beyond(self, ends: Sequence[tuple[str, int]]) -> list[str]:
        """Give the keys of the passages that were after what is the last one of each document now."""
        if not ends or not len(self._last):
            return []
        last = self._last.find(short_hashes(content_hashes([document for document, _ in ends])))
        return [
            f"{document}#{number}"
            for (document, now), was in zip(ends, last.tolist(), strict=True)
            for number in range(now + 1, was + 1)
        ]


def _last_passages(editor: Editor) -> HashPlaces:
    """Document -> number of its last passage, in a Space that is there."""
    found, columns = HashPlaces(), editor.snapshot.columns
    if not len(editor.snapshot) or not {"document", "passage"} <= set(columns):
        return found
    hashes = short_hashes(content_hashes(columns.arrow("document")))
    numbers = columns.arrow("passage").to_numpy().astype(np.int64)
    order = np.lexsort((-numbers, hashes))
    found.add(hashes[order], numbers[order])
    return found


def _keys(table: Any) -> Keys:
    return Keys(table.column(KEY).to_pylist())


def _check_settings(empty: str, duplicates: str, batch: int) -> None:
    for name, value, accepted in (("empty", empty, EMPTY), ("duplicates", duplicates, DUPLICATES)):
        if value not in accepted:
            raise SettingError(f"{name} is {value!r}", f"Accepted: {', '.join(accepted)}.")
    if batch < 1:
        raise SettingError(f"batch is {batch}", "A batch has at least 1 row.")


def _check_names(read: Documents, text: str, passages: Passages | None) -> None:
    taken = {*RESERVED, text, *(COLUMNS if passages else ())}
    for name in read.meta:
        if name in taken:
            raise InputError(
                f"{read.name}: the column {name!r} would hide the one of the Space that has this name",
                f"Rename it, or leave it out: name the others with meta= (--meta). Names of the Space: "
                f"{', '.join(sorted(taken))}.",
            )
    if text in RESERVED or (passages and text in COLUMNS):
        raise InputError(f"{read.name}: the column of the texts is called {text!r}", "Rename it.")


def _create(
    target: Path,
    read: Documents,
    text: str,
    encoder: Encoder | Space | str | None,
    passages: Passages | None,
    seed: int,
    overwrite: bool,
    workers: int | None,
    progress: Progress,
) -> None:
    made, how = encoder_for(encoder, read, seed=seed, workers=workers, progress=progress)
    if made.kind == EXTERNAL:
        raise InputError(
            f"the encoder {made.fingerprint!r} runs elsewhere and can encode nothing here",
            "Make the vectors there, and give them as a column 'vector' to upsert, with encoder= its name.",
        )
    recipe = Recipe(
        "texts",
        {"text": text, "passages": passages and asdict(passages), **how},
        seed=seed if how["encoder"] in LEARNED else None,
        versions=versions("numpy", "pylance"),
    )
    vectors = np.empty((0, made.dim), dtype=np.float32)
    space = Space(Keys(), vectors, encoder=made, recipe=recipe, content=text)
    save(space, target, overwrite=overwrite)


def _check_space(
    target: Path, text: str, encoder: Encoder | Space | str | None, passages: Passages | None
) -> None:
    described = read_description(target)
    ours: Any = described.encoder or {"kind": "no encoder", "fingerprint": ""}
    if described.content != text:
        raise EncoderMismatchError(
            f"{str(target)!r} holds texts of the column {described.content!r}, not {text!r}",
            "Choose another output, replace it with overwrite (--overwrite), or name that column.",
        )
    settings = described.recipe.settings
    split = passages and asdict(passages)
    if "passages" in settings and settings["passages"] != split:
        raise SettingError(
            f"{str(target)!r} was split with passages {settings['passages']}, not {split}",
            "Choose another output, replace it with overwrite (--overwrite), or split as before.",
        )
    if isinstance(encoder, str) and encoder in LEARNED:
        same = settings.get("encoder") == encoder
        shown = encoder
    elif encoder is not None:
        made, _ = encoder_for(encoder, None)
        same, shown = made.fingerprint == ours["fingerprint"], f"{made.kind} {made.fingerprint}"
    else:
        same, shown = True, ""
    if not same:
        raise EncoderMismatchError(
            f"{str(target)!r} was placed by {ours['kind']} {ours['fingerprint']}, not by {shown}",
            "Choose another output, replace it with overwrite (--overwrite), or leave the encoder out.",
        )
