"""The pages on search run, and the glossary has only words that are used."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
DOCS = PROJECT / "docs"


def examples(page: str) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```$", (DOCS / page).read_text("utf-8"), re.DOTALL | re.MULTILINE)


def test_the_example_of_the_search_page_runs(capsys: pytest.CaptureFixture[str]) -> None:
    (code,) = examples("search.md")
    exec(compile(code, "search.md", "exec"), {})
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "[['queen', 'man'], ['king', 'queen']]"
    assert lines[1].startswith("queen 0.666")
    assert lines[2:5] == ["[['queen']]"] * 3
    assert lines[6] == "river"
    assert lines[7:] == ["'kign' is not a key of this Space", "Did you mean: king?"]


def test_the_example_of_the_index_page_runs(capsys: pytest.CaptureFixture[str]) -> None:
    (code,) = examples("index.md")
    exec(compile(code, "index.md", "exec"), {})
    assert "[1 2 3]" in capsys.readouterr().out


GLOSSARY = re.findall(
    r"^\| ([^|]+?) \| ([^|]+) \|$", (DOCS / "glossary.md").read_text("utf-8"), re.MULTILINE
)[1:]


def test_the_glossary_is_a_sorted_list_of_one_line_each() -> None:
    terms = [term for term, _ in GLOSSARY if not term[0].isdigit()]
    assert len(GLOSSARY) > 50
    assert terms == sorted(terms, key=str.lower)
    assert all(len(meaning) < 160 and meaning.strip() for _, meaning in GLOSSARY)


@pytest.fixture(scope="module")
def everything() -> str:
    """All pages but the glossary, and all source."""
    pages = [page for page in [*DOCS.rglob("*.md"), PROJECT / "README.md"] if page.name != "glossary.md"]
    files = [*pages, *(PROJECT / "src").rglob("*.py")]
    return "\n".join(file.read_text("utf-8") for file in files).lower()


@pytest.mark.parametrize("term", [term for term, _ in GLOSSARY])
def test_every_term_of_the_glossary_is_used(term: str, everything: str) -> None:
    stem = re.escape(term.lower().removesuffix("y"))
    assert re.search(rf"\b{stem}", everything), f"{term!r} is used nowhere"


def test_a_term_that_nobody_uses_would_be_seen(everything: str) -> None:
    assert not re.search(r"\bquaternion", everything)
