"""Tuning a transformer towards labels: texts of one label are drawn to one place, for a few passes.

Each label has a proxy, at first the mean of its texts. For a text x of label c, vectors and proxies p of
length 1, and the scale s, the loss is

    -log( exp(s <x, p_c>) / sum over labels k of exp(s <x, p_k>) ).

Every text meets all labels at once, so a pass costs n texts, not pairs of them, and memory is that of one
batch.
Movshovitz-Attias et al.: No Fuss Distance Metric Learning using Proxies (ICCV 2017).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearspace.errors import InputError, SettingError
from nearspace.optional import require
from nearspace.protocols import Progress, Quiet
from nearspace.transfer.head import class_centers, directed

Codes = NDArray[np.int64]


@dataclass(frozen=True)
class Tuning:
    """How long and how fast a model is tuned.

    Attributes:
        epochs: passes over the texts.
        lr: first step size of the model; it falls to 0, after a tenth of the steps in which it rises.
        proxy_lr: of the proxies.
        batch: texts of a step.
        scale: s of the loss; larger: only the nearest wrong labels count.
        seed: of the order and of dropout.

    Raises:
        SettingError: one is out of its range.
    """

    epochs: int = 6
    lr: float = 2e-4
    proxy_lr: float = 1e-3
    batch: int = 32
    scale: float = 20.0
    seed: int = 1

    def __post_init__(self) -> None:
        for name in ("epochs", "lr", "proxy_lr", "batch", "scale"):
            if not getattr(self, name) > 0:
                raise SettingError(f"{name} of the tuning is {getattr(self, name)}", "It must be above 0.")


def tune(
    encoder: Any,
    texts: Sequence[str],
    labels: Sequence[str],
    settings: Tuning = Tuning(),
    *,
    progress: Progress = Quiet(),  # noqa: B008
) -> dict[str, NDArray[Any]]:
    """Tune a copy of a transformer's weights, and give them as `write_model_folder` takes them.

    The table of token embeddings stays as it is: few texts have few of the tokens.

    Args:
        encoder: a `TransformerEncoder`.
        texts: of the examples.
        labels: (n,), two different ones at least.
        settings: see Tuning.
        progress: where it is shown.

    Raises:
        InputError: there is one label only, or the encoder is no transformer.
        MissingExtraError: torch is not installed.
    """
    torch = require("torch", extra="texts", purpose="tuning a model towards labels")
    if encoder.kind != "transformer":
        raise InputError(
            f"an encoder of kind {encoder.kind!r} cannot be tuned",
            "Only transformers can; a head works on the vectors of any encoder.",
        )
    names, codes = np.unique(np.array(labels, dtype=object).astype(str), return_inverse=True)
    if len(names) < 2:
        raise InputError(f"{len(names)} different labels are too few to tune a model", "Give two or more.")
    start = class_centers(directed(encoder.encode(list(texts)), "cosine"), codes, len(names))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        module = encoder.module()
        proxies = torch.nn.Parameter(torch.from_numpy(start))
        _train(torch, module, proxies, encoder.tokenizer.ids(list(texts)), codes, settings, progress)
        module.train(False)
        state: dict[str, NDArray[Any]] = module.state()
    return state


def _train(
    torch: Any,
    module: Any,
    proxies: Any,
    ids: Sequence[Sequence[int]],
    codes: Codes,
    settings: Tuning,
    progress: Progress,
) -> None:
    table = module.body.get_input_embeddings()
    table.requires_grad_(False)
    moved = [one for one in module.parameters() if one.requires_grad]
    groups = [{"params": moved, "lr": settings.lr}, {"params": [proxies], "lr": settings.proxy_lr}]
    optimizer = torch.optim.AdamW(groups, weight_decay=0.01)
    count = len(ids)
    steps = settings.epochs * -(-count // settings.batch)
    rise = max(1, steps // 10)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / rise, max(0.0, (steps - step) / max(1, steps - rise)))
    )
    random = np.random.default_rng(settings.seed)
    target = torch.from_numpy(np.asarray(codes, dtype=np.int64))
    module.train(True)
    with progress.task("tuning the model", total=steps, unit="steps") as task:
        for _ in range(settings.epochs):
            order = random.permutation(count)
            for begin in range(0, count, settings.batch):
                rows = order[begin : begin + settings.batch]
                rows = rows[[len(ids[row]) > 0 for row in rows]]
                if not len(rows):
                    continue
                loss = _loss(torch, module, proxies, [ids[row] for row in rows], target[rows], settings.scale)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                schedule.step()
                task.advance(1, loss=float(loss.detach()))


def _loss(torch: Any, module: Any, proxies: Any, ids: Sequence[Sequence[int]], own: Any, scale: float) -> Any:
    functions = torch.nn.functional
    longest = max(map(len, ids))
    padding = int(module.folder.config.get("pad_token_id") or 0)
    rows = torch.tensor([[*row, *[padding] * (longest - len(row))] for row in ids])
    mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in ids])
    vectors = functions.normalize(module.pooled(rows, mask), dim=1)
    scores = scale * vectors @ functions.normalize(proxies, dim=1).T
    return functions.cross_entropy(scores, own)
