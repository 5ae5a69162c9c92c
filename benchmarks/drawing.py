"""Does a picture of very many points take less time and memory than with datashader, up to the PNG file?

    python benchmarks/drawing.py [--points 1000000] [--runs 5] [--peers PYTHON] [--crossing]

Every run is a process of its own; imports, compiled kernels and a small picture come first and do not count.
nearspace draws the whole picture (title, legend, labels, names of regions) and the raster alone, as
datashader does: mean of a value or count by class, spread, equalized. PYTHON is one that has datashader.
--crossing compares dots with density for growing numbers of points.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

WIDTH, HEIGHT = 1400, 1200
CLASSES = 12


def points(n: int, dim: int = 2) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """40 clusters, a value that falls off around their middles, and a class."""
    random = np.random.default_rng(1)
    middles = random.normal(size=(40, dim)) * 6
    shapes = random.normal(size=(40, dim, dim)) * 0.9
    own = random.choice(40, n, p=random.dirichlet(np.ones(40) * 2))
    around = np.einsum("nd,nde->ne", random.normal(size=(n, dim)), shapes[own])
    far = np.linalg.norm(around, axis=1)
    value = np.clip(0.8 - 0.1 * far + random.normal(size=n) * 0.1, 0, 1).round(1)
    return (middles[own] + around).astype(np.float32), value.astype(np.float32), own % CLASSES


def ours(n: int, dim: int, by_class: bool, suffix: str, dense: int | None = None) -> Any:
    from nearspace.keys import Keys
    from nearspace.maps import drawing
    from nearspace.results import Map, Regions

    if dense is not None:
        drawing.DENSE = dense
    coordinates, value, own = points(n, dim)
    names = np.array([f"class {number}" for number in range(CLASSES)])
    regions = Regions(own.astype(np.int32), tuple(names), ((),) * CLASSES)
    keys = Keys(f"item {row}" for row in range(n))
    laid_out = Map(keys, coordinates, value, "umap", {}, 1e-5, {"class": names[own]}, regions=(regions,))
    color = "class" if by_class else "trust"
    if suffix == "raster":
        return lambda path: raster(laid_out, color, path)
    return lambda path: drawing.draw(laid_out, path.with_suffix(suffix), color=color, theme="dark")


def raster(laid_out: Any, color: str, path: Path) -> Path:
    """Write what datashader writes: the counted points on dark ground, nothing else."""
    from PIL import Image

    from nearspace.maps.colors import coloring
    from nearspace.maps.density import density
    from nearspace.maps.scene import arrange
    from nearspace.maps.themes import THEMES

    scene = arrange(laid_out, (WIDTH, HEIGHT), (0, 0))
    drawn = density(scene, coloring(laid_out, color, THEMES["dark"]), np.ones(len(laid_out)))
    ground = Image.new("RGBA", (WIDTH, HEIGHT), THEMES["dark"].paper)
    Image.alpha_composite(ground, Image.fromarray(drawn.pixels)).save(path)
    return path


def theirs(n: int, by_class: bool) -> Any:
    import datashader
    import datashader.transfer_functions as shade
    import pandas

    coordinates, value, own = points(n)
    table = pandas.DataFrame({"x": coordinates[:, 0], "y": coordinates[:, 1], "value": value})
    table["class"] = pandas.Categorical.from_codes(own, [f"class {number}" for number in range(CLASSES)])
    how = datashader.count_cat("class") if by_class else datashader.mean("value")

    def run(path: Path) -> Path:
        canvas = datashader.Canvas(plot_width=WIDTH, plot_height=HEIGHT)
        shaded = shade.shade(canvas.points(table, "x", "y", how), how="eq_hist")
        image = shade.set_background(shade.dynspread(shaded), "#11151c")
        image.to_pil().save(path)
        return path

    return run


def memory(what: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(what)) / 1024


def one(options: argparse.Namespace) -> dict[str, Any]:
    def make(n: int) -> Any:
        if options.one == "datashader":
            return theirs(n, options.by_class)
        return ours(n, options.dim, options.by_class, options.suffix, options.dense)

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.png"
        make(min(options.points, 60_000))(path)
        run = make(options.points)
        Path("/proc/self/clear_refs").write_text("5")
        before, wall, processor = memory("VmRSS"), time.perf_counter(), time.process_time()
        written = run(path)
        return {
            "wall": time.perf_counter() - wall,
            "processor": time.process_time() - processor,
            "peak_mb": memory("VmHWM") - before,
            "file_mb": written.stat().st_size / 1e6,
            "digest": hashlib.blake2b(written.read_bytes(), digest_size=4).hexdigest(),
        }


def child(python: str, options: argparse.Namespace, who: str, *more: str) -> dict[str, Any]:
    command = [python, __file__, "--one", who, "--points", str(options.points), *more]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr[-2000:])
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def table(rows: dict[str, list[dict[str, Any]]], first: str) -> None:
    print(f"| {first} | wall s | processor s | peak MB more | file MB | digests |")
    print("|---|---:|---:|---:|---:|---|")
    for name, runs in rows.items():
        wall, processor, peak, size = (
            statistics.median(run[key] for run in runs) for key in ("wall", "processor", "peak_mb", "file_mb")
        )
        digests = ", ".join(sorted({run["digest"] for run in runs}))
        print(f"| {name} | {wall:.2f} | {processor:.2f} | {peak:.0f} | {size:.1f} | {digests} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--points", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--peers", help="python of an environment with datashader and pillow")
    parser.add_argument("--crossing", action="store_true")
    for hidden in ("--one", "--suffix"):
        parser.add_argument(hidden, default=".png" if hidden == "--suffix" else None, help=argparse.SUPPRESS)
    parser.add_argument("--dim", type=int, default=2, help=argparse.SUPPRESS)
    parser.add_argument("--dense", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--by-class", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(one(options)))
        return
    rows: dict[str, list[dict[str, Any]]] = {}
    if options.crossing:
        for options.points in (10_000, 20_000, 50_000, 100_000, 200_000):
            for way, dense in (("dots", 10**9), ("density", 0)):
                for suffix in (".png", ".svg", ".pdf"):
                    runs = [
                        child(sys.executable, options, "nearspace", "--dense", str(dense), "--suffix", suffix)
                        for _ in range(options.runs)
                    ]
                    rows[f"{options.points:,}, {way}, {suffix}"] = runs
        table(rows, "points")
        return
    cases: list[tuple[str, str, str, tuple[str, ...]]] = [
        ("nearspace, raster alone, mean of a value", sys.executable, "nearspace", ("--suffix", "raster")),
        (
            "nearspace, raster alone, classes",
            sys.executable,
            "nearspace",
            ("--suffix", "raster", "--by-class"),
        ),
        ("nearspace, mean of a value", sys.executable, "nearspace", ()),
        ("nearspace, classes", sys.executable, "nearspace", ("--by-class",)),
        ("nearspace, three dimensions", sys.executable, "nearspace", ("--dim", "3")),
        ("nearspace, PDF", sys.executable, "nearspace", ("--suffix", ".pdf")),
    ]
    if options.peers:
        cases.append(("datashader, mean of a value", options.peers, "datashader", ()))
        cases.append(("datashader, classes", options.peers, "datashader", ("--by-class",)))
    for _ in range(options.runs):
        for name, python, who, more in cases:
            rows.setdefault(name, []).append(child(python, options, who, *more))
    table(rows, f"{options.points:,} points")


if __name__ == "__main__":
    main()
