"""A small BERT with random weights, written as a sentence-transformers folder without torch.

Its residual paths dominate, so that texts which share words lie close, as in a real model.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
LETTERS = [chr(number) for number in range(ord("a"), ord("z") + 1)]
DIGITS = [str(number) for number in range(10)]
SIGNS = list(".,;:!?'\"-()/&%$#@*+=<>[]")
_TEXT = (
    "the of and to in is a was on for with as by at from it an be this that which are or his he she they we "
    "you river bank water boat fish money loan credit account cash shore flood deposit rate pay bridge "
    "cat dog horse bird animal eats sleeps runs small big house garden street city town country "
    "film movie good bad great awful boring loved hated music song band play stage actor "
    "war king queen army battle science star planet sun moon cell virus doctor heart blood "
    "open close set alarm timer weather rain today tomorrow book flight ticket hotel food pizza recipe "
    "how what when where who why do does my me i please tell need want change new old play list"
)
WORDS = _TEXT.split()
SUFFIXES = ["##s", "##ed", "##ing", "##er", "##est", "##ly", "##ness", "##ment", "##al"]
VOCABULARY = list(
    dict.fromkeys(
        [*SPECIAL, *SIGNS, *DIGITS, *LETTERS, *(f"##{one}" for one in LETTERS + DIGITS), *SUFFIXES, *WORDS]
    )
)


def write_tiny_model(
    folder: Path,
    *,
    seed: int = 1,
    dim: int = 32,
    layers: int = 2,
    heads: int = 4,
    max_length: int = 64,
    pooling: str = "mean",
    normalize: bool = True,
    sentence: bool = True,
) -> Path:
    """Write the model into `folder`; not `sentence`: a bare BERT without the files of the library."""
    folder.mkdir(parents=True, exist_ok=True)
    save_file(weights(seed, dim, layers), folder / "model.safetensors", metadata={"format": "pt"})
    config = {
        "architectures": ["BertModel"],
        "model_type": "bert",
        "hidden_act": "gelu",
        "hidden_size": dim,
        "intermediate_size": 2 * dim,
        "num_attention_heads": heads,
        "num_hidden_layers": layers,
        "max_position_embeddings": 128,
        "type_vocab_size": 2,
        "vocab_size": len(VOCABULARY),
        "layer_norm_eps": 1e-12,
        "pad_token_id": 0,
        "hidden_dropout_prob": 0.1,
        "attention_probs_dropout_prob": 0.1,
    }
    _write(folder / "config.json", config)
    _write(folder / "tokenizer.json", tokenizer())
    _write(
        folder / "tokenizer_config.json",
        {
            "tokenizer_class": "BertTokenizer",
            "do_lower_case": True,
            "model_max_length": 128,
        },
    )
    (folder / "vocab.txt").write_text("\n".join(VOCABULARY) + "\n", encoding="utf-8")
    if sentence:
        _write_sentence(folder, dim, max_length, pooling, normalize)
    return folder


def weights(seed: int, dim: int, layers: int) -> dict[str, np.ndarray]:
    """Give the tensors by the names that BertModel has."""
    random = np.random.default_rng(seed)

    def normal(*shape: int, scale: float) -> np.ndarray:
        return random.normal(0, scale, shape).astype(np.float32)

    tensors = {
        "embeddings.word_embeddings.weight": normal(len(VOCABULARY), dim, scale=1.0),
        "embeddings.position_embeddings.weight": normal(128, dim, scale=0.05),
        "embeddings.token_type_embeddings.weight": normal(2, dim, scale=0.05),
        "embeddings.LayerNorm.weight": np.ones(dim, np.float32),
        "embeddings.LayerNorm.bias": np.zeros(dim, np.float32),
        "pooler.dense.weight": normal(dim, dim, scale=0.2),
        "pooler.dense.bias": np.zeros(dim, np.float32),
    }
    shapes = {
        "attention.self.query": (dim, dim),
        "attention.self.key": (dim, dim),
        "attention.self.value": (dim, dim),
        "attention.output.dense": (dim, dim),
        "intermediate.dense": (2 * dim, dim),
        "output.dense": (dim, 2 * dim),
    }
    for layer in range(layers):
        name = f"encoder.layer.{layer}"
        for part, (out, into) in shapes.items():
            tensors[f"{name}.{part}.weight"] = normal(out, into, scale=0.5 / np.sqrt(into))
            tensors[f"{name}.{part}.bias"] = normal(out, scale=0.02)
        for part in ("attention.output.LayerNorm", "output.LayerNorm"):
            tensors[f"{name}.{part}.weight"] = np.ones(dim, np.float32)
            tensors[f"{name}.{part}.bias"] = np.zeros(dim, np.float32)
    return tensors


def tokenizer() -> dict[str, object]:
    """Give tokenizer.json: the uncased BERT tokenizer over `VOCABULARY`."""
    added = [
        {
            "id": number,
            "content": token,
            "single_word": False,
            "lstrip": False,
            "rstrip": False,
            "normalized": False,
            "special": True,
        }
        for number, token in enumerate(SPECIAL)
    ]
    piece = {"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"SpecialToken": {"id": "[SEP]", "type_id": 0}}
    first, second = {"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}
    end = {"SpecialToken": {"id": "[SEP]", "type_id": 1}}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": added,
        "normalizer": {
            "type": "BertNormalizer",
            "clean_text": True,
            "handle_chinese_chars": True,
            "strip_accents": None,
            "lowercase": True,
        },
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [piece[0], first, piece[1]],
            "pair": [piece[0], first, piece[1], second, end],
            "special_tokens": {
                token: {"id": token, "ids": [SPECIAL.index(token)], "tokens": [token]}
                for token in ("[CLS]", "[SEP]")
            },
        },
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
        "model": {
            "type": "WordPiece",
            "unk_token": "[UNK]",
            "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100,
            "vocab": {token: number for number, token in enumerate(VOCABULARY)},
        },
    }


def _write_sentence(folder: Path, dim: int, max_length: int, pooling: str, normalize: bool) -> None:
    kinds = {"mean": "mean_tokens", "cls": "cls_token", "max": "max_tokens"}
    modules = [("0", "", "Transformer"), ("1", "1_Pooling", "Pooling")]
    if normalize:
        modules.append(("2", "2_Normalize", "Normalize"))
    _write(
        folder / "modules.json",
        [
            {"idx": int(idx), "name": idx, "path": path, "type": f"sentence_transformers.models.{kind}"}
            for idx, path, kind in modules
        ],
    )
    (folder / "1_Pooling").mkdir(exist_ok=True)
    pooled = {f"pooling_mode_{kind}": name == pooling for name, kind in kinds.items()}
    _write(folder / "1_Pooling" / "config.json", {"word_embedding_dimension": dim, **pooled})
    _write(folder / "sentence_bert_config.json", {"max_seq_length": max_length, "do_lower_case": False})
    _write(
        folder / "config_sentence_transformers.json",
        {
            "__version__": {"sentence_transformers": "5.0.0"},
            "prompts": {},
            "similarity_fn_name": "cosine",
        },
    )


def _write(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")
