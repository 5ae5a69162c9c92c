"""Make tiny.bin, a fastText model of own sentences, and tiny.json with fastText's answers.

Needs the package fasttext (https://fasttext.cc), 0.9.2 was used; run it in this folder.
"""

import json
import random
from pathlib import Path

import fasttext

SENTENCES = (
    "the cat sat on the straße and saw a naïve mouse",
    "кошка сидела на окне and the mouse sat in the café",
    "日本語 words and über words sat on the mat where the cat was",
)
UNSEEN = ["unseen", "cats", "日本", "kитten", "x", "é", "", "</s>", "🐈", "with space"]


def main() -> None:
    random.seed(1)
    text = Path("tiny.txt")
    words = " ".join(SENTENCES).split()
    text.write_text("\n".join(" ".join(random.choices(words, k=10)) for _ in range(300)))
    model = fasttext.train_unsupervised(
        str(text), model="skipgram", dim=6, bucket=300, minn=2, maxn=5, minCount=2, thread=1, epoch=3
    )
    text.unlink()
    model.save_model("tiny.bin")
    vectors = {word: model.get_word_vector(word).tolist() for word in [*model.get_words(), *UNSEEN]}
    counts = dict(zip(*model.get_words(include_freq=True), strict=True))
    answers = {
        "words": model.get_words(),
        "counts": {word: int(n) for word, n in counts.items()},
        "vectors": vectors,
    }
    Path("tiny.json").write_text(json.dumps(answers, ensure_ascii=False, indent=0))


if __name__ == "__main__":
    main()
