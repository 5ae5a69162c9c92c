"""`make demo`: a text becomes a Space that is measured, searched, mapped and served; a tour and a check."""

from __future__ import annotations

import time
from pathlib import Path

import click
import numpy as np
from rich.console import Console

from nearspace.cli.group import Reporting
from nearspace.cli.output import make_table, measure_cells
from nearspace.cli.progress import progress_for
from nearspace.evaluation import verb as measure
from nearspace.learners import verb as learn
from nearspace.learners.texts import write_texts
from nearspace.maps.drawing import draw
from nearspace.maps.parquet import save_in
from nearspace.maps.verb import map_space
from nearspace.search.analogy import analogy
from nearspace.search.compare import similarity
from nearspace.search.hybrid import hybrid
from nearspace.search.nearest import nearest
from nearspace.server.verb import export, serve
from nearspace.space import Space
from nearspace.store.folder import open_space, save
from nearspace.store.reports import keep_report
from nearspace.store.text_index import index_text

SPACE = "encyclopedia.space"
TEXTS = "articles.space"
ASKED = 300  # titles
QUESTIONS = ["how do birds find their way", "the first people on the moon", "instruments of an orchestra"]
FREQUENT = 10_000  # rows among which neighbours and answers are looked for
MEASURED = ("spearman", "google.accuracy", "google.semantic.accuracy", "google.syntactic.accuracy")
MEASURED_ENDS = ("purity", "groups25.accuracy")
NEIGHBOURS = ("cat", "king", "ocean", "violin", "football", "physics")
PAIRS = (("cat", "dog"), ("cat", "kitten"), ("cat", "ocean"), ("king", "queen"), ("king", "football"))
ANALOGIES = (
    ("king", "queen", "man", "woman"),
    ("king", "queen", "prince", "princess"),
    ("man", "king", "woman", "queen"),
    ("father", "mother", "brother", "sister"),
    ("france", "paris", "italy", "rome"),
    ("france", "paris", "england", "london"),
    ("france", "paris", "russia", "moscow"),
    ("germany", "berlin", "japan", "tokyo"),
    ("good", "better", "large", "larger"),
)


@click.command("demo", cls=Reporting)
@click.argument("text", type=click.Path(path_type=Path))
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--epochs", type=int, default=10, show_default=True, help="Passes over the text.")
@click.option("--serve/--no-serve", "serving", default=True, help="Show the page at the end, until Ctrl-C.")
def demo(text: Path, folder: Path, epochs: int, serving: bool) -> None:
    """Learn a Space from TEXT into FOLDER, then measure, search, map and serve it."""
    began = time.monotonic()
    folder.mkdir(parents=True, exist_ok=True)
    tell = Console(width=None if Console().is_terminal else 110, highlight=False)
    space = _learn(tell, text, folder / SPACE, epochs)
    _measure(tell, space, folder / SPACE)
    _search(tell, space)
    _answer(tell, space)
    _texts(tell, text, space, folder / TEXTS)
    _map(tell, space, folder)
    _page(tell, folder)
    _next(tell, folder, time.monotonic() - began)
    if serving:
        serve(folder / SPACE, announce=lambda line: tell.print(f"\n[bold]8. Serve[/bold]: {line}"))


def _title(tell: Console, number: int, text: str) -> None:
    tell.print(f"\n[bold]{number}. {text}[/bold]")


def _learn(tell: Console, text: Path, target: Path, epochs: int) -> Space:
    _title(tell, 1, f"Learn: words that are used alike get vectors that lie close ({text.name})")
    began = time.monotonic()
    learned = learn.words(
        text, min_count=10, sample=1e-4, epochs=epochs, seed=1, progress=progress_for(False)
    )
    seconds = time.monotonic() - began
    save(learned, target, overwrite=True)
    space = open_space(target)
    words = int(space.columns["count"].sum())
    tell.print(
        f"   {words:,} words, {epochs} times over: {len(space):,} vectors of {space.dim} components "
        f"in {seconds:.0f} s ({words * epochs / seconds:,.0f} words/s)"
    )
    return space


def _measure(tell: Console, space: Space, path: Path) -> None:
    _title(tell, 2, "Measure: is it any good? Each figure with its 95 % interval and what a baseline gets")
    report = measure.words(space, restrict=FREQUENT, seed=1, progress=progress_for(False))
    keep_report(path, "words", report)
    chosen = [
        found for found in report if found.name.endswith(MEASURED_ENDS) or found.name.endswith(MEASURED)
    ]
    header = ["measure", "value", "low", "high", "baselines", "n", "coverage"]
    tell.print(make_table("", header, [measure_cells(found) for found in chosen]))


def _search(tell: Console, space: Space) -> None:
    _title(tell, 3, "Search: the nearest words, and how similar some pairs are (cosine)")
    words = [word for word in NEIGHBOURS if word in space]
    found = nearest(space, words, k=7, restrict=FREQUENT)
    tell.print(
        make_table("", ["word", "nearest"], [[word, ", ".join(k.key for k in hits)] for word, hits in found])
    )
    pairs = [pair for pair in PAIRS if all(word in space for word in pair)]
    tell.print(make_table("", ["a", "b", "similarity"], [[a, b, similarity(space, a, b)] for a, b in pairs]))


def _answer(tell: Console, space: Space) -> None:
    _title(tell, 4, "Analogies: a is to b as c is to what?")
    asked = [row for row in ANALOGIES if all(word in space for word in row)]
    a, b, c, expected = (list(side) for side in zip(*asked, strict=True))
    found = analogy(space, a, b, c, k=10, restrict=FREQUENT)
    rows = [
        [
            f"{w} : {x} :: {y} : ?",
            ", ".join(keys[:3]),
            z,
            str(keys.index(z) + 1) if z in keys else "not in 10",
        ]
        for w, x, y, z, keys in zip(a, b, c, expected, found.keys, strict=True)
    ]
    tell.print(make_table("", ["question", "answers, best first", "expected", "place"], rows))


def _texts(tell: Console, text: Path, words: Space, target: Path) -> None:
    _title(tell, 5, "Texts: passages of the articles, placed by these words, and found as articles")
    began = time.monotonic()
    done = write_texts(text, target, encoder=words, overwrite=True, progress=progress_for(False))
    index_text(target, "text")
    tell.print(
        f"   {done.documents:,} articles, {done.passages:,} passages in {time.monotonic() - began:.0f} s; "
        f"{done.encoded:,} were encoded, as the others have the text of one of these"
    )
    space = open_space(target)
    titles: dict[str, str] = {}
    for row in space.columns.records(np.flatnonzero(space.columns["passage"] == 1).tolist()):
        titles[row["title"]] = row["document"]
    asked = {"query": list(titles)[:ASKED], "key": list(titles.values())[:ASKED]}
    report = measure.retrieval(space, asked, seed=1, progress=progress_for(False))
    keep_report(target, "retrieval", report)
    header = ["does a title find its article?", "value", "low", "high", "baselines", "n", "coverage"]
    chosen = [found for found in report if found.name.endswith(("ndcg@10", "recall@1"))]
    tell.print(make_table("", header, [measure_cells(found) for found in chosen]))
    rows = [
        [question, hit.columns["title"], hit.match.snippet if hit.match else ""]
        for question, hits in hybrid(space, QUESTIONS, k=2, documents=True)
        for hit in hits
    ]
    tell.print(make_table("", ["question", "article", "its best passage"], rows))


def _map(tell: Console, space: Space, folder: Path) -> None:
    _title(tell, 6, "Map: UMAP in two and three dimensions; each point says how far it can be trusted")
    began = time.monotonic()
    for dim, name in ((3, "umap-3d"), (2, "umap")):
        laid_out = map_space(space, dim=dim, regions=True, seed=1, progress=progress_for(False))
        save_in(folder / SPACE, laid_out, name)
        if dim == 2:
            flat = laid_out
    keep_report(folder / SPACE, "map-umap", measure.map(flat, space, seed=1, progress=progress_for(False)))
    trust = float(flat.trust.mean())
    tell.print(
        f"   in 2 and in 3 dimensions in {time.monotonic() - began:.0f} s; on average {trust:.0%} of a "
        f"word's neighbours on the map are its neighbours in the Space (random points: {flat.chance:.2%})"
    )
    path = draw(flat, folder / "map.png", title="The most frequent words of the encyclopedia")
    tell.print(f"   {path}", style="bold")


def _page(tell: Console, folder: Path) -> None:
    _title(tell, 7, "Export: the page as files, which work from any web server")
    done = export(folder / SPACE, to=folder / "page", overwrite=True, progress=progress_for(False))
    tell.print(f"   {done.path}: {done.files} files, {done.bytes / 1e6:.0f} MB", style="bold")


def _next(tell: Console, folder: Path, seconds: float) -> None:
    space = folder / SPACE
    tell.print(f"\nDone in {seconds:.0f} s. To go on:")
    for command in (
        f"nearest {space} cat",
        f"analogy {space} man king woman",
        f"info {space}",
        f"search {folder / TEXTS} 'why the sky is blue' --hybrid --documents -k 3",
        f"serve {space}",
    ):
        tell.print(f"   .venv/bin/nearspace {command}")


if __name__ == "__main__":
    demo()
