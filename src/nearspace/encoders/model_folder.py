"""A folder with a transformer, and how the vectors of its tokens become one of a text.

Two layouts are read: that of sentence-transformers, whose modules.json lists the parts in order, and a bare
folder of transformers, whose token vectors are averaged. Nothing of a folder is run, and no path that it
names leads out of it.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from nearspace.encoders.finding import CONFIG, MODULES, PACKED, find_model
from nearspace.encoders.model_parts import (
    WEIGHTS,
    Dense,
    Normalize,
    Pooling,
    inside,
    list_modules,
    no_weights,
    read_dense,
    read_json,
    read_pooling,
)
from nearspace.errors import InputError, MissingInputError, SettingError
from nearspace.tensors import write_tensors

__all__ = [
    "Dense",
    "ModelFolder",
    "Normalize",
    "Pooling",
    "find_model",
    "read_model_folder",
    "write_model_folder",
]

SHARDS = "model.safetensors.index.json"
TOKENIZER = "tokenizer.json"
VOCABULARY = "vocab.txt"
_TOKENIZER_FILES = (
    TOKENIZER,
    VOCABULARY,
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "merges.txt",
    "sentencepiece.bpe.model",
    "spiece.model",
    "tokenizer.model",
)
_SENTENCE = ("sentence_bert_config.json", "sentence_roberta_config.json", "sentence_distilbert_config.json",
    "sentence_xlm-roberta_config.json", "sentence_mpnet_config.json", "sentence_camembert_config.json",
    "sentence_albert_config.json", "sentence_xlnet_config.json")  # fmt: skip
_ABOUT = "config_sentence_transformers.json"
PACKED_FILES = (PACKED, "graph.xml", "graph.bin", TOKENIZER)
_LONGEST = 1_000_000  # tokenizers say 10^30 where they know no limit
_PLACES_KEPT = {
    "roberta",
    "xlm-roberta",
    "camembert",
    "mpnet",
    "longformer",
    "xlm-roberta-xl",
    "data2vec-text",
}


@dataclass(frozen=True)
class ModelFolder:
    """What a folder says of its model.

    Attributes:
        path: the folder.
        body: the folder of the transformer, `path` or below.
        config: its config.json.
        pooling: how token vectors become one.
        after: what is done to it then, in this order.
        max_length: most tokens of a text, special ones included; the rest is cut off.
        lowercase: texts are lowered before they are split.
        prompts: text that is put before a text, by name.
        default_prompt: name of the one that is always used, or None.
        notes: what the folder left open, and how it was taken.
        packed: it is a packed form, whose weights are in a graph.
        stored_fingerprint: of the model that was packed.
    """

    path: Path
    body: Path
    config: Mapping[str, Any]
    pooling: Pooling
    after: tuple[Dense | Normalize, ...]
    max_length: int
    lowercase: bool = False
    prompts: Mapping[str, str] = field(default_factory=dict)
    default_prompt: str | None = None
    notes: tuple[str, ...] = ()
    packed: bool = False
    stored_fingerprint: str = ""

    @property
    def family(self) -> str:
        """The model_type of transformers, for example "bert"."""
        return str(self.config.get("model_type", ""))

    @property
    def hidden(self) -> int:
        """Components of a token's vector."""
        return int(
            self.config.get("hidden_size") or self.config.get("dim") or self.config.get("d_model") or 0
        )

    @property
    def dim(self) -> int:
        """Components of a text's vector."""
        sizes = [part.out for part in self.after if isinstance(part, Dense)]
        return sizes[-1] if sizes else self.hidden * len(self.pooling.modes)

    @property
    def normalized(self) -> bool:
        """Vectors have length 1."""
        return bool(self.after) and isinstance(self.after[-1], Normalize)

    @property
    def dense(self) -> tuple[Dense, ...]:
        """The linear layers after pooling."""
        return tuple(part for part in self.after if isinstance(part, Dense))

    def weights(self) -> tuple[Path, ...]:
        """Give the files of the transformer's weights.

        Raises:
            InputError: there are none, or only such as could run code.
        """
        if (self.body / WEIGHTS).is_file():
            return (self.body / WEIGHTS,)
        if (self.body / SHARDS).is_file():
            named = read_json(self.body / SHARDS).get("weight_map")
            if not isinstance(named, dict) or not named:
                raise InputError(f"{str(self.body / SHARDS)!r} names no files", "Download the model again.")
            files = tuple(inside(self.body, name, SHARDS) for name in sorted(set(named.values())))
            for file in files:
                if not file.is_file():
                    raise MissingInputError(f"{str(file)!r} is missing", "Download the model again.")
            return files
        raise no_weights(self.body)

    def files(self) -> Iterator[tuple[str, Path]]:
        """Give the files that the model consists of, and their names within the folder."""
        if self.packed:
            yield from ((name, self.path / name) for name in PACKED_FILES)
            return
        names = [(self.body, name) for name in (CONFIG, *_SENTENCE, *_TOKENIZER_FILES)]
        names += [(self.path, name) for name in (MODULES, _ABOUT)]
        names += [(file.parent, file.name) for file in self.weights()]
        if (self.body / SHARDS).is_file() and not (self.body / WEIGHTS).is_file():
            names.append((self.body, SHARDS))
        if (self.path / MODULES).is_file():
            for kind, path in list_modules(self.path):
                if kind != "Transformer":
                    names += [(path, CONFIG), (path, WEIGHTS)]
        seen = set()
        for folder, name in names:
            if (folder / name).is_file() and (folder, name) not in seen:
                seen.add((folder, name))
                yield (folder / name).relative_to(self.path).as_posix(), folder / name


def read_model_folder(path: str | Path) -> ModelFolder:
    """Read what a folder says of its model, and check it; weights are not read.

    Raises:
        InputError: a part is missing, damaged, unsafe, or of a kind that is not known.
    """
    root = Path(path)
    parts = list_modules(root) if (root / MODULES).is_file() else []
    body = root
    pooling: Pooling | None = None
    after: list[Dense | Normalize] = []
    for place, (kind, folder) in enumerate(parts):
        if place == 0 and kind == "Transformer":
            body = folder
        elif kind == "Pooling" and pooling is None and place == 1:
            pooling = read_pooling(folder)
        elif kind == "Dense" and pooling is not None:
            after.append(read_dense(folder))
        elif kind == "Normalize" and pooling is not None:
            after.append(Normalize())
        else:
            raise InputError(
                f"{str(root / MODULES)!r} has {kind!r} as part {place + 1}, which is not read here",
                "Read are: Transformer, Pooling, then any of Dense and Normalize.",
            )
    notes = []
    if pooling is None:
        pooling = Pooling()
        notes.append(f"{str(root)!r} does not say how tokens become one vector: their mean is taken")
    config = read_json(body / CONFIG)
    about = read_json(root / _ABOUT) if (root / _ABOUT).is_file() else {}
    sentence: dict[str, Any] = next(
        (read_json(body / name) for name in _SENTENCE if (body / name).is_file()), {}
    )
    found = ModelFolder(
        root,
        body,
        config,
        pooling,
        tuple(after),
        _max_length(body, config, sentence),
        bool(sentence.get("do_lower_case", False)),
        {str(name): str(text) for name, text in (about.get("prompts") or {}).items()},
        about.get("default_prompt_name"),
        tuple(notes),
    )
    _check(found)
    return found


def _check(found: ModelFolder) -> None:
    if found.hidden < 1:
        raise InputError(
            f"{str(found.body / CONFIG)!r} does not say how many components a token has (hidden_size)",
            "Only transformers that encode text are read.",
        )
    if found.default_prompt is not None and found.default_prompt not in found.prompts:
        raise InputError(
            f"{str(found.path / _ABOUT)!r} has the default prompt {found.default_prompt!r}, which it lacks",
            f"Prompts: {', '.join(found.prompts) or 'none'}.",
        )
    if not any((found.body / name).is_file() for name in (TOKENIZER, VOCABULARY)):
        raise MissingInputError(
            f"{str(found.body)!r} has no {TOKENIZER}, so its texts cannot be split into tokens",
            "Take it from where the model comes from; transformers writes it: "
            "AutoTokenizer.from_pretrained(FOLDER).save_pretrained(FOLDER).",
        )
    found.weights()


def prompt_text(folder: ModelFolder, name: str | None) -> str:
    """Give the prompt of a name (None: the default one, if any).

    Raises:
        SettingError: there is no such prompt.
    """
    chosen = folder.default_prompt if name is None else name
    if chosen is None or chosen == "":
        return ""
    if chosen not in folder.prompts:
        raise SettingError(
            f"the model in {str(folder.path)!r} has no prompt {chosen!r}",
            f"Prompts: {', '.join(folder.prompts) or 'none'}.",
        )
    return folder.prompts[chosen]


def write_model_folder(
    folder: Path, source: ModelFolder | str | Path, state: Mapping[str, Any] | None = None
) -> None:
    """Write a model into an existing folder in the layout of its source, weights as safetensors.

    Args:
        folder: exists and is empty.
        source: the model whose tokenizer, pooling and settings it has.
        state: array or CPU tensor by name, as the transformer calls them; "dense.N.weight" and
            "dense.N.bias" are of linear layer N after pooling. None: the weights of the source.
    """
    model = source if isinstance(source, ModelFolder) else read_model_folder(source)
    weights = {file.resolve() for file in model.weights()} if state is not None else set()
    for name, file in model.files():
        if file.resolve() in weights or (state is not None and name.endswith(SHARDS)):
            continue
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)  # no second name of a file that its owner may change
    if state is None:
        return
    arrays = {name: np.ascontiguousarray(np.asarray(value)) for name, value in state.items()}
    for number, part in enumerate(model.dense):
        own = {
            f"linear.{name}": arrays.pop(f"dense.{number}.{name}")
            for name in ("weight", "bias")
            if f"dense.{number}.{name}" in arrays
        }
        if own:
            target = folder / part.file.relative_to(model.path)
            target.unlink()
            write_tensors(target, own, {"format": "pt"})
    body = folder / model.body.relative_to(model.path)
    body.mkdir(parents=True, exist_ok=True)
    write_tensors(body / WEIGHTS, arrays, {"format": "pt"})


def _max_length(body: Path, config: Mapping[str, Any], sentence: Mapping[str, Any]) -> int:
    limits = [sentence.get("max_seq_length")]
    places = config.get("max_position_embeddings")
    if isinstance(places, int) and config.get("position_embedding_type", "absolute") == "absolute":
        kept = int(config.get("pad_token_id") or 0) + 1 if config.get("model_type") in _PLACES_KEPT else 0
        limits.append(places - kept)
    if (body / "tokenizer_config.json").is_file():
        limits.append(read_json(body / "tokenizer_config.json").get("model_max_length"))
    known = [int(limit) for limit in limits if isinstance(limit, int | float) and 0 < limit <= _LONGEST]
    return min(known, default=512)
