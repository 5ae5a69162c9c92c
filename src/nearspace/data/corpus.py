"""A corpus: any source of text in; its vocabulary and a stream of token ids on disk out, in one pass."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nearspace.data.corpus_scan import Encoded, Scanner
from nearspace.data.corpus_stream import Stream
from nearspace.data.phrases import Phrases, join_phrases
from nearspace.data.text_files import Piece
from nearspace.data.text_sources import Opened, Source, open_source
from nearspace.data.vocabulary import Vocabulary, by_frequency, pick
from nearspace.errors import EmptyVocabularyError, InputError, SettingError
from nearspace.keys import Keys
from nearspace.protocols import Progress, Quiet

_LOOK = 1 << 18  # entries of the stream that are looked at together


@dataclass(frozen=True)
class CorpusSettings:
    """How text becomes tokens, and which of them make the vocabulary.

    Attributes:
        min_count: words that come less often are left out.
        max_vocab: at most so many words, the most frequent; None: all.
        lowercase: lower the words (not those of token lists or of a tokenizer of the user's).
        tokenizer: line -> tokens; None: the default, see `text_characters`.
        phrases: which neighbouring words are joined, see Phrases; None: none are.
        errors: "strict": invalid UTF-8 is an error; "replace": it separates words.
    """

    min_count: int = 5
    max_vocab: int | None = None
    lowercase: bool = True
    tokenizer: Callable[[str], Iterable[str]] | None = None
    phrases: Phrases | None = None
    errors: str = "strict"

    def __post_init__(self) -> None:
        if self.min_count < 1:
            raise SettingError(f"min_count is {self.min_count}", "It must be 1 or more.")
        if self.max_vocab is not None and self.max_vocab < 2:
            raise SettingError(f"max_vocab is {self.max_vocab}", "It must be 2 or more, or None for all.")
        if self.errors not in ("strict", "replace"):
            raise SettingError(f"errors is {self.errors!r}", "Accepted: 'strict', 'replace'.")


@dataclass(frozen=True)
class Prepared:
    """A corpus that is ready for training."""

    vocabulary: Vocabulary
    stream: Stream


def prepare(
    source: Source, settings: CorpusSettings | None = None, *, folder: Path, progress: Progress | None = None
) -> Prepared:
    """Read `source` once; write the ids of its tokens into `folder`, and count its words.

    Args:
        source: a path (file or folder, also gz, xz, zst, bz2), "-" for the standard input, or an iterable of
            Paths, of strings (each a line or a document) or of token lists; see docs/data.md.
        settings: see CorpusSettings.
        folder: an existing folder; the stream file in it belongs to the caller.
        progress: where the reading is shown.

    Raises:
        MissingInputError, InputError, EncodingError: the source cannot be read or is no text.
        EmptyVocabularyError: fewer than two words are left, or no line has two of them.
        OutputError: `folder` cannot be written.
    """
    settings = settings or CorpusSettings()
    name, encoded = _encode(source, settings, folder, progress or Quiet())
    ids = np.flatnonzero(encoded.counts[: encoded.types] >= settings.min_count)
    ids = by_frequency(encoded.names, encoded.starts, encoded.counts, ids)[: settings.max_vocab]
    keys = pick(encoded.names, encoded.starts, ids)
    remap = np.full(encoded.types + 1, -1, dtype=np.int32)
    remap[ids] = np.arange(len(ids), dtype=np.int32)
    counts = encoded.counts[ids]
    return _checked(
        name, encoded, settings, Vocabulary(keys, counts, encoded.tokens), remap, int(counts.sum())
    )


def continue_with(
    source: Source,
    settings: CorpusSettings | None = None,
    *,
    keys: Keys,
    counts: NDArray[np.int64],
    folder: Path,
    progress: Progress | None = None,
) -> Prepared:
    """Read more text for a vocabulary that exists: its words keep their rows, new ones are appended.

    New words are those that reach `min_count` in the new text, in order of their counts, up to `max_vocab`
    words in all. The counts of the vocabulary are the old ones plus the new ones; `stream.kept` and `total`
    count the new text. Arguments and errors as for `prepare`.
    """
    settings = settings or CorpusSettings()
    name, encoded = _encode(source, settings, folder, progress or Quiet())
    rows = _rows_of(pick(encoded.names, encoded.starts, np.arange(encoded.types)), keys)
    come = encoded.counts[: encoded.types]
    known = np.flatnonzero(rows >= 0)
    fresh = np.flatnonzero((rows < 0) & (come >= settings.min_count))
    fresh = by_frequency(encoded.names, encoded.starts, come, fresh)
    if settings.max_vocab is not None:
        fresh = fresh[: max(settings.max_vocab - len(keys), 0)]
    remap = np.full(encoded.types + 1, -1, dtype=np.int32)
    remap[known] = rows[known]
    remap[fresh] = len(keys) + np.arange(len(fresh), dtype=np.int32)
    added = np.zeros(len(keys) + len(fresh), dtype=np.int64)
    added[remap[known]], added[remap[fresh]] = come[known], come[fresh]
    kept = int(added.sum())
    added[: len(keys)] += counts
    extended = _appended(keys, pick(encoded.names, encoded.starts, fresh))
    return _checked(name, encoded, settings, Vocabulary(extended, added, encoded.tokens), remap, kept)


def _encode(
    source: Source, settings: CorpusSettings, folder: Path, progress: Progress
) -> tuple[str, Encoded]:
    """Read everything; what the source is called, and the encoded corpus."""
    opened = open_source(source, settings.tokenizer, settings.errors, progress)
    path = folder / "corpus.ids"
    with Scanner(path, lowercase=settings.lowercase, errors=settings.errors, progress=progress) as scanner:
        _read_all(opened, scanner, progress)
        encoded = scanner.finish()
        if settings.phrases is not None:
            encoded = join_phrases(encoded, settings.phrases, settings.min_count, progress)
    return opened.name, encoded


def _read_all(opened: Opened, scanner: Scanner, progress: Progress) -> None:
    """Read in this thread, which may run the user's code, and scan in another."""
    inbox: queue.Queue[Piece | None] = queue.Queue(maxsize=2)
    failed: list[Exception] = []

    def work() -> None:
        while (piece := inbox.get()) is not None:
            if not failed:
                try:
                    scanner.feed(piece)
                except Exception as error:
                    failed.append(error)

    thread = threading.Thread(target=work, name="nearspace-corpus", daemon=True)
    thread.start()
    try:
        with progress.task("reading", total=opened.total, unit="B") as task:
            for piece in opened.pieces:
                if failed:
                    break
                inbox.put(piece)
                task.advance(piece.progress)
    finally:
        inbox.put(None)
        thread.join()
        if failed:
            raise failed[0]


def _rows_of(words: Keys, keys: Keys) -> NDArray[np.int64]:
    """The row of each of `words` in `keys`, -1 where it is not there."""
    rows = np.full(len(words), -1, dtype=np.int64)
    hashes = np.empty(len(words), dtype=np.uint64)
    hashes[words.order] = words.hashes
    for word in np.flatnonzero(np.isin(hashes, keys.hashes)):
        found = keys.find(words[int(word)])
        rows[word] = -1 if found is None else found
    return rows


def _appended(keys: Keys, more: Keys) -> Keys:
    data = np.concatenate([keys.data, more.data])
    return Keys.from_buffers(data, np.concatenate([keys.offsets, keys.offsets[-1] + more.offsets[1:]]))


def _checked(
    name: str,
    encoded: Encoded,
    settings: CorpusSettings,
    vocabulary: Vocabulary,
    remap: NDArray[np.int32],
    kept: int,
) -> Prepared:
    """Give the corpus; where nothing can be learned from it, remove its file and say why."""
    stream = Stream(
        encoded.path, encoded.length, remap, encoded.tokens, kept, encoded.lines, encoded.fingerprint
    )
    try:
        if not stream.tokens:
            raise EmptyVocabularyError(f"{name}: there are no words in it", "Is it empty, or is it no text?")
        if len(vocabulary) < 2 or not kept:
            most = int(encoded.counts[: encoded.types].max())
            raise EmptyVocabularyError(
                f"{name}: of {stream.tokens:,} tokens of {encoded.types:,} words, {len(vocabulary)} words "
                f"come at least {settings.min_count} times (min_count), and the most frequent {most:,} times",
                "Lower min_count or give more text.",
            )
        if not _has_context(stream):
            raise InputError(
                f"{name}: none of its {stream.lines:,} lines has two words of the vocabulary, "
                "so there is no context to learn from",
                "Give texts with several words a line, or lower min_count.",
            )
    except InputError:
        stream.path.unlink(missing_ok=True)
        raise
    return Prepared(vocabulary, stream)


def _has_context(stream: Stream) -> bool:
    """Whether some line has two tokens of the vocabulary."""
    before = False
    for start in range(0, stream.length, _LOOK):
        entries = stream.read(start, start + _LOOK)
        inside = np.concatenate([[before], (entries < 0) | (stream.remap[entries] >= 0)])
        ends = np.concatenate([[True], entries < 0])
        counted = np.flatnonzero(inside)  # line ends and kept words, in order
        word = ~ends[counted]
        if before:
            word[0] = True
        if (word[1:] & word[:-1]).any():
            return True
        before = bool(word[-1]) if len(word) else before
    return False
