"""A long text that is cut first has the tokens of the whole; spans lead back to its characters."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.tiny_model import WORDS, write_tiny_model

from nearspace.encoders.tokenizing import TextTokenizer
from nearspace.errors import InputError

tokenizers = pytest.importorskip("tokenizers")
pytestmark = pytest.mark.extras

LENGTH = 12
TRAINING = [" ".join(WORDS), "bank, river; money? the 12 boats' café", "日本語 の テキスト", "a\tb\n\nc  d"]


def wordpiece(folder):
    write_tiny_model(folder)


def byte_level(folder):
    made = tokenizers.ByteLevelBPETokenizer()
    made.train_from_iterator(TRAINING, vocab_size=500, show_progress=False, special_tokens=["<s>", "</s>"])
    ends = [("</s>", 1), ("<s>", 0)]
    made._tokenizer.post_processor = tokenizers.processors.RobertaProcessing(*ends, add_prefix_space=False)
    folder.mkdir()
    made.save(str(folder / "tokenizer.json"))


def unigram(folder):
    made = tokenizers.SentencePieceUnigramTokenizer()
    made.train_from_iterator(
        TRAINING,
        vocab_size=120,
        show_progress=False,
        special_tokens=["<s>", "</s>", "<unk>"],
        unk_token="<unk>",
    )
    made._tokenizer.post_processor = tokenizers.processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 1)]
    )
    folder.mkdir()
    made.save(str(folder / "tokenizer.json"))


@pytest.fixture(scope="module", params=[wordpiece, byte_level, unigram], ids=lambda make: make.__name__)
def folder(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("tokenizers") / "one"
    request.param(path)
    return path


def whole(folder, text):
    plain = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
    plain.enable_truncation(LENGTH)
    return plain.encode(text.encode("utf-8", "replace").decode()).ids


PIECES = st.sampled_from(
    [
        *WORDS,
        "café",
        "日本語",
        "x" * 130,
        "...",
        "a-b",
        "\0",
        "\u0301",
        "\u00a0",
        " ",
        "\n",
        "\t",
        "\u3000",
        "12",
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(PIECES, st.sampled_from([" ", "  ", "\n", " \t", "", "\u00a0"])), max_size=90))
def test_tokens_are_those_of_the_whole_text(folder, parts):
    text = "".join(word + gap for word, gap in parts)
    ids = TextTokenizer(folder, LENGTH).ids([text])[0]
    expected = whole(folder, text)
    assert ids == (expected if len(expected) > 2 else [])


def test_a_long_text_is_read_as_far_as_it_matters(folder):
    tokenizer = TextTokenizer(folder, LENGTH)
    for start in ("", " \n" * 4000, "\0" * 9000 + " "):
        text = start + "river bank money " * 20_000
        part, _ = tokenizer.cut(text)
        assert len(part) < len(start) + 1000
        assert tokenizer.ids([text])[0] == whole(folder, text)


def test_a_word_without_end_ends_its_text(folder):
    tokenizer = TextTokenizer(folder, LENGTH)
    assert len(tokenizer.cut("x" * 3_000_000)[0]) <= 1_001_000


def test_spans_lead_back_to_the_text(tmp_path):
    folder = write_tiny_model(tmp_path / "m")
    text = "\0 " * 3000 + "The river, the BANK \ud800 of money " + "x " * 4000
    tokenizer = TextTokenizer(folder, 10)
    ((ids, found),) = tokenizer.spans([text])
    assert ids == tokenizer.ids([text])[0]
    assert [text[begin:end].lower() for begin, end in found.spans][:5] == ["the", "river", ",", "the", "bank"]
    assert found.pieces[:5] == ("the", "river", ",", "the", "bank")
    assert found.places.tolist() == list(range(1, len(ids) - 1))


def test_prompts_stand_before_texts_and_have_no_spans(tmp_path):
    folder = write_tiny_model(tmp_path / "m")
    tokenizer = TextTokenizer(folder, 20, prompt="please find: ")
    plain = TextTokenizer(folder, 20)
    assert tokenizer.ids(["the bank"]) == plain.ids(["please find: the bank"])
    ((_, found),) = tokenizer.spans(["the bank"])
    assert (found.pieces, found.spans.tolist()) == (("the", "bank"), [[0, 3], [4, 8]])
    assert tokenizer.prompt_tokens == len(plain.ids(["please find: "])[0]) - 1
    assert tokenizer.ids(["", " \0"]) == [[], []]
    with pytest.raises(InputError, match="special ones and the prompt take 10"):
        TextTokenizer(folder, 6, prompt="please please find the bank")


def test_vocabulary_without_tokenizer_json(tmp_path):
    folder = write_tiny_model(tmp_path / "m")
    texts = ["The river's bank", "café 12 xyz", ""]
    expected = TextTokenizer(folder, 20).ids(texts)
    (folder / "tokenizer.json").unlink()
    assert TextTokenizer(folder, 20).ids(texts) == expected


@pytest.mark.parametrize("content", [b"", b"{}", b'{"model": 7}'])
def test_damaged_tokenizers(tmp_path, content):
    (tmp_path / "tokenizer.json").write_bytes(content)
    with pytest.raises(InputError, match=r"tokenizer\.json' is no tokenizer that tokenizers .* reads"):
        TextTokenizer(tmp_path, 20)
