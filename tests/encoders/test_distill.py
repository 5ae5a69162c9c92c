"""The verb distill on a tiny transformer, and what `why` says of transformers."""

import numpy as np
import pytest
from click.testing import CliRunner
from tests.tiny_model import write_tiny_model

import nearspace as ns
from nearspace.cli.main import main
from nearspace.encoders.distilling import Distilling
from nearspace.encoders.models import open_model
from nearspace.encoders.transformer import TransformerEncoder
from nearspace.errors import OutputError, SettingError

pytest.importorskip("torch")
pytest.importorskip("transformers")
pytestmark = pytest.mark.extras

TEXTS = ["the river bank floods", "money in the bank", "a boat on the river", "cat and dog"] * 2


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return write_tiny_model(tmp_path_factory.mktemp("models") / "tiny")


@pytest.mark.parametrize("vocabulary", ["tokens", "words"])
def test_a_distilled_model_is_opened_by_name(tiny, tmp_path, vocabulary):
    made = ns.distill(tiny, tmp_path / "fast", Distilling(16, vocabulary), texts=TEXTS)
    opened = open_model(tmp_path / "fast")
    assert opened.dim == 16
    np.testing.assert_allclose(opened.encode(TEXTS), made.encode(TEXTS), atol=1e-6)
    near = opened.encode(["the river", "a river", "my cat"])
    assert near[0] @ near[1] > near[0] @ near[2]
    with pytest.raises(OutputError):
        ns.distill(tiny, tmp_path / "fast", Distilling(16))


def test_the_command(tiny, tmp_path):
    (tmp_path / "texts.txt").write_text("\n".join(TEXTS))
    options = ["-o", str(tmp_path / "fast"), "--texts", str(tmp_path / "texts.txt"), "--dim", "8", "--json"]
    done = CliRunner().invoke(main, ["distill", str(tiny), *options])
    assert done.exit_code == 0, done.output
    assert '"kind": "tokens"' in done.stdout
    assert open_model(tmp_path / "fast").dim == 8


def test_why_of_a_transformer_adds_up(tiny):
    encoder = TransformerEncoder.open(tiny, engine="torch", device="cpu")
    space = ns.Space(ns.Keys(TEXTS[:4]), encoder.encode(TEXTS[:4]), encoder=encoder)
    vector = encoder.encode(["boat in the river"])[0]
    for key in TEXTS[:4]:
        found = ns.why(space, "boat in the river", key)
        assert found.score == pytest.approx(float(vector @ space[key]), abs=1e-5)
        assert found.hit.pieces[-1] == "[special]"


def test_why_refuses_maxima(tmp_path):
    encoder = TransformerEncoder.open(
        write_tiny_model(tmp_path / "max", pooling="max"), engine="torch", device="cpu"
    )
    space = ns.Space(ns.Keys(TEXTS[:4]), encoder.encode(TEXTS[:4]), encoder=encoder)
    with pytest.raises(SettingError, match="no sums over tokens"):
        ns.why(space, "boat", TEXTS[0])
