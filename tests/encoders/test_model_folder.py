"""What is read of a model's folder, and what is refused."""

import json

import numpy as np
import pytest
from safetensors.numpy import save_file
from tests.tiny_model import weights, write_tiny_model

from nearspace.encoders.finding import find_model
from nearspace.encoders.model_folder import (
    Normalize,
    prompt_text,
    read_model_folder,
    write_model_folder,
)
from nearspace.errors import InputError, MissingInputError, SettingError
from nearspace.tensors import Tensors


@pytest.fixture
def tiny(tmp_path):
    return write_tiny_model(tmp_path / "model")


def change(path, **values):
    known = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps(known | values), encoding="utf-8")


def modules(folder, *parts):
    listed = [
        {"idx": n, "name": str(n), "path": path, "type": f"x.y.{kind}"}
        for n, (kind, path) in enumerate(parts)
    ]
    (folder / "modules.json").write_text(json.dumps(listed), encoding="utf-8")


def dense(folder, *, out=5, **values):
    folder.mkdir()
    array = np.arange(out * 32, dtype=np.float32).reshape(out, 32)
    save_file({"linear.weight": array, "linear.bias": np.ones(out, np.float32)}, folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps({"in_features": 32, "out_features": out, **values}))


def test_a_sentence_folder(tiny):
    found = read_model_folder(tiny)
    assert (found.dim, found.max_length, found.family, found.normalized) == (32, 64, "bert", True)
    assert found.pooling.modes == ("mean",)
    assert found.after == (Normalize(),)
    assert found.notes == ()


def test_a_bare_folder_is_averaged_and_says_so(tmp_path):
    found = read_model_folder(write_tiny_model(tmp_path / "bare", sentence=False))
    assert found.pooling.modes == ("mean",)
    assert not found.normalized
    assert found.max_length == 128
    assert "their mean is taken" in found.notes[0]


@pytest.mark.parametrize("mode", ["cls", "max", "mean_sqrt_len_tokens", "weightedmean", "lasttoken"])
def test_poolings_of_both_spellings(tiny, mode):
    (tiny / "1_Pooling" / "config.json").write_text(
        json.dumps({"pooling_mode": mode, "embedding_dimension": 32})
    )
    assert read_model_folder(tiny).pooling.modes == (mode,)
    old = {"cls": "cls_token", "max": "max_tokens", "weightedmean": "weightedmean_tokens"}.get(mode, mode)
    (tiny / "1_Pooling" / "config.json").write_text(json.dumps({f"pooling_mode_{old}": True}))
    assert read_model_folder(tiny).pooling.modes == (mode,)


def test_several_poolings_are_joined(tiny):
    change(tiny / "1_Pooling" / "config.json", pooling_mode_cls_token=True, include_prompt=False)
    found = read_model_folder(tiny)
    assert found.pooling.modes == ("cls", "mean")
    assert not found.pooling.include_prompt
    assert found.dim == 64


def test_dense_layers(tiny):
    dense(tiny / "2_Dense", activation_function="torch.nn.modules.linear.Identity")
    modules(tiny, ("Transformer", ""), ("Pooling", "1_Pooling"), ("Dense", "2_Dense"))
    found = read_model_folder(tiny)
    assert (found.dim, found.normalized) == (5, False)
    (layer,) = found.dense
    weight, bias = layer.read()
    assert (weight.shape, bias.tolist(), layer.activation) == ((5, 32), [1] * 5, "identity")


def test_prompts(tiny):
    change(
        tiny / "config_sentence_transformers.json",
        prompts={"query": "ask: ", "passage": ""},
        default_prompt_name="query",
    )
    found = read_model_folder(tiny)
    assert prompt_text(found, None) == "ask: "
    assert prompt_text(found, "passage") == prompt_text(found, "") == ""
    with pytest.raises(SettingError, match=r"no prompt 'document'\nPrompts: query, passage\."):
        prompt_text(found, "document")
    change(tiny / "config_sentence_transformers.json", default_prompt_name="other")
    with pytest.raises(InputError, match="default prompt 'other', which it lacks"):
        read_model_folder(tiny)


@pytest.mark.parametrize("path", ["../other", "/etc", "a/../../b", "..\\x", "C:x", 7])
def test_paths_that_lead_out_are_refused(tiny, path):
    modules(tiny, ("Transformer", ""), ("Pooling", path))
    with pytest.raises(InputError, match="does not lie within the folder"):
        read_model_folder(tiny)


def test_shards_that_lead_out_are_refused(tiny):
    (tiny / "model.safetensors").unlink()
    (tiny / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {"a": "../b.safetensors"}}))
    with pytest.raises(InputError, match="does not lie within the folder"):
        read_model_folder(tiny)
    (tiny / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {"a": "b.safetensors"}}))
    with pytest.raises(MissingInputError, match=r"b\.safetensors' is missing"):
        read_model_folder(tiny)


def test_pickles_are_refused_with_what_to_do(tiny):
    (tiny / "model.safetensors").rename(tiny / "pytorch_model.bin")
    with pytest.raises(InputError, match=r"only as 'pytorch_model\.bin', a pickle.*\n.*save_pretrained"):
        read_model_folder(tiny)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("model.safetensors", "no weights: model.safetensors is missing"),
        ("config.json", "config.json' is missing"),
        ("1_Pooling/config.json", "config.json' is missing"),
    ],
)
def test_missing_parts(tiny, name, message):
    (tiny / name).unlink()
    with pytest.raises(MissingInputError, match=message):
        read_model_folder(tiny)


def test_missing_tokenizer(tiny):
    (tiny / "tokenizer.json").unlink()
    read_model_folder(tiny)  # vocab.txt will do
    (tiny / "vocab.txt").unlink()
    with pytest.raises(MissingInputError, match=r"no tokenizer\.json, so its texts cannot be split"):
        read_model_folder(tiny)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"7"])
def test_damaged_settings(tiny, content):
    (tiny / "config.json").write_bytes(content)
    with pytest.raises(InputError, match=r"config\.json' is damaged"):
        read_model_folder(tiny)


def test_unknown_parts(tiny):
    modules(tiny, ("Transformer", ""), ("CNN", "1_Pooling"))
    with pytest.raises(InputError, match=r"'CNN' as part 2.*\nRead are: Transformer, Pooling"):
        read_model_folder(tiny)
    (tiny / "1_Pooling" / "config.json").write_text(json.dumps({"pooling_mode": "median"}))
    modules(tiny, ("Transformer", ""), ("Pooling", "1_Pooling"))
    with pytest.raises(InputError, match="pools by 'median'"):
        read_model_folder(tiny)
    dense(tiny / "2_Dense", activation_function="x.Mish")
    change(tiny / "1_Pooling" / "config.json", pooling_mode="mean")
    modules(tiny, ("Transformer", ""), ("Pooling", "1_Pooling"), ("Dense", "2_Dense"))
    with pytest.raises(InputError, match="activation 'Mish'"):
        read_model_folder(tiny)


def test_written_with_other_weights(tiny, tmp_path):
    dense(tiny / "2_Dense", activation_function="x.Identity")
    modules(tiny, ("Transformer", ""), ("Pooling", "1_Pooling"), ("Dense", "2_Dense"))
    state = weights(9, 32, 2) | {"dense.0.weight": np.full((5, 32), 3, np.float32)}
    (tmp_path / "new").mkdir()
    write_model_folder(tmp_path / "new", tiny, state)
    found = read_model_folder(tmp_path / "new")
    name = "encoder.layer.0.output.dense.weight"
    assert np.array_equal(Tensors(found.weights()[0])[name], state[name])
    assert (found.dense[0].read()[0] == 3).all()
    before = Tensors(tiny / "model.safetensors")[name]
    assert not np.array_equal(before, state[name])


def test_find_model(tiny, tmp_path, monkeypatch):
    assert find_model(tiny) == tiny
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"holds no model: no modules\.json"):
        find_model(tmp_path / "empty")
    with pytest.raises(InputError, match="is a file, expected the folder"):
        find_model(tiny / "config.json")
    package = tmp_path / "site" / "carried_model_for_test"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise RuntimeError('imported')")
    tiny.rename(package / "model")
    monkeypatch.syspath_prepend(tmp_path / "site")
    assert find_model("carried-model-for-test") == package / "model"


def test_nothing_of_that_name(monkeypatch):
    with pytest.raises(
        MissingInputError, match=r"no folder and no installed package 'nowhere\.space'\nGive a"
    ):
        find_model("nowhere.space")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(MissingInputError, match=r"no folder 'no/such-model'(.|\n)*such as gt-all"):
        find_model("no/such-model")
