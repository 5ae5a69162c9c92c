"""One training run of nearspace in a fresh process: a JSON of settings in, a JSON of seconds out."""

import json
import resource
import sys
import tempfile
import time
from pathlib import Path

began = time.perf_counter()

from nearspace.data.corpus import CorpusSettings, prepare  # noqa: E402
from nearspace.learners.schedule import Schedule  # noqa: E402
from nearspace.learners.skipgram import CBOW, SkipGram, Subwords  # noqa: E402
from nearspace.store.folder import save  # noqa: E402


def run(job):
    imported = time.perf_counter()
    kind = CBOW if job["method"] == "cbow" else SkipGram
    subwords = Subwords() if job["subwords"] else None
    learner = kind(dim=job["dim"], epochs=job["epochs"], subwords=subwords, seed=job.get("seed", 1))
    schedule = Schedule(free_running=job["free"], **job.get("schedule", {}))
    with tempfile.TemporaryDirectory() as folder:
        source = Path(job["corpus"])
        if job["input"] == "iterator":
            source = (line.split() for line in source.open(encoding="utf-8"))
        data = prepare(source, CorpusSettings(), folder=Path(folder))
        prepared = time.perf_counter()
        space = learner.fit(data, workers=job["workers"], schedule=schedule)
        trained = time.perf_counter()
    matrices = space.vectors.nbytes + space.state["context"].nbytes
    if subwords:
        matrices += space.encoder.rows.nbytes + space.encoder.word_rows.nbytes
    if job.get("save"):
        save(space, Path(job["save"]), overwrite=True)
    return {
        "import": imported - began,
        "vocabulary": prepared - imported,
        "training": trained - prepared,
        "saving": time.perf_counter() - trained,
        "words": data.stream.tokens * job["epochs"],
        "rows": len(space),
        "matrices_mb": matrices / 2**20,
    }


if __name__ == "__main__":
    result = run(json.loads(sys.argv[1]))
    result["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(result))
