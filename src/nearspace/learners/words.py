"""words: a text becomes a Space of its words, by one of several methods."""

from __future__ import annotations

import importlib
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

from nearspace.data.corpus import CorpusSettings, Prepared, continue_with, prepare
from nearspace.data.phrases import Phrases
from nearspace.data.text_sources import Source
from nearspace.errors import InputError, SettingError
from nearspace.learners.checkpoint import Checkpoint
from nearspace.learners.schedule import Schedule
from nearspace.learners.skipgram import Subwords
from nearspace.protocols import Progress, Quiet
from nearspace.space import Space

# method -> (module, class); a new learner of words joins by a row here
METHODS = {
    "skipgram": ("nearspace.learners.skipgram", "SkipGram"),
    "cbow": ("nearspace.learners.skipgram", "CBOW"),
    "glove": ("nearspace.learners.glove", "GloVe"),
    "ppmi": ("nearspace.learners.ppmi", "PPMI"),
}


def words(
    source: Source,
    *,
    method: str = "skipgram",
    dim: int = 100,
    seed: int = 1,
    min_count: int = 5,
    max_vocab: int | None = None,
    lowercase: bool = True,
    tokenizer: Callable[[str], Iterable[str]] | None = None,
    errors: str = "strict",
    phrases: Phrases | None = None,
    subwords: Subwords | bool | None = None,
    workers: int | None = None,
    free_running: bool = False,
    schedule: Schedule | None = None,
    start: Space | None = None,
    checkpoint: Checkpoint | str | Path | None = None,
    resume: bool = False,
    progress: Progress | None = None,
    **settings: Any,
) -> Space:
    """Learn a Space of words from text.

    The same text, settings and seed give the same bytes for any number of workers and kind of source.

    Args:
        source: a path (file or folder, also gz, xz, zst, bz2), "-" for standard input, or an iterable of
            Paths, of strings (lines or documents) or of token lists.
        method: "skipgram", "cbow", "glove" or "ppmi".
        dim: components of a vector.
        seed: of everything random.
        min_count, max_vocab, lowercase, tokenizer, errors, phrases: see `CorpusSettings`.
        subwords: True or `Subwords(...)`: vectors for unseen and misspelt words (skipgram and cbow).
        workers: threads; None for all cores.
        free_running: lock-free threads; two runs differ (skipgram and cbow).
        schedule: how training is cut into rounds; the default suits all sizes.
        start: a Space to continue from: it keeps its keys' rows, new words are added after them.
        checkpoint: folder where the run is saved every few minutes and on Ctrl-C (skipgram and cbow).
        resume: go on from the checkpoint, to the same result as an unbroken run.
        progress: where reading and training are shown.
        settings: of the method, by name: window, epochs, lr, sample, negative, ...

    Raises:
        SettingError: a setting is unknown to the method or out of its range.
        InputError: the text cannot be read, or too little is left of it.
        Interrupted: the user stopped the run.
    """
    progress = progress or Quiet()
    learner = make_learner(method, dim=dim, seed=seed, subwords=subwords, **settings)
    text = CorpusSettings(
        min_count=min_count, max_vocab=max_vocab, lowercase=lowercase, tokenizer=tokenizer, errors=errors,
        phrases=phrases,
    )  # fmt: skip
    options: dict[str, Any] = {}
    if method in ("skipgram", "cbow"):
        schedule = schedule or Schedule()
        options["schedule"] = replace(schedule, free_running=True) if free_running else schedule
        options["start"] = start
        options["checkpoint"] = _checkpoint(checkpoint, resume)
    else:
        _refuse(method, free_running=free_running, schedule=schedule, start=start, resume=resume)
    with tempfile.TemporaryDirectory(prefix="nearspace-") as folder:
        data = _read(source, text, start, Path(folder), progress)
        if method in ("glove", "ppmi"):
            options["folder"] = Path(folder)
        space: Space = learner.fit(data, workers=workers, progress=progress, **options)
    recipe = replace(space.recipe, settings={**space.recipe.settings, "text": _plain(text)})
    return replace(space, recipe=recipe, name=_name(source))


def make_learner(method: str, *, subwords: Subwords | bool | None = None, **settings: Any) -> Any:
    """Return the settings object of a method.

    Raises:
        SettingError: there is no such method, or it has no such setting.
    """
    if method not in METHODS:
        raise SettingError(f"method is {method!r}", f"Accepted methods: {', '.join(METHODS)}.")
    module, name = METHODS[method]
    kind = getattr(importlib.import_module(module), name)
    accepted = [field.name for field in fields(kind)]
    if subwords:
        settings["subwords"] = Subwords() if subwords is True else subwords
    unknown = sorted(set(settings) - set(accepted))
    if unknown:
        raise SettingError(
            f"method {method!r} has no setting {', '.join(map(repr, unknown))}",
            f"Its settings: {', '.join(accepted)}.",
        )
    return kind(**settings)


def _read(
    source: Source, text: CorpusSettings, start: Space | None, folder: Path, progress: Progress
) -> Prepared:
    if start is None:
        return prepare(source, text, folder=folder, progress=progress)
    if "count" not in start.columns:
        raise InputError(
            f"the Space {start.name!r} has no column 'count'",
            "Only a Space made by `learn words` can be continued.",
        )
    counts = start.columns["count"]
    return continue_with(source, text, keys=start.keys, counts=counts, folder=folder, progress=progress)


def _checkpoint(checkpoint: Checkpoint | str | Path | None, resume: bool) -> Checkpoint | None:
    if isinstance(checkpoint, Checkpoint):
        return checkpoint
    if checkpoint is None:
        if resume:
            raise SettingError("resume needs a checkpoint", "Give the folder of the checkpoint.")
        return None
    return Checkpoint(Path(checkpoint), resume=resume)


def _refuse(method: str, **options: Any) -> None:
    given = [name for name, value in options.items() if value]
    if given:
        raise SettingError(
            f"method {method!r} does not take {', '.join(given)}", "Only skipgram and cbow take this."
        )


def _plain(text: CorpusSettings) -> dict[str, Any]:
    values = asdict(replace(text, tokenizer=None))
    if text.tokenizer is not None:
        values["tokenizer"] = getattr(text.tokenizer, "__qualname__", type(text.tokenizer).__name__)
    return values


def _name(source: Source) -> str:
    return Path(source).name.split(".")[0] if isinstance(source, str | Path) else "words"
