"""The engine torch on a CUDA device: the vectors of the CPU, and batches without room are halved."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.tiny_model import WORDS, write_tiny_model

from nearspace.encoders.transformer import TransformerEncoder

torch = pytest.importorskip("torch", reason="needs the extra texts")
pytest.importorskip("transformers", reason="needs the extra texts")
pytestmark = [
    pytest.mark.extras,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device"),
]


def texts(count: int) -> list[str]:
    random = np.random.default_rng(1)
    return [" ".join(random.choice(WORDS, size=random.integers(1, 40))) for _ in range(count)]


def test_cuda_gives_the_vectors_of_the_cpu(tmp_path: Path) -> None:
    model = write_tiny_model(tmp_path / "model")
    asked = texts(500)
    there = TransformerEncoder.open(model, engine="torch", device="cuda").encode(asked)
    here = TransformerEncoder.open(model, engine="torch", device="cpu").encode(asked)
    np.testing.assert_allclose(there, here, atol=2e-3)


def test_a_batch_without_room_on_the_device_is_halved(tmp_path: Path) -> None:
    model = write_tiny_model(tmp_path / "model", dim=1024, heads=16)
    asked = texts(4_000)
    encoder = TransformerEncoder.open(model, engine="torch", device="cuda")
    expected = encoder.encode(asked)
    total = torch.cuda.get_device_properties(0).total_memory
    torch.cuda.empty_cache()
    torch.cuda.set_per_process_memory_fraction((torch.cuda.memory_allocated() + 2**28) / total)
    try:
        budget = encoder.engine.budget
        found = encoder.encode(asked)
        assert encoder.engine.budget < budget
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    np.testing.assert_allclose(found, expected, atol=2e-3)
