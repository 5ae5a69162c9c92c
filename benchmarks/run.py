"""Run the benchmarks of this folder beside their peers and write docs/benchmarks.md. Takes about 40 minutes.

Usage: NEARSPACE_DATA=... python benchmarks/run.py [--figures FOLDER] [--table-only]
Peers come from benchmarks/peers.txt and get an environment of their own, .venv-peers.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

from table import write_table

HERE = Path(__file__).parent
ROOT = HERE.parent


def peers() -> str:
    """Return the python of the peers' environment, made if need be."""
    python = ROOT / ".venv-peers" / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(ROOT / ".venv-peers")], check=True)
        packages = ["-m", "pip", "install", "-q", "-r", str(HERE / "peers.txt")]
        subprocess.run([str(python), *packages], check=True)
    return str(python)


def figures_of(script: str, *arguments: str) -> object:
    """Run a script with --json and return what it printed."""
    command = [sys.executable, str(HERE / script), "--json", *arguments]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main() -> None:
    """Run everything, each part's figures kept as soon as they are there."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--figures", type=Path, default=ROOT / "benchmarks" / "figures")
    parser.add_argument("--table-only", action="store_true")
    options = parser.parse_args()
    options.figures.mkdir(parents=True, exist_ok=True)
    words = options.figures / "words.json"
    if not options.table_only:
        if "NEARSPACE_DATA" not in os.environ:
            raise SystemExit("Set NEARSPACE_DATA to the folder of the benchmark data.")
        python = peers()
        (options.figures / "startup.json").write_text(json.dumps(figures_of("startup.py", "--peers", python)))
        (options.figures / "kernels.json").write_text(json.dumps(figures_of("kernel_peak.py")))
        run = [sys.executable, str(HERE / "words.py"), str(words), "--peers", python]
        subprocess.run(run, check=True)
        subprocess.run([sys.executable, str(HERE / "words_quality.py"), str(words)], check=True)
    write_table(options.figures, ROOT / "docs" / "benchmarks.md")


if __name__ == "__main__":
    main()
