"""The encoder of transformers by torch: transformers' own arithmetic, and what it does at the edges."""

import numpy as np
import pytest
from tests.tiny_model import write_tiny_model

from nearspace.encoders.models import open_model
from nearspace.encoders.table import open_encoder
from nearspace.encoders.transformer import TransformerEncoder
from nearspace.errors import InputError, SettingError
from nearspace.protocols import Encoder

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")
pytestmark = pytest.mark.extras

TEXTS = ["the river bank", "money in the bank, please pay the loan!", "cat", "a boat and a fish " * 30]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return write_tiny_model(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="module")
def encoder(tiny):
    return TransformerEncoder.open(tiny, engine="torch", device="cpu")


def by_hand(folder, text, max_length=64):
    """The mean of transformers' own token vectors."""
    import tokenizers
    import transformers

    tokenizer = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.enable_truncation(max_length)
    model = transformers.AutoModel.from_pretrained(str(folder)).eval()
    with torch.no_grad():
        states = model(torch.tensor([tokenizer.encode(text).ids])).last_hidden_state[0]
    mean = states.mean(0)
    return (mean / mean.norm()).numpy()


def test_vectors_are_those_of_transformers(tiny, encoder):
    made = encoder.encode(TEXTS)
    assert made.dtype == np.float32
    for text, vector in zip(TEXTS, made, strict=True):
        np.testing.assert_allclose(vector, by_hand(tiny, text), atol=2e-6)


def test_is_an_encoder(tiny, encoder):
    assert isinstance(encoder, Encoder)
    assert (encoder.kind, encoder.dim, encoder.max_length) == ("transformer", 32, 64)
    assert isinstance(open_model(tiny, engine="torch"), TransformerEncoder)


def test_texts_without_tokens_are_zeros(encoder):
    made = encoder.encode(["", "  \n", "\0\0", "bank \ud800", "cat"])
    assert [bool(row.any()) for row in made] == [False, False, False, True, True]
    assert encoder.encode([]).shape == (0, 32)


def test_a_huge_text_is_cut_before_it_is_split(encoder):
    text = "river bank " * 500_000
    np.testing.assert_array_equal(encoder.encode([text]), encoder.encode([text[:4000]]))


def test_token_vectors_add_up_to_the_vector(encoder):
    text = "The river's bank."
    (found,) = encoder.token_vectors([text])
    assert found.pieces == ("the", "river", "'", "s", "bank", ".")
    assert [text[begin:end].lower() for begin, end in found.spans] == list(found.pieces)
    np.testing.assert_allclose(found.weights, 1 / 8)
    states = encoder.engine.tokens(encoder.tokenizer.ids([text]))[0]
    total = found.weights @ found.vectors + (states[0] + states[-1]) / 8
    np.testing.assert_allclose(total / np.linalg.norm(total), encoder.encode([text])[0], atol=1e-6)
    first, last = (encoder.token_vectors([text], layers=(layer,))[0].vectors for layer in (1, 2))
    both = encoder.token_vectors([text], layers=(1, -1))[0].vectors
    np.testing.assert_allclose(both, (first + last) / 2, atol=1e-6)
    with pytest.raises(SettingError, match="of a model with 2"):
        encoder.token_vectors([text], layers=(7,))


def test_saved_and_opened(encoder, tmp_path):
    encoder.save(tmp_path)
    opened = open_encoder("transformer", tmp_path)
    assert opened.fingerprint == encoder.fingerprint
    np.testing.assert_allclose(opened.encode(TEXTS), encoder.encode(TEXTS), atol=1e-6)
    (tmp_path / "transformer.json").write_text("{}")
    with pytest.raises(InputError, match="is damaged"):
        open_encoder("transformer", tmp_path)


def test_fingerprints_tell_models_and_settings_apart(tmp_path, encoder):
    other = TransformerEncoder.open(write_tiny_model(tmp_path / "other", seed=2), engine="torch")
    short = TransformerEncoder(encoder.model, encoder.engine, cut=8)
    assert len({encoder.fingerprint, other.fingerprint, short.fingerprint}) == 3
    made = short.encode(TEXTS)
    assert made.shape == (4, 8)
    np.testing.assert_allclose(np.linalg.norm(made, axis=1), 1, atol=1e-6)


def test_out_of_memory_halves_the_batch(tiny):
    encoder = TransformerEncoder.open(tiny, engine="torch", device="cpu")
    expected = encoder.encode(TEXTS * 10)
    run, seen = encoder.engine._run, []

    def small_card(work, ids):
        seen.append(len(ids))
        if len(ids) > 3:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return run(work, ids)

    encoder.engine._run = small_card
    np.testing.assert_allclose(encoder.encode(TEXTS * 10), expected, atol=1e-6)
    assert max(seen) == 40
    assert min(seen) >= 1

    def no_card(work, ids):
        raise torch.OutOfMemoryError("CUDA out of memory")

    encoder.engine._run = no_card
    with pytest.raises(InputError, match="no memory for one text of"):
        encoder.encode(TEXTS)


def test_weights_of_another_model_are_refused(tmp_path):
    folder = write_tiny_model(tmp_path / "m")
    from safetensors.numpy import load_file, save_file

    arrays = load_file(folder / "model.safetensors")
    arrays.pop("encoder.layer.1.output.dense.weight")
    save_file(arrays, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(InputError, match=r"lacks 1 of the weights, for example 'encoder\.layer\.1"):
        TransformerEncoder.open(folder, engine="torch")
    content = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(content[: len(content) // 2])
    with pytest.raises(InputError, match="cannot be opened by transformers"):
        TransformerEncoder.open(folder, engine="torch")


def test_settings_out_of_range(tiny):
    with pytest.raises(SettingError, match="engine is 'jax'"):
        TransformerEncoder.open(tiny, engine="jax")
    with pytest.raises(SettingError, match="dim is 33, and the model has 32"):
        TransformerEncoder.open(tiny, engine="torch", dim=33)
    with pytest.raises(SettingError, match="device is 'tpu'"):
        TransformerEncoder.open(tiny, engine="torch", device="tpu")
