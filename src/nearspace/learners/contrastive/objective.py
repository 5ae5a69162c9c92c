"""What a step asks of the vectors of its texts: which texts it needs, and the loss of their vectors."""

from __future__ import annotations

from typing import Any

import numpy as np

from nearspace.errors import SettingError
from nearspace.learners.contrastive.batching import KnownPairs
from nearspace.learners.contrastive.denoising import TSDAE, Decoder
from nearspace.learners.contrastive.examples import Examples
from nearspace.learners.contrastive.losses import LOSSES, Batch, InfoNCE, Loss, loss_of, total
from nearspace.learners.contrastive.models import Trained, TrainedTransformer
from nearspace.learners.contrastive.settings import Contrastive
from nearspace.learners.contrastive.text_file import Ids

ALL_LOSSES = {**LOSSES, "tsdae": TSDAE}


class Objective:
    """The loss of batches of examples.

    Attributes:
        loss: its record.
        negatives: (n, h) hard negatives of the examples, numbers of texts; (n, 0) without.
    """

    def __init__(self, torch: Any, model: Trained, examples: Examples, settings: Contrastive) -> None:
        self._torch, self._model, self._examples = torch, model, examples
        self.loss = chosen_loss(settings, examples.kind)
        self._dims = checked_dims(settings.dims, self.loss, model)
        self._known = KnownPairs(examples) if examples.kind in ("pairs", "triplets") else None
        self.negatives: Ids = np.empty((len(examples), 0), dtype=np.int64)
        self._decoder: Decoder | None = None
        if isinstance(self.loss, TSDAE):
            assert isinstance(model, TrainedTransformer)  # `chosen_loss` refuses heads
            self._decoder = model.decoder(self.loss)
            model.deleted = self.loss.deleted

    def parameters(self) -> list[Any]:
        """Give what is trained beside the model."""
        return [] if self._decoder is None else self._decoder.parameters()

    def texts(self, rows: Ids) -> Ids:
        """Give the numbers of the texts whose vectors a batch of examples needs."""
        found = self._examples.rows[rows]
        if self._decoder is not None:
            return found[:, 0]
        if self._examples.kind == "texts":
            return np.concatenate([found[:, 0], found[:, 0]])
        columns = [found[:, number] for number in range(min(2, found.shape[1]))]
        return np.concatenate([*columns, self._wrong(rows).ravel()])

    def of(self, rows: Ids, vectors: Any) -> Any:
        """Give the loss of a batch of examples from the vectors of `texts(rows)`."""
        torch, count = self._torch, len(rows)
        if self._decoder is not None:
            assert isinstance(self._model, TrainedTransformer)
            return self._decoder.loss(vectors, self._model.whole(self._examples.rows[rows, 0]))
        targets = None
        if len(self._examples.targets):
            targets = torch.from_numpy(self._examples.targets[rows]).to(vectors.device)
        if self._examples.kind == "labels":
            return total(torch, self.loss, Batch(vectors, targets=targets), self._dims)
        wrong = self._wrong(rows)
        negatives = None
        if wrong.shape[1]:
            negatives = vectors[2 * count :].reshape(count, wrong.shape[1], -1)
        batch = Batch(
            vectors[:count], vectors[count : 2 * count], negatives, targets, self._masked(rows, wrong)
        )
        return total(torch, self.loss, batch, self._dims)

    def _wrong(self, rows: Ids) -> Ids:
        """(n, h) the triplets' own negatives, then the mined ones."""
        own = self._examples.rows[rows][:, 2:]
        return np.concatenate([own, self.negatives[rows]], axis=1)

    def _masked(self, rows: Ids, wrong: Ids) -> Any:
        if self._known is None:
            return None
        found = self._examples.rows[rows]
        known = self._known.has(found[:, 0], np.concatenate([found[:, 1], wrong.ravel()]))
        known[np.arange(len(rows)), np.arange(len(rows))] = False
        return self._torch.from_numpy(known).to(self._model.device)


def chosen_loss(settings: Contrastive, kind: str) -> Loss:
    """Give the loss of the settings for a kind of examples.

    Raises:
        SettingError: it does not take such examples, or what is tuned cannot learn from them.
    """
    wanted = settings.loss
    loss = TSDAE() if wanted == "tsdae" else loss_of(wanted, kind)
    if kind not in loss.kinds:
        raise SettingError(
            f"the loss tsdae takes bare texts, not {kind}", "Give kind='texts' (--kind texts)."
        )
    if kind == "texts" and settings.tuned.name == "head":
        raise SettingError(
            "a head learns nothing from bare texts, whose vectors do not change under it",
            "Use tune='lora' or 'full', or give pairs.",
        )
    if settings.mining is not None and (kind != "pairs" or not isinstance(loss, InfoNCE)):
        raise SettingError(
            f"hard negatives are mined for pairs with the loss infonce, not for {kind} with "
            f"{type(loss).__name__}",
            "Leave out the mining.",
        )
    return loss


def checked_dims(dims: tuple[int, ...], loss: Loss, model: Trained) -> tuple[int, ...]:
    """Give the sizes of Matryoshka, largest first, that of the model among them.

    Raises:
        SettingError: one is larger than the vectors.
    """
    if not dims:
        return ()
    if isinstance(loss, TSDAE):
        raise SettingError("the loss tsdae takes no dims", "Leave them out.")
    whole = model.encoder.model.dim
    if max(dims) > whole:
        raise SettingError(
            f"a size of dims is {max(dims)}, and the vectors have {whole} components", "Choose no more."
        )
    return tuple(sorted({*dims, whole}, reverse=True))
