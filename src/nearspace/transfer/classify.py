"""The verbs `fit_head` and `classify`: labels from few examples."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearspace.errors import EncoderMismatchError, InputError, SettingError
from nearspace.protocols import Progress, Quiet
from nearspace.results import Labels
from nearspace.space import Space
from nearspace.transfer.examples import examples_of, place_items
from nearspace.transfer.fitting import fit
from nearspace.transfer.head import Head, HeadSettings
from nearspace.transfer.stored import open_head

BATCH = 4_096


def fit_head(
    space: Space,
    labels: str,
    labelled: Any = None,
    *,
    text: str | None = None,
    key: str | None = None,
    outside: str | None = None,
    reject: float | None = None,
    strength: float | None = None,
    seed: int = 1,
    progress: Progress = Quiet(),  # noqa: B008
) -> Head:
    """Fit a head that tells labels apart, from one or a few examples of each.

    Args:
        space: whose vectors it reads.
        labels: column of the labels, of `labelled` or else of the Space; null and empty mean: no label.
        labelled: a table of examples (a path, a frame, dicts ...) with keys of the Space or texts; None: the
            rows of the Space.
        text: column of its texts, which the encoder of the Space places.
        key: or column of its keys. With neither: the column that the Space calls its content, else "key".
        outside: the label of examples that are of no class; they only help to find the threshold.
        reject: share of known items that may be called unknown; None: 0.05, or with `outside` what
            separates best; 0: nothing is unknown.
        strength: C of the logistic regression; None: chosen on examples that folds hold back.
        seed: of the folds.
        progress: where it is shown.

    Raises:
        InputError: a column is missing, no row has a label or a place, or there is one label only.
        SettingError: a setting is out of its range.
    """
    found = examples_of(space, labels, labelled, text=text, key=key, progress=progress)
    beyond = np.array([label == outside for label in found.labels], dtype=bool)
    if outside is not None and not beyond.any():
        raise InputError(
            f"no example has the label {outside!r}, which should stand for what is of no class",
            f"Labels that there are: {', '.join(sorted(set(found.labels))[:10])}.",
        )
    inside = found.select(~beyond) if beyond.any() else found
    settings = HeadSettings(
        space=space.name,
        metric=space.metric,
        encoder="" if space.encoder is None else space.encoder.fingerprint,
        column=labels,
        strength=strength or 0.0,
        seed=seed,
        outside=outside,
    )
    return fit(
        inside.vectors,
        inside.labels,
        settings,
        outside=found.vectors[beyond] if beyond.any() else None,
        strength=strength,
        reject=reject,
        progress=progress,
    )


def classify(
    space: Space, items: Sequence[str] | Space | NDArray[np.floating[Any]] | None = None, *, head: Head | str
) -> Labels:
    """Label items by a head of the Space.

    Args:
        space: that the head was fitted on.
        items: keys or texts (what is no key is placed by the encoder); vectors (n, d); a Space with the same
            encoder; None: all rows of the Space.
        head: a head, or the name of one that is saved with the Space.

    Raises:
        EncoderMismatchError: the head or the given Space has another encoder.
        MissingInputError: the Space has no head of that name.
        InputError: it has no encoder for items that are no keys.
    """
    head = head_of(space, head)
    if isinstance(items, np.ndarray):
        return head.classify(np.asarray(items, dtype=np.float32))
    if items is None or isinstance(items, Space):
        rows = space if items is None else items
        _check_same(space, rows)
        return joined(_labels_of_rows(rows, head))
    if isinstance(items, str):
        raise SettingError("items is one string", "Give a list of keys or texts.")
    return joined(labels_of_items(space, items, head))


def labels_of_items(space: Space, items: Iterable[str], head: Head) -> Iterator[Labels]:
    """Label a stream of keys or texts, some thousand at a time.

    Raises:
        InputError: the Space has no encoder and one of them is no key.
    """
    stream = iter(items)
    while part := list(islice(stream, BATCH)):
        yield head.classify(place_items(space, part), part)


def head_of(space: Space, head: Head | str) -> Head:
    """Give a head, or open the one of that name; it must fit the Space.

    Raises:
        SettingError: a name came with a Space that is not saved.
        EncoderMismatchError: it was fitted on vectors of another encoder.
    """
    if isinstance(head, str):
        if space.origin is None:
            raise SettingError(
                f"{space.name!r} is not opened from a folder, so it has no head {head!r}",
                "Give the head itself, or open the saved Space.",
            )
        return open_head(space.origin.folder, head)
    ours = "" if space.encoder is None else space.encoder.fingerprint
    if head.settings.encoder != ours:
        raise EncoderMismatchError(
            f"the head was fitted on vectors of encoder {head.settings.encoder or 'none'}, "
            f"{space.name!r} has those of {ours or 'none'}",
            "Scores of another encoder's vectors mean nothing: fit the head on this Space.",
        )
    return head


def joined(parts: Iterable[Labels]) -> Labels:
    """Put labels of several parts, at least one, one after the other."""
    found = list(parts)
    if not found:
        raise InputError("there is nothing to label", "Give at least one item.")
    return Labels(
        tuple(item for part in found for item in part.items),
        found[0].classes,
        np.concatenate([part.probabilities for part in found]),
        np.concatenate([part.codes for part in found]),
        np.concatenate([part.fits for part in found]),
    )


def _labels_of_rows(space: Space, head: Head) -> Iterator[Labels]:
    for start in range(0, len(space), BATCH):
        rows = np.arange(start, min(start + BATCH, len(space)))
        yield head.classify(space.take(rows), space.keys.names(rows))


def _check_same(space: Space, other: Space) -> None:
    one, two = (None if one.encoder is None else one.encoder.fingerprint for one in (space, other))
    if one != two:
        raise EncoderMismatchError(
            f"{other.name!r} has vectors of encoder {two or 'none'}, the head those of {one or 'none'}",
            "Encode the rows with the encoder of the Space that the head was fitted on.",
        )
