"""CrossEncoder: how well a text answers a query, read together by a transformer with one output."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearspace.encoders.batches import filled, length_batches
from nearspace.encoders.finding import find_model
from nearspace.encoders.model_folder import TOKENIZER, ModelFolder, read_model_folder
from nearspace.errors import InputError
from nearspace.optional import require

_PURPOSE = "re-ranking by a cross-encoder"
_BUDGET = 4_096  # tokens of a batch
_CHARACTERS = 32  # of a token at most, on average


@dataclass(frozen=True, eq=False)
class CrossEncoder:
    """Scores pairs of texts by a model for sequence classification with one output.

    Slow beside an encoder, since every pair is read anew, and more accurate: it re-ranks what a search found.

    Attributes:
        folder: what the model's folder says.
        tokenizer: of the tokenizers library, which cuts the longer text of a pair first.
        module: the torch module.
    """

    folder: ModelFolder
    tokenizer: Any
    module: Any

    @classmethod
    def open(cls, model: str | Path, *, device: str | None = None) -> CrossEncoder:
        """Open a folder, a package or a hub name, as `find_model` takes it; weights are safetensors only.

        Raises:
            InputError: the model is missing, damaged, unsafe, or has several outputs.
            MissingExtraError: torch or transformers is not installed.
        """
        folder = read_model_folder(find_model(model))
        outputs = _outputs(folder)
        if outputs != 1:
            raise InputError(
                f"{str(folder.body)!r} is no cross-encoder for ranking: it has {outputs or 'no'} outputs",
                "Name a model for sequence classification with one output.",
            )
        torch = require("torch", extra="texts", purpose=_PURPOSE)
        place = device or ("cuda" if torch.cuda.is_available() else "cpu")
        return cls(folder, _tokenizer(folder), _module(folder).to(place))

    def scores(self, query: str, texts: Sequence[str]) -> NDArray[np.float32]:
        """(n,) the model's output for the query and each text, larger is better; no sigmoid is taken."""
        return self.pair_scores([(query, text) for text in texts])

    def pair_scores(self, pairs: Sequence[tuple[str, str]]) -> NDArray[np.float32]:
        """(n,) the model's output for each pair, in batches of about one length."""
        torch = require("torch", extra="texts", purpose=_PURPOSE)
        longest = _CHARACTERS * self.folder.max_length  # of a text: what lies behind is cut off anyway
        read = self.tokenizer.encode_batch([(one[:longest], other[:longest]) for one, other in pairs])
        found = np.zeros(len(pairs), dtype=np.float32)
        pad = int(self.folder.config.get("pad_token_id") or 0)
        device = next(self.module.parameters()).device
        takes_types = int(self.folder.config.get("type_vocab_size") or 0) > 1
        for rows in length_batches([len(one.ids) for one in read], _BUDGET):
            ids, mask = filled([read[row].ids for row in rows], pad)
            given = {"input_ids": ids, "attention_mask": mask}
            if takes_types:
                given["token_type_ids"], _ = filled([read[row].type_ids for row in rows], 0)
            with torch.inference_mode():
                made = self.module(**{name: torch.from_numpy(one).to(device) for name, one in given.items()})
            found[rows] = made.logits[:, 0].float().cpu().numpy()
        return found


def _outputs(folder: ModelFolder) -> int:
    """How many outputs the head has; 0 without one."""
    kinds = folder.config.get("architectures") or []
    if not any(str(kind).endswith("ForSequenceClassification") for kind in kinds):
        return 0
    labels = folder.config.get("id2label")
    return len(labels) if isinstance(labels, dict) else int(folder.config.get("num_labels") or 2)


def _tokenizer(folder: ModelFolder) -> Any:
    library = require("tokenizers", extra="packed", purpose=_PURPOSE)
    path = folder.body / TOKENIZER
    if not path.is_file():
        raise InputError(
            f"{str(folder.body)!r} has no {TOKENIZER}",
            "Transformers writes it: AutoTokenizer.from_pretrained(FOLDER).save_pretrained(FOLDER).",
        )
    try:
        tokenizer = library.Tokenizer.from_file(str(path))
    except Exception as error:  # the library raises Exception itself
        raise InputError(f"{str(path)!r} is damaged: {error}", "Download the model again.") from error
    tokenizer.no_padding()
    tokenizer.enable_truncation(folder.max_length, strategy="longest_first")
    return tokenizer


def _module(folder: ModelFolder) -> Any:
    library = require("transformers", extra="texts", purpose=_PURPOSE)
    torch = require("torch", extra="texts", purpose=_PURPOSE)
    folder.weights()
    try:
        module, told = library.AutoModelForSequenceClassification.from_pretrained(
            str(folder.body),
            local_files_only=True,
            use_safetensors=True,
            trust_remote_code=False,
            output_loading_info=True,
            dtype=torch.float32,
        )
    except Exception as error:  # a damaged file, an unknown family: all sorts
        raise InputError(
            f"{str(folder.body)!r} cannot be opened by transformers {library.__version__}: {error}",
            "Download the model again; models that bring code of their own are not run.",
        ) from error
    lacking = sorted(told["missing_keys"])
    if lacking:
        raise InputError(
            f"{str(folder.body)!r} lacks {len(lacking)} of the weights, for example {lacking[0]!r}",
            "Download the model again; its weights are of another model or incomplete.",
        )
    return module.eval()
