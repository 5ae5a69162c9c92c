"""Write docs/benchmarks.md from the figures that the benchmarks left."""

from __future__ import annotations

import json
import os
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

KEPT = "<!-- from here on kept"
SETTINGS = "Dim 100 unless said, window 5, negative 5, sample 1e-3, min_count 5, 2 workers"


def machine() -> str:
    """Describe the machine and the versions in one line."""
    model = "unknown processor"
    info = Path("/proc/cpuinfo")
    if info.exists():
        lines = [line for line in info.read_text().splitlines() if line.startswith("model name")]
        model = lines[0].split(":")[1].strip() if lines else model
        if "avx512f" in info.read_text():
            model += " with AVX-512"
    packages = ", ".join(f"{name} {version(name)}" for name in ("nearspace", "numba", "numpy"))
    cores = f"{os.cpu_count()} cores of a virtual machine ({model})"
    return f"{cores}, Python {platform.python_version()}, {packages}"


def rows(*cells: object) -> str:
    """One row of a table."""
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def training(figures: dict[str, Any]) -> list[str]:
    """Words/s beside the peers."""
    lines = [
        rows("learner", "gensim", "fastText", "seeded", "free-running", "seeded, free / the faster peer"),
        rows("---", "---:", "---:", "---:", "---:", "---:"),
    ]  # fmt: skip
    for name, rates in figures["training"].items():
        peer = max(rates["gensim"], rates.get("fasttext", 0))
        fast = f"{rates['fasttext']:,.0f}" if "fasttext" in rates else ""
        lines.append(
            rows(name, f"{rates['gensim']:,.0f}", fast, f"{rates['seeded']:,.0f}", f"{rates['free']:,.0f}",
                 f"{rates['seeded'] / peer:.1f} x / {rates['free'] / peer:.1f} x")
        )  # fmt: skip
    return lines


def quality(figures: dict[str, Any]) -> list[str]:
    """The three sets with intervals, and the paired difference from the peer."""
    lines = [
        rows("vectors", "WordSim-353", "SimLex-999", "Google analogies", "less the peer's, in that order"),
        rows("---", "---", "---", "---", "---"),
    ]  # fmt: skip
    for name, run in figures["quality"].items():
        found = {m["name"]: m for m in run.get("measures", [])}
        cells = [f"{m['value']:.3f} [{m['low']:.3f}, {m['high']:.3f}]" for m in found.values()]
        gaps = [f"{m['value']:+.3f} [{m['low']:+.3f}, {m['high']:+.3f}]" for m in run.get("differences", [])]
        lines.append(rows(name, *cells, "; ".join(gaps)))
    return lines


def memory(figures: dict[str, Any]) -> list[str]:
    """Peak memory beyond the matrices, per run of ours."""
    lines = [
        rows("run", "rows", "matrices MB", "peak MB", "beyond MB"),
        rows("---", "---:", "---:", "---:", "---:"),
    ]
    last = {}
    for run in figures["runs"]:
        kind = (run["method"], run["dim"], run["subwords"], run["free"], run["workers"], run["words"])
        kind = (*kind, "save" in run)
        if run["tool"] == "ours":
            last[kind] = run
    for run in last.values():
        name = f"{run['method']} {run['dim']}{' subwords' * run['subwords']}{' free' * run['free']}"
        name += f", {run['workers']} workers, {run['words'] / 1e6:.0f}M words{', saved' * ('save' in run)}"
        beyond = run["peak_mb"] - run["matrices_mb"]
        lines.append(
            rows(
                name,
                f"{run['rows']:,}",
                f"{run['matrices_mb']:.0f}",
                f"{run['peak_mb']:.0f}",
                f"{beyond:.0f}",
            )
        )
    return lines


def kernels(figures: dict[str, Any]) -> list[str]:
    """GFLOP/s of the inner kernels."""
    top = figures["peak_gflops"]
    lines = [
        f"Measured float32 FMA peak of one core: {top:.0f} GFLOP/s.",
        "",
        rows("kernel", "dim", "words", "GFLOP/s", "share of the peak", "centres/s"),
        rows("---", "---:", "---:", "---:", "---:", "---:"),
    ]
    for row in figures["kernels"]:
        share = row["gflops"] / top
        lines.append(
            rows(row["kernel"], row["dim"], f"{row['words']:,}", f"{row['gflops']:.1f}", f"{share:.0%}",
                 f"{row['centres_per_second']:,.0f}")
        )  # fmt: skip
    return lines


def write_table(folder: Path, target: Path) -> None:
    """Write the page from words.json, startup.json, kernels.json and notes.md of `folder`."""
    words = json.loads((folder / "words.json").read_text())
    startup = json.loads((folder / "startup.json").read_text())
    peak = json.loads((folder / "kernels.json").read_text())
    whole, scaling = words["whole"], words["scaling"]
    page = [
        "# Benchmarks", "",
        "Made by `make bench`; each run in a fresh process, ours and the peer's in turn.", "",
        f"Machine: {machine()}; gensim 4.4.0, fastText 0.9.3.", "",
        f"Corpus: 20M words of English Wikipedia, 1,000 tokens a line. {SETTINGS}.", "",
        "## Training, words/s", "",
        "Without the vocabulary's reading; medians of alternating runs of one epoch (skip-gram, CBOW at 100:",
        "two runs, else one). fastText got the first quarter of the text.", "",
        *training(words), "",
        f"1 worker {scaling['1 workers']:,.0f}, 2 workers {scaling['2 workers']:,.0f} words/s: "
        f"{scaling['2 workers'] / scaling['1 workers']:.2f} x (skip-gram, seeded).", "",
        "## The whole job, raw text to saved vectors, one epoch", "",
        rows("tool", "seconds", "times ours"), rows("---", "---:", "---:"),
        *[rows(name, f"{spent:.1f}", f"{spent / whole['ours']:.1f}") for name, spent in whole.items()], "",
        "nearspace reads the raw `.xz` file; gensim gets the text tokenized by a regular expression in",
        "Python, whose time is in its total.", "",
        "## Quality after 5 epochs", "",
        "95 % bootstrap intervals, for analogies over word pairs; differences are paired.", "",
        *quality(words), "",
        "## Memory", "", *memory(words), "",
        "## Start", "",
        *[f"- {name}: {seconds * 1000:.0f} ms" for name, seconds in startup.items()], "",
        "## The inner kernels", "", *kernels(peak), "",
    ]  # fmt: skip
    notes = folder / "notes.md"
    if notes.exists():
        page += [notes.read_text().rstrip(), ""]
    # the part of the page that other scripts' figures were written into by hand stays
    before = target.read_text() if target.exists() else ""
    kept = before[before.index(KEPT) :] if KEPT in before else ""
    target.write_text("\n".join(page) + "\n" + kept)
