"""Words in context: a Space with one point for each occurrence of a word, and the senses of the words."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from nearspace.data.occurrences import Occurrence, Sampling, find
from nearspace.data.text_lines import text_lines
from nearspace.encoders.contexts import ContextEncoder, TokenVectors
from nearspace.errors import InputError
from nearspace.keys import Keys
from nearspace.learners.sense_names import name_senses
from nearspace.learners.senses import Found, Senses, find_senses
from nearspace.optional import versions
from nearspace.protocols import Progress, Quiet
from nearspace.space import Recipe, Space
from nearspace.store.folder import save

LAYERS = (-2, -1)  # docs/contexts.md has the figures
_BATCH = 256


def contexts(
    texts: Any,
    path: str | Path | None = None,
    *,
    words: Sequence[str],
    encoder: TokenVectors,
    layers: Sequence[int] = LAYERS,
    forms: Mapping[str, Sequence[str]] | None = None,
    text: str | None = None,
    key: str | None = None,
    most: int = 2000,
    window: int = 400,
    senses: Senses = Senses(),  # noqa: B008
    seed: int = 1,
    errors: str = "strict",
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Space:
    """Learn where words stand in context, one point an occurrence, and which senses they have.

    Words are found whole, in any case. Only sentences that have one are encoded. Rows are called "bank#1",
    "bank#2", ... in the order of the texts; columns: word, sentence, start and end of the word in it,
    document, sense ("bank/1"), sense_name ("bank: river, shore"), silhouette and stability (see
    `nearspace.learners.senses.Found`). A sense is a hypothesis: look at these two before relying on it.

    Args:
        texts: files, folders, strings or a table; see `nearspace.data.text_lines.text_lines`.
        path: where the Space is saved, or None.
        words: which; each may be of several words.
        encoder: a transformer, or anything else that has `token_vectors`.
        layers: whose mean is taken: 0 is what goes in, -1 the last.
        forms: word -> its other forms, for example {"mouse": ["mice"]}.
        text: column of the texts, of a table.
        key: column that names the documents of a table.
        most: occurrences of a word; of more, a seeded sample.
        window: characters of a sentence at most.
        senses: how senses are found.
        seed: of the sample and of the clusters.
        errors: "strict": invalid UTF-8 is an error; "replace": it is replaced.
        overwrite: replace a Space that is there.
        progress: where reading and encoding are shown.

    Raises:
        InputError: the texts cannot be read, or have none of the words.
        SettingError: a setting is out of its range, or the encoder has no vectors of words in context.
    """
    shown, began = progress or Quiet(), time.monotonic()
    sampling = Sampling(forms, most, window, seed)
    known = {word: tuple(of) for word, of in (forms or {}).items()} or None
    listed = (words,) if isinstance(words, str) else tuple(words)
    placer = ContextEncoder(encoder, listed, tuple(layers), known)
    lines = text_lines(texts, text=text, key=key, errors=errors, progress=shown)
    found, seen = find(lines, listed, sampling)
    _check_found(seen, shown)
    vectors = _encoded(placer, found, shown)
    kept = np.flatnonzero(vectors.any(axis=1))
    if len(kept) < len(found):
        shown.note(f"{len(found) - len(kept):,} occurrences lie where the encoder no longer reads: left out")
    found, vectors = [found[row] for row in kept], vectors[kept]
    columns, about = _columns(found, vectors, senses, known or {}, seed, shown)
    settings = {
        "words": list(listed), "layers": list(layers), "forms": known, "most": most, "window": window,
        "occurrences": seen, "encoder": encoder.fingerprint, "senses": asdict(senses), "found": about,
    }  # fmt: skip
    recipe = Recipe(
        "contexts", settings, seed, _digest(found), versions("numpy"), round(time.monotonic() - began, 3)
    )
    name = Path(path).name.split(".")[0] if path is not None else "contexts"
    space = Space(Keys(_keys(found)), vectors, columns=columns, encoder=placer, recipe=recipe, name=name)
    if path is not None:
        save(space, path, overwrite=overwrite)
    return space


def _check_found(seen: Mapping[str, int], progress: Progress) -> None:
    for word, count in seen.items():
        if not count:
            progress.note(f"{word!r} is not in the texts")
    if not any(seen.values()):
        raise InputError(
            f"none of the words is in the texts: {', '.join(seen)}",
            "Check the words and their language; name other forms of them too (forms, --form).",
        )


def _encoded(encoder: ContextEncoder, found: Sequence[Occurrence], progress: Progress) -> Any:
    """(n, d) vectors, encoded by length so that batches are even."""
    order = sorted(range(len(found)), key=lambda row: (len(found[row].sentence), row))
    vectors = np.zeros((len(found), encoder.dim), dtype=np.float32)
    with progress.task("Encoding", total=len(found), unit="occurrences") as task:
        for begin in range(0, len(order), _BATCH):
            rows = order[begin : begin + _BATCH]
            vectors[rows] = encoder.at(
                [found[row].sentence for row in rows], [found[row].span for row in rows]
            )
            task.advance(len(rows))
    return vectors


def _columns(
    found: Sequence[Occurrence],
    vectors: Any,
    settings: Senses,
    forms: Mapping[str, Sequence[str]],
    seed: int,
    progress: Progress,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Give the columns of the Space, and what was tried for each word."""
    words = np.array([one.word for one in found], dtype=object)
    columns: dict[str, Any] = {
        "word": words,
        "sentence": np.array([one.sentence for one in found], dtype=object),
        "start": np.array([one.start for one in found], dtype=np.int64),
        "end": np.array([one.end for one in found], dtype=np.int64),
        "document": np.array([one.document for one in found], dtype=object),
        "sense": words.copy(),
        "sense_name": words.copy(),
        "silhouette": np.zeros(len(found), dtype=np.float32),
        "stability": np.ones(len(found), dtype=np.float32),
    }
    about: dict[str, Any] = {}
    different = list(dict.fromkeys(words.tolist()))
    with progress.task("Finding senses", total=len(different), unit="words") as task:
        for word in different:
            rows = np.flatnonzero(words == word)
            senses = find_senses(vectors[rows], settings, seed=seed, name=word)
            sentences = columns["sentence"][rows].tolist()
            names = name_senses(word, sentences, senses.labels, leave_out=forms.get(word, ()))
            for row, label in zip(rows, senses.labels, strict=True):
                columns["sense"][row], columns["sense_name"][row] = f"{word}/{label + 1}", names[label]
            columns["silhouette"][rows], columns["stability"][rows] = senses.silhouettes, senses.stability
            about[word] = _tried(senses)
            task.advance(1)
    return columns, about


def _tried(senses: Found) -> dict[str, Any]:
    tried = {str(k): {"silhouette": one, "one_cloud": cloud} for k, (one, cloud) in senses.tried.items()}
    return {"senses": senses.count, "tried": tried}


def _keys(found: Sequence[Occurrence]) -> list[str]:
    counts: dict[str, int] = {}
    keys = []
    for one in found:
        counts[one.word] = counts.get(one.word, 0) + 1
        keys.append(f"{one.word}#{counts[one.word]}")
    return keys


def _digest(found: Sequence[Occurrence]) -> str:
    """Name what was read: BLAKE2b of the occurrences."""
    digest = hashlib.blake2b(digest_size=16)
    for one in found:
        digest.update(f"{one.word}\0{one.start}\0{one.sentence}\n".encode("utf-8", "replace"))
    return digest.hexdigest()
