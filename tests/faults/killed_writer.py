"""Operations on a saved Space that are killed: what each does in a child, and which states it may leave.

A state is what the Space holds, in row order: key -> (text, the text that its vector was made from). Each
operation is planned by the test, as the list of states that it goes through, and run here by a child of
this program, which writes the number of a state down its pipe as soon as that state is acknowledged.
"""

import json
import os
import signal
import sys
import time
import traceback

import numpy as np

from nearspace.encoders.subwords import SubwordEncoder
from nearspace.keys import Keys
from nearspace.space import Space

KEYS, BATCH = 600, 40


def _encoder():
    rows = np.random.default_rng(7).normal(size=(97, 8)).astype(np.float32)
    return SubwordEncoder(rows, min_n=2, max_n=3, buckets=97)


ENCODER = _encoder()


def text(key, step):
    return f"{key} at step {step}"


def key(number):
    return f"item-{number:05d}"


def space_of(state):
    """Give the Space that holds a state."""
    texts = [one for one, _ in state.values()]
    vectors = ENCODER.encode([made_from for _, made_from in state.values()])
    columns = {"text": np.array(texts, dtype=object)}
    return Space(Keys(state), vectors, columns=columns, encoder=ENCODER, content="text")


def put(state, rows):
    """Give the state after rows were put in: new and replaced ones come last."""
    return {name: row for name, row in state.items() if name not in rows} | rows


def batches_of(names, size=BATCH):
    return [names[start : start + size] for start in range(0, len(names), size)]


class Acknowledge:
    """A progress that acknowledges one state after each piece of work, or the last one after all rows."""

    def __init__(self, acknowledge, last=None, rows=0):
        self.acknowledge, self.last, self.rows, self.done = acknowledge, last, rows, 0

    def task(self, description, *, total=None, unit=""):
        return self

    def note(self, message):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *error):
        pass

    def advance(self, amount, **shown):
        if self.last is None:
            self.done += 1
            self.acknowledge(self.done)
        else:
            self.done += amount
            if self.done == self.rows:
                self.acknowledge(self.last)


# Each operation: plan(target, state, step, rng) -> (arguments, states); run(target, arguments, acknowledge).


def plan_save(target, state, step, rng):
    new = {key(number): (text(key(number), step),) * 2 for number in range(KEYS)}
    return {"step": step}, [state, new]


def run_save(target, arguments, acknowledge):
    from nearspace.store.folder import save

    names = [key(number) for number in range(KEYS)]
    save(space_of({name: (text(name, arguments["step"]),) * 2 for name in names}), target, overwrite=True)
    acknowledge(1)


def plan_upsert(target, state, step, rng):
    known = rng.sample(sorted(state), min(len(state), 5 * BATCH))
    unknown = [name for name in map(key, range(KEYS, 3 * KEYS)) if name not in state]
    names = known + rng.sample(unknown, min(len(unknown), 5 * BATCH))
    rng.shuffle(names)
    states = [state]
    for part in batches_of(names):
        states.append(put(states[-1], {name: (text(name, step),) * 2 for name in part}))
    return {"names": names, "step": step}, states


def run_upsert(target, arguments, acknowledge):
    from nearspace.store.changes import upsert

    texts = [text(name, arguments["step"]) for name in arguments["names"]]
    rows = {"key": arguments["names"], "text": texts, "vector": ENCODER.encode(texts)}
    upsert(target, rows, encoder=ENCODER, batch=BATCH, progress=Acknowledge(acknowledge))


def run_encode(target, arguments, acknowledge):
    from nearspace.store.creating import encode

    texts = [text(name, arguments["step"]) for name in arguments["names"]]
    rows = {"key": arguments["names"], "text": texts}
    progress = Acknowledge(acknowledge)
    encode(rows, target, encoder=ENCODER, content="text", batch=BATCH, progress=progress)


def plan_delete(target, state, step, rng):
    names = rng.sample(sorted(state), len(state) // 3)
    parts, states = batches_of(names, 1 + len(names) // 8), [state]
    for part in parts:
        states.append({name: row for name, row in states[-1].items() if name not in part})
    return {"parts": parts}, states


def run_delete(target, arguments, acknowledge):
    from nearspace.store.changes import delete

    for number, part in enumerate(arguments["parts"]):
        if number % 2:
            delete(target, part)
        else:
            delete(target, where="key IN ({})".format(", ".join(f"'{name}'" for name in part)))
        acknowledge(number + 1)


def plan_refresh(target, state, step, rng):
    """Change the texts of every third row by Lance alone: their vectors are stale."""
    import lance

    names = [name for name in state if int(name[-5:]) % 3 == 0]
    condition = "key IN ({})".format(", ".join(f"'{name}'" for name in names))
    lance.dataset(f"{target}/items.lance").update({"text": f"concat(key, ' at step {step}')"}, condition)
    changed = put(state, {name: (text(name, step), state[name][1]) for name in names})
    states = [changed]
    for part in batches_of(names):
        states.append(put(states[-1], {name: (text(name, step),) * 2 for name in part}))
    return {"last": len(states) - 1, "rows": len(state)}, states


def run_refresh(target, arguments, acknowledge):
    from nearspace.store.changes import refresh

    refresh(target, batch=BATCH, progress=Acknowledge(acknowledge, **arguments))


def plan_nothing(target, state, step, rng):
    return {}, [state]


def run_compact(target, arguments, acknowledge):
    from nearspace.store.compacting import compact

    compact(target)
    acknowledge(0)


def run_graph(target, arguments, acknowledge):
    from nearspace.search.indexing import build_index

    assert build_index(target, kind="graph", workers=1).built
    acknowledge(0)


def run_text(target, arguments, acknowledge):
    from nearspace.store.text_index import index_text

    index_text(target, "text")
    acknowledge(0)


OPERATIONS = {
    "save": (plan_save, run_save),
    "upsert": (plan_upsert, run_upsert),
    "encode": (plan_upsert, run_encode),
    "delete": (plan_delete, run_delete),
    "refresh": (plan_refresh, run_refresh),
    "compact": (plan_nothing, run_compact),
    "text index": (plan_nothing, run_text),
    "graph index": (plan_nothing, run_graph),
}


def child(request):
    """Run one operation and end."""

    def acknowledge(number):
        os.write(1, f"state {number}\n".encode())

    try:
        OPERATIONS[request["operation"]][1](request["target"], request["arguments"], acknowledge)
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def serve():
    """For each request (a line of JSON) fork a child, kill it after a delay, and tell how it ended."""
    import lance
    import pyarrow.compute

    from nearspace.search import indexing
    from nearspace.store import compacting, creating, text_index

    assert all((lance, pyarrow.compute, compacting, creating, indexing, text_index))
    ENCODER.encode(["its kernels are compiled"])
    for line in sys.stdin:
        request = json.loads(line)
        began = time.perf_counter()
        process = os.fork()
        if process == 0:
            child(request)
        if request["delay"] is not None:
            time.sleep(request["delay"])
            os.kill(process, signal.SIGKILL)
        status = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
        os.write(1, f"end {status} {time.perf_counter() - began}\n".encode())


if __name__ == "__main__":
    serve()
