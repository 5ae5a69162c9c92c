"""The general probe: what an encoder should be able to do still, whatever it was trained on.

Packaged are sentences of an encyclopedia whose paragraphs are to be found, and WordSim-353.
"""

from __future__ import annotations

import csv
import io
import lzma
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from nearspace.errors import InputError
from nearspace.learners.contrastive.examples import Examples, read_examples
from nearspace.learners.contrastive.splitting import groups_of
from nearspace.learners.contrastive.tasks import DEPTH, Retrieval, Scored, Task, task_of

_PLACE = ("evaluation", "data")  # beside the test sets of words
ENCYCLOPEDIA = "encyclopedia-probe.tsv.xz"
WORDS = "wordsim353.tsv"
LEAST = 20


def packaged() -> list[Task]:
    """Give the packaged probe."""
    return [_encyclopedia(), _words()]


def given(sources: Sequence[Any], folder: Path) -> list[Task]:
    """Make tasks of the user's own tables: scored pairs, pairs, triplets or labelled texts.

    Raises:
        InputError: one is of none of these, or has too few groups of cases without a common text.
    """
    tasks = []
    for number, source in enumerate(sources):
        own = folder / f"probe-{number}"
        own.mkdir()
        examples = read_examples(source, own)
        try:
            tasks.append(_own(examples, f"probe.{_name(source, number)}"))
        finally:
            examples.texts.close()
    return tasks


def _own(examples: Examples, name: str) -> Task:
    groups = groups_of(examples)
    if int(groups.max()) + 1 < LEAST:
        raise InputError(
            f"{examples.name}: {int(groups.max()) + 1} groups of cases without a common text are too few "
            "to tell harm from chance",
            f"A probe has at least {LEAST}.",
        )
    return task_of(examples, groups, None, name, 0)


def _name(source: Any, number: int) -> str:
    return Path(source).name.split(".")[0] if isinstance(source, str | Path) else f"own{number + 1}"


def _read(name: str) -> bytes:
    return resources.files("nearspace").joinpath(*_PLACE, name).read_bytes()


def _encyclopedia() -> Task:
    """Each line is a passage: article, sentence that was taken out of it (or none), what is left of it."""
    text = lzma.decompress(_read(ENCYCLOPEDIA)).decode("utf-8")
    lines = [line.split("\t") for line in text.split("\n") if line and line[0] != "#"]
    passages = [passage for _, _, passage in lines]
    asked = [number for number, (_, query, _) in enumerate(lines) if query]
    texts = [lines[number][1] for number in asked] + passages
    count = len(asked)
    grades = np.zeros((count, len(passages)), dtype=bool)
    grades[np.arange(count), asked] = True
    searched = np.arange(count, count + len(passages))
    groups = np.unique([lines[number][0] for number in asked], return_inverse=True)[1]
    name = f"probe.encyclopedia.ndcg@{DEPTH}"
    return Retrieval(name, texts, np.arange(count), searched, grades, groups.astype(np.int64))


def _words() -> Task:
    rows = list(csv.reader(io.StringIO(_read(WORDS).decode("utf-8")), delimiter="\t"))
    rows = [row for row in rows if row and not row[0].startswith("#")]
    rows = [row for row in rows if _is_number(row[-1])]
    words = list(dict.fromkeys(word for row in rows for word in row[-3:-1]))
    number = {word: at for at, word in enumerate(words)}
    pairs = np.array([[number[row[-3]], number[row[-2]]] for row in rows], dtype=np.int64)
    scores = np.array([float(row[-1]) for row in rows])
    return Scored("probe.wordsim353.spearman", words, pairs, scores, np.arange(len(rows)))


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
