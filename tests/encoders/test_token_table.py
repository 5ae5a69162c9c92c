"""The table of token vectors: its formula, its files, and the layouts of other libraries."""

import dataclasses
import json

import numpy as np
import pytest
from safetensors.numpy import save_file
from tests.tiny_model import VOCABULARY, tokenizer

from nearspace.encoders.table import ENCODERS, open_encoder
from nearspace.encoders.token_files import is_token_folder
from nearspace.encoders.token_table import TokenEncoder, TokenSettings
from nearspace.errors import DimensionError, InputError, SettingError
from nearspace.kernels.token_means import token_means, token_means_numpy
from nearspace.protocols import Encoder

DIM, COUNT = 16, len(VOCABULARY)
TEXTS = ["The river bank floods", "money in the bank!", "", "日日", "boat [SEP] " + "river " * 600, "\0"]


def table(dtype=np.float32, rows=COUNT):
    random = np.random.default_rng(3)
    scale = 40 if dtype == np.int8 else 1
    return (random.normal(size=(rows, DIM)) * scale).astype(dtype)


def write_model2vec(folder, *, dtype=np.float32, config=None, weights=False, mapping=False):
    folder.mkdir()
    arrays = {"embeddings": table(dtype, 50 if mapping else len(VOCABULARY))}
    if weights:
        arrays["weights"] = np.linspace(0.1, 1, len(VOCABULARY), dtype=np.float32)
    if mapping:
        arrays["mapping"] = (np.arange(len(VOCABULARY)) * 7 % 50).astype(np.int64)
    save_file(arrays, folder / "model.safetensors")
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer()))
    (folder / "config.json").write_text(json.dumps({"normalize": True} if config is None else config))
    return folder


def write_static_embedding(folder, *, where="0_StaticEmbedding", normalize=False, truncation=None):
    place = folder / where
    place.mkdir(parents=True)
    save_file({"embedding.weight": table()}, place / "model.safetensors")
    (place / "tokenizer.json").write_text(json.dumps({**tokenizer(), "truncation": truncation}))
    modules = [{"idx": 0, "path": where, "type": "sentence_transformers.models.StaticEmbedding"}]
    if normalize:
        modules.append({"idx": 1, "path": "1_Normalize", "type": "sentence_transformers.models.Normalize"})
    (folder / "modules.json").write_text(json.dumps(modules))
    return folder


def ids(text):
    return [VOCABULARY.index(word) for word in text.split()]


@pytest.mark.parametrize("dtype", [np.float32, np.int8])
@pytest.mark.parametrize("places", [False, True])
@pytest.mark.parametrize("weights", [False, True])
@pytest.mark.parametrize("unit", [False, True])
def test_kernel_and_twin(dtype, places, weights, unit):
    random = np.random.default_rng(5)
    tokens = random.integers(0, 40, 200).astype(np.int32)
    starts = np.array([0, 0, 1, 5, 9, 120, 200, 200])
    at = random.integers(0, 30, 40) if places else np.empty(0, np.int64)
    scale = random.random(40).astype(np.float32) if weights else np.empty(0, np.float32)
    means = [np.full((7, DIM), np.nan, np.float32) for _ in range(2)]
    for kernel, out in zip((token_means, token_means_numpy), means, strict=True):
        kernel(tokens, starts, table(dtype, 40), at, scale, unit, out)
    np.testing.assert_allclose(*means, rtol=1e-5, atol=1e-6)
    assert not means[0][[0, 6]].any()


def test_is_an_encoder(tmp_path):
    made = TokenEncoder.open(write_model2vec(tmp_path / "m"))
    assert isinstance(made, Encoder)
    assert made.kind in ENCODERS
    assert made.dim == DIM


def test_vector_is_the_mean_of_the_tokens(tmp_path):
    rows = table()
    made = TokenEncoder.open(write_model2vec(tmp_path / "m"))
    mean = rows[ids("the river bank flood ##s")].mean(axis=0)
    np.testing.assert_allclose(made.encode(TEXTS[:1])[0], mean / np.linalg.norm(mean), atol=1e-6)
    assert not made.encode(["", "\0", "日"]).any()  # unknown tokens are left out
    static = TokenEncoder.open(write_static_embedding(tmp_path / "s"))
    np.testing.assert_allclose(static.encode(TEXTS[:1])[0], mean, atol=1e-6)
    np.testing.assert_allclose(static.encode(["日"])[0], rows[1], atol=1e-6)  # here they count
    unit = TokenEncoder.open(write_static_embedding(tmp_path / "u", where=".", normalize=True))
    np.testing.assert_allclose(unit.encode(TEXTS[:1])[0], mean / np.linalg.norm(mean), atol=1e-6)


def test_weights_and_shared_rows(tmp_path):
    made = TokenEncoder.open(write_model2vec(tmp_path / "m", weights=True, mapping=True, config={}))
    own = ids("river boat")
    rows = table(rows=50)[np.array(own) * 7 % 50]
    weights = np.linspace(0.1, 1, len(VOCABULARY), dtype=np.float32)[own]
    np.testing.assert_allclose(
        made.encode(["river boat"])[0], (rows * weights[:, None]).mean(axis=0), atol=1e-6
    )
    np.testing.assert_allclose(made.rows_of(np.array(own)), rows * weights[:, None], atol=1e-6)


def test_long_texts_are_cut_off_as_the_models_do(tmp_path):
    long, shorter = "boat " + "river " * 600, "boat " + "river " * 511
    made = TokenEncoder.open(write_model2vec(tmp_path / "m"))
    assert made.settings.max_tokens == 512
    np.testing.assert_array_equal(*made.encode([long, shorter]))
    free = TokenEncoder.open(write_model2vec(tmp_path / "f", config={"max_length": None}))
    assert not np.array_equal(*free.encode([long, shorter]))
    truncation = {"max_length": 2, "strategy": "LongestFirst", "stride": 0, "direction": "Right"}
    static = TokenEncoder.open(write_static_embedding(tmp_path / "s", truncation=truncation))
    np.testing.assert_array_equal(*static.encode(["boat river money", "boat river bank"]))


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_same_bytes_in_every_batch_and_for_any_workers(tmp_path, workers):
    made = TokenEncoder.open(write_model2vec(tmp_path / "m"))
    texts = [f"{text} {number}" for number in range(900) for text in TEXTS[:5]]
    together = made.encode(texts, workers=workers)
    alone = np.concatenate([made.encode([text]) for text in texts[:60]])
    assert together[:60].tobytes() == alone.tobytes()
    assert together.tobytes() == made.encode(texts, workers=1).tobytes()


@pytest.mark.parametrize("dtype", [np.float32, np.float16, np.int8])
def test_saved_and_opened(tmp_path, dtype):
    made = TokenEncoder.open(write_model2vec(tmp_path / "m", dtype=dtype, weights=True))
    (tmp_path / "saved").mkdir()
    made.save(tmp_path / "saved")
    opened = open_encoder("tokens", tmp_path / "saved")
    assert opened.fingerprint == made.fingerprint
    assert opened.rows.dtype == dtype
    assert opened.encode(TEXTS).tobytes() == made.encode(TEXTS).tobytes()
    other = dataclasses.replace(made, settings=TokenSettings(unit=False), stored_fingerprint="")
    assert other.fingerprint != made.fingerprint


def test_fewer_components(tmp_path):
    folder = write_static_embedding(tmp_path / "m")
    short = TokenEncoder.open(folder, dim=4)
    np.testing.assert_allclose(short.encode(TEXTS), TokenEncoder.open(folder).encode(TEXTS)[:, :4], atol=1e-6)
    with pytest.raises(SettingError, match="dim is 99, the vectors have 16"):
        TokenEncoder.open(folder, dim=99)


def test_errors(tmp_path):
    assert not is_token_folder(tmp_path)
    with pytest.raises(InputError, match="is no static model"):
        TokenEncoder.open(tmp_path)
    folder = write_model2vec(tmp_path / "m")
    assert is_token_folder(folder)
    (folder / "config.json").write_text("[]")
    with pytest.raises(InputError, match="no table of settings"):
        TokenEncoder.open(folder)
    (folder / "tokenizer.json").write_text("{")
    with pytest.raises(InputError, match="is no JSON"):
        TokenEncoder.open(folder)
    with pytest.raises(DimensionError, match="the table has 3"):
        TokenEncoder(tokenizer(), table(rows=3))
    with pytest.raises(DimensionError, match="weights"):
        TokenEncoder(tokenizer(), table(), np.ones(3, np.float32))
    with pytest.raises(SettingError, match="max_tokens is 0"):
        TokenSettings(max_tokens=0)
    (tmp_path / "saved").mkdir()
    TokenEncoder(tokenizer(), table()).save(tmp_path / "saved")
    (tmp_path / "saved" / "tokens.json").write_text("{}")
    with pytest.raises(InputError, match="is damaged"):
        TokenEncoder.load(tmp_path / "saved")


@pytest.mark.extras
def test_other_tokenizers_are_run_by_their_package(tmp_path):
    pytest.importorskip("tokenizers")
    plain = TokenEncoder(tokenizer(), table(), settings=TokenSettings(leave_out_unknown=True, max_tokens=9))
    other = tokenizer()
    other["pre_tokenizer"] = {"type": "Sequence", "pretokenizers": [{"type": "BertPreTokenizer"}]}
    by_package = dataclasses.replace(plain, tokenizer=other)
    texts = [text for text in TEXTS if text != "\0"]
    assert by_package.encode(texts).tobytes() == plain.encode(texts).tobytes()
    np.testing.assert_array_equal(by_package.pieces(texts).spans, plain.pieces(texts, spans=True).spans)
