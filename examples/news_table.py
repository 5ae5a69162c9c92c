"""Make a table of news out of articles: ten days of reports, some of them corrected the day after.

usage: python examples/news_table.py TEXT FOLDER
"""

import csv
import sys
from pathlib import Path

import nearspace as ns
from nearspace.encoders.static import StaticEncoder

TOPICS = {"sport": "football team game", "music": "music song band opera", "animals": "animal bird fish"}
TOPICS |= {"places": "city river island", "science": "physics energy", "history": "war king army"}


def write_days(text: str, folder: Path) -> list[Path]:
    """Learn words.space from the articles, write day-01.csv to day-10.csv beside it, and give their paths."""
    words = ns.learn.words(text, dim=100, epochs=5, sample=1e-4, min_count=3, seed=1)
    ns.save(words, folder / "words.space", overwrite=True)
    reports = [line[:500] for line in Path(text).read_text("utf-8").splitlines() if len(line) > 300]
    encoder, days = StaticEncoder.from_space(words), [[] for _ in range(11)]
    nearest = (encoder.encode(reports) @ encoder.encode(list(TOPICS.values())).T).argmax(axis=1)
    for number, report in enumerate(reports):
        day, about = 7 * number % 10, list(TOPICS)[nearest[number]]
        row = [f"r{number:05}", f"2026-03-{day + 1:02}", about, "reader" if number % 3 else "agency"]
        days[day].append([*row, report])
        if number % 11 == 0:
            days[day + 1].append([*row, f"Corrected: {report}"])
    paths = [folder / f"day-{day:02}.csv" for day in range(1, 11)]
    for path, rows in zip(paths, days, strict=False):
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([["id", "day", "topic", "source", "text"], *rows])
    return paths


if __name__ == "__main__":
    print(*write_days(sys.argv[1], Path(sys.argv[2])), sep="\n")
