"""Low-rank additions to linear layers: W x + (alpha / rank) B A x, of which only A and B are trained.

Hu et al.: LoRA, 2021 (arXiv:2106.09685).
"""

from __future__ import annotations

from typing import Any

from nearspace.learners.contrastive.settings import LoRA

SKIPPED = ("pooler",)  # of whose output no vector depends


def add_lora(torch: Any, body: Any, settings: LoRA, seed: int) -> list[str]:
    """Put an addition beside every linear layer of `body`, freeze all else, and give the layers' names."""
    body.requires_grad_(False)
    names = [
        name
        for name, layer in body.named_modules()
        if isinstance(layer, torch.nn.Linear) and name.split(".")[0] not in SKIPPED
    ]
    made = _addition(torch)
    generator = torch.Generator().manual_seed(seed)
    for name in names:
        owner, last = _owner(body, name)
        setattr(owner, last, made(getattr(owner, last), settings, generator))
    return names


def merge_lora(torch: Any, body: Any, names: list[str]) -> None:
    """Add each addition to its layer's weight and put the plain layer back."""
    for name in names:
        owner, last = _owner(body, name)
        added = getattr(owner, last)
        with torch.no_grad():
            added.layer.weight += added.scale * (added.up @ added.down)
        setattr(owner, last, added.layer)


def _owner(body: Any, name: str) -> tuple[Any, str]:
    path, _, last = name.rpartition(".")
    return body.get_submodule(path) if path else body, last


def _addition(torch: Any) -> Any:
    class LowRank(torch.nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self, layer: Any, settings: LoRA, generator: Any) -> None:
            super().__init__()
            weight = layer.weight
            out, into = weight.shape
            down = torch.randn(settings.rank, into, generator=generator) / into**0.5
            self.layer = layer
            self.scale = settings.alpha / settings.rank
            self.down = torch.nn.Parameter(down.to(weight.device))
            self.up = torch.nn.Parameter(torch.zeros(out, settings.rank, device=weight.device))

        def forward(self, rows: Any) -> Any:
            lin = torch.nn.functional.linear
            return self.layer(rows) + self.scale * lin(lin(rows, self.down), self.up)

    return LowRank
