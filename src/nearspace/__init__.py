"""nearspace: learn an embedding space from your own data, measure it, search it, draw it."""

from __future__ import annotations

import importlib
from typing import Any

from nearspace.errors import NearspaceError
from nearspace.keys import Keys
from nearspace.results import Labels, Map, Measure, Neighbors, Report

# not lazy: the folder of this name would otherwise take the name as soon as a module of it is imported
from nearspace.search.nearest import search
from nearspace.space import Recipe, Space

__version__ = "0.1.0"

# name -> (module, attribute or None for the module); imported on first use, so that the import stays light
_LAZY: dict[str, tuple[str, str | None]] = {
    "pack": ("nearspace.encoders.packing", "pack"),
    "learn": ("nearspace.learners.verb", None),
    "measure": ("nearspace.evaluation.verb", None),
    "nearest": ("nearspace.search.nearest", "nearest"),
    "analogy": ("nearspace.search.analogy", "analogy"),
    "senses": ("nearspace.search.senses", "senses"),
    "sense_of": ("nearspace.search.senses", "sense_of"),
    "rerank": ("nearspace.search.rerank", "rerank"),
    "search_text": ("nearspace.search.text", "search_text"),
    "hybrid": ("nearspace.search.hybrid", "hybrid"),
    "recommend": ("nearspace.search.recommend", "recommend"),
    "recommend_all": ("nearspace.search.recommend_all", "recommend_all"),
    "similar": ("nearspace.search.similar", "similar"),
    "because": ("nearspace.search.because", "because"),
    "similarity": ("nearspace.search.compare", "similarity"),
    "distill": ("nearspace.encoders.distill", "distill"),
    "why": ("nearspace.search.why", "why"),
    "doesnt_match": ("nearspace.search.compare", "doesnt_match"),
    "map": ("nearspace.maps.verb", "map_space"),
    "place": ("nearspace.maps.place", "place"),
    "continue_map": ("nearspace.maps.continuing", "continue_map"),
    "align": ("nearspace.maps.align", "align"),
    "draw": ("nearspace.maps.drawing", "draw"),
    "serve": ("nearspace.server.verb", "serve"),
    "export": ("nearspace.server.verb", "export"),
    "show": ("nearspace.server.notebook", "show"),
    "save": ("nearspace.store.folder", "save"),
    "open": ("nearspace.store.folder", "open_space"),
    "create": ("nearspace.store.creating", "create"),
    "encode": ("nearspace.store.creating", "encode"),
    "upsert": ("nearspace.store.changes", "upsert"),
    "delete": ("nearspace.store.changes", "delete"),
    "count": ("nearspace.store.changes", "count"),
    "history": ("nearspace.store.changes", "history"),
    "stale": ("nearspace.store.changes", "stale"),
    "refresh": ("nearspace.store.changes", "refresh"),
    "compact": ("nearspace.store.compacting", "compact"),
    "index_text": ("nearspace.store.text_index", "index_text"),
    "build_index": ("nearspace.search.indexing", "build_index"),
    "read": ("nearspace.data.formats", "read"),
    "write": ("nearspace.data.formats", "write"),
    "read_interactions": ("nearspace.data.events", "read_interactions"),
    "write_interactions": ("nearspace.data.interaction_files", "write_interactions"),
    "split_interactions": ("nearspace.data.interaction_files", "split_interactions"),
    "fit_head": ("nearspace.transfer.classify", "fit_head"),
    "tune_head": ("nearspace.transfer.tuned", "tune_head"),
    "classify": ("nearspace.transfer.classify", "classify"),
    "save_head": ("nearspace.transfer.stored", "save_head"),
    "open_head": ("nearspace.transfer.stored", "open_head"),
    "fit_newcomers": ("nearspace.transfer.adding", "fit_newcomers"),
    "add_items": ("nearspace.transfer.adding", "add_items"),
    "save_newcomers": ("nearspace.transfer.stored_newcomers", "save_newcomers"),
    "open_newcomers": ("nearspace.transfer.stored_newcomers", "open_newcomers"),
    "convert": ("nearspace.store.convert", "convert"),
}

__all__ = [
    "Keys",
    "Labels",
    "Map",
    "Measure",
    "NearspaceError",
    "Neighbors",
    "Recipe",
    "Report",
    "Space",
    "add_items",
    "align",
    "analogy",
    "because",
    "build_index",
    "classify",
    "compact",
    "continue_map",
    "convert",
    "count",
    "create",
    "delete",
    "distill",
    "doesnt_match",
    "draw",
    "encode",
    "export",
    "fit_head",
    "fit_newcomers",
    "history",
    "hybrid",
    "index_text",
    "learn",
    "map",
    "measure",
    "nearest",
    "open",
    "open_head",
    "open_newcomers",
    "pack",
    "place",
    "read",
    "read_interactions",
    "recommend",
    "recommend_all",
    "refresh",
    "rerank",
    "save",
    "save_head",
    "save_newcomers",
    "search",
    "search_text",
    "sense_of",
    "senses",
    "serve",
    "show",
    "similar",
    "similarity",
    "split_interactions",
    "stale",
    "tune_head",
    "upsert",
    "why",
    "write",
    "write_interactions",
]


def __getattr__(name: str) -> Any:
    try:
        module, attribute = _LAZY[name]
    except KeyError:
        raise AttributeError(f"module 'nearspace' has no attribute {name!r}") from None
    loaded = importlib.import_module(module)
    return loaded if attribute is None else getattr(loaded, attribute)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
