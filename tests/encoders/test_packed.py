"""The packed engine: the vectors of transformers without torch, the same bytes in every batch, its cost."""

import itertools
import json
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.tiny_model import write_tiny_model

from nearspace.encoders.batches import EXACT, bucket, bucket_batches, length_batches, token_shares
from nearspace.encoders.model_folder import read_model_folder
from nearspace.encoders.models import open_model
from nearspace.encoders.packed_engine import PackedEngine
from nearspace.encoders.packed_folder import read_report
from nearspace.encoders.packing import pack
from nearspace.encoders.table import open_encoder
from nearspace.encoders.transformer import TransformerEncoder
from nearspace.errors import FormatVersionError, InputError, MissingInputError, OutputError, SettingError

TEXTS = [
    "the river bank",
    "money in the bank, please pay the loan!",
    "cat",
    "a boat and a fish " * 30,
    "",
    "dog",
]
extras = pytest.mark.extras


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return write_tiny_model(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="module")
def packed(tiny):
    pytest.importorskip("openvino")
    pytest.importorskip("tokenizers")
    pack(tiny, tiny.parent / "packed", precision="f32")
    return tiny.parent / "packed"


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 300), max_size=60), st.integers(1, 2000))
def test_batches_hold_every_text_once(lengths, budget):
    made = bucket_batches(lengths, budget)
    rows = [int(row) for _, batch in made for row in batch]
    assert sorted(rows) == [row for row, length in enumerate(lengths) if length]
    for width, batch in made:
        assert len(batch) == 1 or len(batch) * width <= budget
        assert all(bucket(lengths[row]) == width for row in batch)
    sorted_ones = [row for batch in length_batches(lengths, budget) for row in batch.tolist()]
    assert sorted(sorted_ones) == sorted(rows)
    assert all(lengths[a] >= lengths[b] for a, b in itertools.pairwise(sorted_ones))


def test_buckets_add_little():
    for length in range(1, 2000):
        assert length <= bucket(length) <= max(length, length * 1.0625)
        assert bucket(bucket(length)) == bucket(length)


def test_shares_of_poolings():
    modes = ("cls", "lasttoken", "weightedmean", "mean_sqrt_len_tokens", "mean")
    made = token_shares(modes, np.array([3, 4]), 5)
    np.testing.assert_allclose(
        made[0],
        [
            [1, 0, 0, 0, 0],
            [0, 0, 1, 0, 0],
            [1 / 6, 2 / 6, 3 / 6, 0, 0],
            [3**-0.5] * 3 + [0, 0],
            [1 / 3] * 3 + [0, 0],
        ],
        atol=1e-7,
    )
    np.testing.assert_allclose(made[1, 3], [0.5] * 4 + [0])
    without = token_shares(modes, np.array([3]), 3, skip=1)[0]
    np.testing.assert_allclose(without[[0, 2, 4]], [[0, 1, 0], [0, 0.4, 0.6], [0, 0.5, 0.5]])
    assert all(bucket(length) == length for length in range(1, EXACT + 1))


@extras
@pytest.mark.parametrize(
    "pooling", ["mean", "cls", "max", "weightedmean", "lasttoken", "mean_sqrt_len_tokens"]
)
def test_vectors_are_those_of_torch(tmp_path, pooling):
    for package in ("openvino", "torch", "transformers"):
        pytest.importorskip(package)
    folder = write_tiny_model(tmp_path / "m", normalize=False)
    (folder / "1_Pooling" / "config.json").write_text(json.dumps({"pooling_mode": [pooling, "mean"]}))
    one = TransformerEncoder.open(folder, engine="torch", device="cpu")
    other = TransformerEncoder.open(folder, engine="packed")
    assert one.fingerprint == other.fingerprint
    np.testing.assert_allclose(other.encode(TEXTS), one.encode(TEXTS), atol=3e-6)
    for layers in ((-1,), (0, 1)):
        for ours, theirs in zip(
            other.token_vectors(TEXTS, layers), one.token_vectors(TEXTS, layers), strict=True
        ):
            assert ours.pieces == theirs.pieces
            np.testing.assert_allclose(ours.vectors, theirs.vectors, atol=1e-5)
            np.testing.assert_allclose(ours.weights, theirs.weights, atol=1e-7)


FAMILIES = {
    "bert": ("BertConfig", {"intermediate_size": 48, "hidden_act": "gelu_new"}),
    "roberta": ("RobertaConfig", {"intermediate_size": 48, "pad_token_id": 1}),
    "xlm-roberta": ("XLMRobertaConfig", {"intermediate_size": 48, "pad_token_id": 1, "hidden_act": "relu"}),
    "camembert": ("CamembertConfig", {"intermediate_size": 48, "pad_token_id": 1}),
    "distilbert": ("DistilBertConfig", {}),
    "mpnet": ("MPNetConfig", {"intermediate_size": 48}),
}


@extras
@pytest.mark.parametrize("family", FAMILIES)
def test_families_are_those_of_transformers(tmp_path, family):
    for package in ("openvino", "torch", "transformers"):
        pytest.importorskip(package)
    import torch
    import transformers

    name, more = FAMILIES[family]
    shape = {"vocab_size": 300, "max_position_embeddings": 80}
    if family == "distilbert":
        shape |= {"dim": 32, "n_heads": 4, "n_layers": 2, "hidden_dim": 48}
    else:
        shape |= {"hidden_size": 32, "num_attention_heads": 4, "num_hidden_layers": 2}
    torch.manual_seed(1)
    model = transformers.AutoModel.from_config(getattr(transformers, name)(**shape, **more))
    with torch.no_grad():
        for weight in model.parameters():
            weight.normal_(0, 0.3)
    folder = write_tiny_model(tmp_path / "m", sentence=False, max_length=78)
    model.save_pretrained(folder)
    (folder / "tokenizer_config.json").write_text("{}")
    read = read_model_folder(folder)
    assert read.family == family
    ids = [list(range(3, 3 + length)) for length in (5, 1, 70, 33)]
    one = TransformerEncoder.open(folder, engine="torch", device="cpu").engine.tokens(ids)
    other = PackedEngine(read, "f32").tokens(ids)
    for ours, theirs in zip(other, one, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=2e-4)


@extras
def test_a_text_has_the_same_bytes_in_every_batch(packed):
    encoder = open_model(packed)
    alone = np.vstack([encoder.encode([text]) for text in TEXTS])
    np.testing.assert_array_equal(encoder.encode(TEXTS), alone)
    np.testing.assert_array_equal(encoder.encode(TEXTS * 40)[: len(TEXTS)], alone)
    read = read_model_folder(packed.parent / "tiny")
    ids = encoder.tokenizer.ids(TEXTS * 20)
    for precision in ("f32", "bf16"):
        one, four = (PackedEngine(read, precision, threads=threads).pooled(ids) for threads in (1, 4))
        np.testing.assert_array_equal(one, four)
    assert not alone[4].any()


@extras
def test_cost_is_measured_and_kept(tiny, tmp_path):
    pytest.importorskip("openvino")
    report = pack(tiny, tmp_path / "small", precision="bf16")
    assert [measure.name for measure in report] == ["cosine", "spearman", "neighbors", "texts/s bf16"]
    assert report["cosine"].value > 0.999
    assert report["cosine"].baseline["other text"] < 0.95
    assert report["neighbors"].value > 0.9
    assert report["spearman"].value > 0.99
    assert read_report(tmp_path / "small") == report
    assert open_model(tmp_path / "small").fingerprint != open_model(tiny, engine="packed").fingerprint


@extras
def test_a_loss_is_seen(tiny, tmp_path, monkeypatch):
    pytest.importorskip("openvino")
    pooled = PackedEngine.pooled

    def blurred(self, ids, skip=0):
        made = pooled(self, ids, skip)
        noise = np.random.default_rng(0).normal(0, 0.3, made.shape).astype(np.float32)
        return made if self.precision == "f32" else made + noise

    monkeypatch.setattr(PackedEngine, "pooled", blurred)
    assert pack(tiny, tmp_path / "b", precision="bf16")["cosine"].value < 0.7
    pack(tiny, tmp_path / "a")
    assert json.loads((tmp_path / "a" / "packed.json").read_text())["precision"] == "f32"


@extras
def test_a_space_keeps_the_packed_form(packed, tmp_path):
    encoder = open_model(packed)
    encoder.save(tmp_path)
    opened = open_encoder("transformer", tmp_path)
    assert opened.fingerprint == encoder.fingerprint
    np.testing.assert_array_equal(opened.encode(TEXTS), encoder.encode(TEXTS))
    with pytest.raises(InputError, match="is a packed form, which cannot be trained"):
        opened.module()
    with pytest.raises(SettingError, match="is a packed form, which torch cannot run"):
        open_model(packed, engine="torch")


@extras
def test_bad_packed_forms(packed, tiny, tmp_path):
    import shutil

    with pytest.raises(InputError, match="is packed already"):
        pack(packed, tmp_path / "again")
    with pytest.raises(OutputError, match="exists"):
        pack(tiny, packed)
    with pytest.raises(InputError, match="2 texts are too few"):
        pack(tiny, tmp_path / "few", texts=["a", "b", " "])
    with pytest.raises(SettingError, match="precision is 'f16'"):
        pack(tiny, tmp_path / "f16", precision="f16")
    assert not list(tmp_path.iterdir())
    copy = tmp_path / "copy"
    shutil.copytree(packed, copy)
    known = json.loads((copy / "packed.json").read_text("utf-8"))
    (copy / "packed.json").write_text(json.dumps(known | {"version": 9}))
    with pytest.raises(FormatVersionError, match="packed in version 9"):
        open_model(copy)
    (copy / "packed.json").write_text(json.dumps({**known, "after": 3}))
    with pytest.raises(InputError, match="is damaged"):
        open_model(copy)
    (copy / "packed.json").write_text(json.dumps(known))
    (copy / "graph.xml").write_text("<net")
    with pytest.raises(InputError, match=r"graph\.xml' is damaged"):
        open_model(copy).encode(["a"])
    (copy / "graph.bin").unlink()
    with pytest.raises(MissingInputError, match=r"graph\.bin' is missing"):
        open_model(copy)


@extras
def test_other_families_are_refused(tiny, tmp_path):
    pytest.importorskip("openvino")
    folder = write_tiny_model(tmp_path / "m")
    config = json.loads((folder / "config.json").read_text("utf-8"))
    (folder / "config.json").write_text(json.dumps(config | {"model_type": "albert"}))
    with pytest.raises(
        InputError, match=r"type 'albert', which cannot be packed\nPacked can be: bert, roberta"
    ):
        pack(folder, tmp_path / "p")
    (folder / "config.json").write_text(json.dumps(config | {"hidden_act": "silu"}))
    with pytest.raises(InputError, match="activation 'silu'"):
        pack(folder, tmp_path / "p")
    assert not (tmp_path / "p").exists()


@extras
def test_no_torch_and_no_word_over_the_network(packed):
    """Encoding imports neither torch nor what would tell somebody that OpenVINO is used."""
    code = f"""
import sys
from nearspace.encoders.models import open_model
made = open_model({str(packed)!r}).encode(["the river bank"])
assert made.any()
bad = [name for name in sys.modules if name.split(".")[0] in ("torch", "transformers", "openvino_telemetry")]
assert not bad and "openvino.tools.ovc" not in sys.modules, bad
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
