"""Encoding on CUDA: the vectors of the CPU, and a batch that is too large for the card is halved."""

import numpy as np
import pytest
from tests.tiny_model import WORDS, write_tiny_model

from nearspace.encoders.transformer import TransformerEncoder

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")
pytestmark = [
    pytest.mark.extras,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device, which is not here"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_tiny_model(tmp_path_factory.mktemp("gpu") / "m", dim=256, layers=4, heads=8, max_length=128)


def texts(count):
    random = np.random.default_rng(1)
    return [" ".join(random.choice(WORDS, size=random.integers(1, 120))) for _ in range(count)]


def test_vectors_are_those_of_the_cpu(folder):
    asked = [*texts(500), ""]
    cpu = TransformerEncoder.open(folder, engine="torch", device="cpu")
    gpu = TransformerEncoder.open(folder, engine="torch", device="cuda")
    assert gpu.engine.device == "cuda"
    assert TransformerEncoder.open(folder, engine="torch").engine.device == "cuda"
    assert gpu.fingerprint == cpu.fingerprint
    np.testing.assert_allclose(gpu.encode(asked), cpu.encode(asked), atol=2e-5)
    (one,), (other,) = gpu.token_vectors(asked[:1]), cpu.token_vectors(asked[:1])
    np.testing.assert_allclose(one.vectors, other.vectors, atol=2e-4)


def test_a_card_that_is_full_halves_the_batch(folder):
    asked = texts(4000)
    gpu = TransformerEncoder.open(folder, engine="torch", device="cuda")
    expected = gpu.encode(asked)
    gpu.engine.budget = before = 4_000 * 128  # all texts at once
    torch.cuda.empty_cache()
    used = torch.cuda.memory_reserved() + 256 * 2**20
    total = torch.cuda.get_device_properties(0).total_memory
    torch.cuda.set_per_process_memory_fraction(min(1.0, used / total), 0)
    try:
        made = gpu.encode(asked)
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0, 0)
    assert gpu.engine.budget < before
    np.testing.assert_allclose(made, expected, atol=2e-5)
