"""One training run of a peer, in the peers' own environment: a JSON of settings in, a JSON of seconds out."""

import json
import resource
import sys
import time
from pathlib import Path


def gensim_run(job):
    from gensim.models import FastText, Word2Vec
    from gensim.models.word2vec import LineSentence

    settings = {
        "vector_size": job["dim"], "window": 5, "negative": 5, "sample": 1e-3, "min_count": 5,
        "workers": job["workers"], "sg": int(job["method"] != "cbow"), "seed": 1,
    }  # fmt: skip
    if job["subwords"]:
        model = FastText(**settings, min_n=3, max_n=6, bucket=2_000_000)
    else:
        model = Word2Vec(**settings)
    if job["input"] == "file":
        text, counts = {"corpus_file": job["corpus"]}, {}
    else:
        text, counts = {"corpus_iterable": LineSentence(job["corpus"])}, {}
    began = time.perf_counter()
    model.build_vocab(**text)
    vocabulary = time.perf_counter()
    counts = {"total_words": model.corpus_total_words, "total_examples": model.corpus_count}
    model.train(**text, **counts, epochs=job["epochs"])
    trained = time.perf_counter()
    if job.get("save"):
        model.wv.save_word2vec_format(job["save"], binary=True)
    return {
        "vocabulary": vocabulary - began,
        "training": trained - vocabulary,
        "saving": time.perf_counter() - trained,
        "words": model.corpus_total_words * job["epochs"],
    }


def fasttext_run(job):
    import fasttext

    with Path(job["corpus"]).open(encoding="utf-8") as file:
        words = sum(len(line.split()) for line in file)
    began = time.perf_counter()
    fasttext.train_unsupervised(
        job["corpus"], model="skipgram", dim=job["dim"], ws=5, neg=5, t=1e-3, minCount=5, minn=3, maxn=6,
        thread=job["workers"], epoch=job["epochs"], verbose=0,
    )  # fmt: skip
    seconds = time.perf_counter() - began
    return {"vocabulary": 0.0, "training": seconds, "saving": 0.0, "words": words * job["epochs"]}


if __name__ == "__main__":
    job = json.loads(sys.argv[1])
    result = fasttext_run(job) if job["tool"] == "fasttext" else gensim_run(job)
    result["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(result))
