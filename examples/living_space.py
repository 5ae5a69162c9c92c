"""Let a Space live: ten batches of news, corrections, a kill in the middle, filters, old versions.

usage: python examples/living_space.py TEXT FOLDER
"""

import subprocess
import sys
from pathlib import Path

from news_table import write_days

import nearspace as ns
from nearspace.encoders.static import StaticEncoder

KILLED = """
import csv, os, sys, nearspace as ns
def rows(file, after):
    for number, row in enumerate(csv.DictReader(file)):
        if number == after:
            os.kill(os.getpid(), 9)
        yield row
ns.upsert(sys.argv[1], rows(open(sys.argv[2], encoding="utf-8"), 8), key="id", batch=2)
"""
folder = Path(sys.argv[2])
news, days = folder / "news.space", write_days(sys.argv[1], folder)
ns.create(news, encoder=StaticEncoder.from_space(ns.open(folder / "words.space")), content="text")
for number, day in enumerate(days, start=1):
    if number == 7:
        code = subprocess.run([sys.executable, "-c", KILLED, news, day]).returncode
        print("day 7: killed with", code, "after", ns.count(news, "day = date '2026-03-07'"), "rows")
    done = ns.upsert(news, day, key="id")
    print(f"day {number}: {done.added} added, {done.replaced} corrected, {done.encoded} encoded")
print("withdrawn:", ns.delete(news, where="source = 'reader' AND day = date '2026-03-05'").deleted)
ns.index_text(news, "text")
space = ns.open(news)
for query, hits in ns.hybrid(space, "snow in the mountains", k=3, where="day >= date '2026-03-04'"):
    print(query, "->", [(hit.key, hit.columns["day"]) for hit in hits])
print("version 4 had", len(ns.open(news, version=4)), "of", len(space), "rows")
print("compacted:", ns.compact(news).rows == len(space), "versions left:", len(ns.history(news)))
