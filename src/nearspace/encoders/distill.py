"""The verb distill: a named transformer made into a folder that needs none."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable
from pathlib import Path

from nearspace.encoders.distilling import Distilling, Teacher, distil
from nearspace.encoders.finding import CONFIG, MODULES
from nearspace.encoders.static import StaticEncoder
from nearspace.encoders.token_files import is_token_folder, write_token_files
from nearspace.encoders.token_table import TokenEncoder
from nearspace.encoders.transformer import TransformerEncoder
from nearspace.files import new_folder
from nearspace.protocols import Progress

_STATIC = "static.json"


def distill(
    model: str | Path | TransformerEncoder,
    output: str | Path | None = None,
    settings: Distilling | None = None,
    *,
    texts: Iterable[str] | None = None,
    engine: str = "auto",
    overwrite: bool = False,
    progress: Progress | None = None,
) -> TokenEncoder | StaticEncoder:
    """Run a transformer once over each token, or each word of texts, and keep the vectors as a table.

    Args:
        model: as `open_model` takes it, or an opened one.
        output: new folder that `open_model` opens; of tokens also model2vec and sentence-transformers.
        settings: see Distilling.
        texts: of the user; give the weights, and with vocabulary="words" the words. Read once.
        engine: of the transformer, see TransformerEncoder.
        overwrite: replace an `output` that a distillation has written.
        progress: shows the work.

    Raises:
        InputError: the model is missing or no BERT, or the words are to come from texts that lack.
        OutputError: the folder is there or cannot be written.
    """
    opened = model if isinstance(model, TransformerEncoder) else TransformerEncoder.open(model, engine=engine)
    made = distil(_teacher(opened), settings or Distilling(), texts, progress)
    if output is not None:
        with new_folder(Path(output), overwrite=overwrite, replaceable=_is_ours) as draft:
            if isinstance(made, TokenEncoder):
                write_token_files(draft, made.tokenizer, made.rows)
            else:
                made.save(draft)
    return made


def _teacher(encoder: TransformerEncoder) -> Teacher:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tokenizer.json"
        encoder.tokenizer.save(path)
        return Teacher(json.loads(path.read_bytes()), encoder.engine.pooled)


def _is_ours(folder: Path) -> bool:
    tokens = is_token_folder(folder) and (folder / CONFIG).is_file() and (folder / MODULES).is_file()
    return tokens or (folder / _STATIC).is_file()
