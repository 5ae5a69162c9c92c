"""The demo, on a piece of its text: every section is told, and the files are there."""

from __future__ import annotations

import lzma
from pathlib import Path

import pytest
from click.testing import CliRunner

from nearspace.cli.demo import demo
from nearspace.server.export import is_export
from nearspace.store.folder import open_space
from nearspace.store.reports import kept_reports

TEXT = Path(__file__).resolve().parents[2] / "examples" / "data" / "encyclopedia.txt.xz"


@pytest.mark.extras
@pytest.mark.slow
def test_the_demo_tells_the_whole_story(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    with lzma.open(TEXT, "rt", encoding="utf-8") as text:
        (tmp_path / "text.txt").write_text(text.read(4_000_000), "utf-8")
    result = CliRunner().invoke(
        demo, [str(tmp_path / "text.txt"), str(tmp_path / "out"), "--epochs", "2", "--no-serve"]
    )
    assert (result.exit_code, result.stderr) == (0, "")
    for words in (
        "1. Learn",
        "2. Measure",
        "3. Search",
        "4. Analogies",
        "5. Texts",
        "6. Map",
        "7. Export",
        "Done in",
    ):
        assert words in result.stdout
    for words in ("wordsim353.spearman", "low", "high", "ocean", "king : queen :: man : ?"):
        assert words in result.stdout
    assert len(open_space(tmp_path / "out" / "encyclopedia.space")) > 1000
    articles = open_space(tmp_path / "out" / "articles.space")
    assert len(articles) > 1000 and set(kept_reports(tmp_path / "out" / "articles.space")) == {"retrieval"}
    assert (tmp_path / "out" / "map.png").stat().st_size > 50_000
    assert set(kept_reports(tmp_path / "out" / "encyclopedia.space")) == {"words", "map-umap"}
    assert is_export(tmp_path / "out" / "page")


def test_a_text_that_is_missing_is_an_error_like_any_other(tmp_path: Path) -> None:
    result = CliRunner().invoke(demo, [str(tmp_path / "gone.txt"), str(tmp_path / "out")])
    assert result.exit_code == 2
    assert "gone.txt" in result.stderr
