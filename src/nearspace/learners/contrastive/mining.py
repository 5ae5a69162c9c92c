"""Hard negatives: the wrong answers that the current model takes for near."""

from __future__ import annotations

import numpy as np

from nearspace.learners.contrastive.batching import KnownPairs
from nearspace.learners.contrastive.examples import Examples
from nearspace.learners.contrastive.models import Trained
from nearspace.learners.contrastive.nearest import nearest, unit
from nearspace.learners.contrastive.settings import Mining
from nearspace.learners.contrastive.text_file import Ids

_BLOCK = 256


def mine(model: Trained, examples: Examples, settings: Mining) -> Ids:
    """(n, negatives) numbers of texts that are near to the first text of each example, and wrong.

    Candidates are the second texts of all examples. See `Mining` for what is left out. Where too few are
    left, the example's own second text fills up, which the loss passes over as a known positive.
    """
    ids, place = np.unique(examples.rows[:, 1], return_inverse=True)
    anchors, own = np.unique(examples.rows[:, 0], return_inverse=True)
    candidates = unit(model.encode(examples.texts.take(ids)))
    queries = unit(model.encode(examples.texts.take(anchors)))
    known = KnownPairs(examples)
    depth = min(len(ids), settings.depth + settings.negatives)
    found = np.empty((len(examples), settings.negatives), dtype=np.int64)
    for start in range(0, len(examples), _BLOCK):
        part = slice(start, start + _BLOCK)
        asked = queries[own[part]]
        rows, scores = nearest(asked, candidates, depth)
        limit = settings.guard * (asked * candidates[place[part]]).sum(axis=1)
        for number, row in enumerate(rows):
            taken = ids[row]
            anchor = examples.rows[start + number, :1]
            wrong = ~known.has(anchor, taken)[0]
            chosen = taken[wrong & (scores[number] <= limit[number])][: settings.negatives]
            filler = examples.rows[start + number, 1]
            found[start + number] = np.concatenate(
                [chosen, np.full(settings.negatives - len(chosen), filler)]
            )
    return found
