"""Rounds of seeded parallel word training.

In a round each of S shards trains on a block of text with a copy of just the rows that the block touches,
all from the state that the last round left; then the changes are added in shard order, by the row's weight:

    P[row] <- P[row] + weight[row] * sum over shards s with a copy of (copy_s[row] - P[row])

Which thread works on which shard, or merges which part, changes nothing. A block and its rows fit the
second-level cache. Arguments in common are held in the named tuples below, arrays flat and 64-byte aligned.

`_nrt=False`: arrays come from Python and are never kept, so no call needs to count references to them.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from nearspace.kernels.cbow import train_cbow
from nearspace.kernels.sampling import block_state, sample_negatives, sample_words
from nearspace.kernels.simd import add, fma, load, mul, prefetch, splat, store, sub
from nearspace.kernels.skipgram import train_skipgram
from nearspace.kernels.threads import barrier, ticket

AHEAD = 4  # rows asked for ahead of time


class Plan(NamedTuple):
    """Numbers that say how training runs."""

    stride: int  # float32 a row, a multiple of 16
    window: int
    negative: int
    block: int  # tokens of a block
    shards: int
    cbow: bool
    seed: int


class Tables(NamedTuple):
    """What sampling reads."""

    remap: Any  # int32: provisional id -> row or -1
    keep: Any  # (V,) uint32
    accept: Any  # (V,) uint32
    alias: Any  # (V,) int32
    starts: Any  # (V + 1,) int64 into grams; or (0,) without subwords
    grams: Any  # int32 rows of `inputs` that a word's vector is the mean of, besides its own


class Model(NamedTuple):
    """The two matrices and the merge weights of their rows."""

    inputs: Any  # flat float32
    outputs: Any  # flat float32
    input_weights: Any  # float32 a row
    output_weights: Any  # float32 a row


class Shards(NamedTuple):
    """Room for the shards of one round; the first axis is the shard."""

    words: Any  # (S, block) int32
    centres: Any
    first: Any
    last: Any
    draws: Any  # (S, block * negative) int32
    pool: Any  # (S, pool) int32
    input_rows: Any  # (S, block) int32: global row of each local one
    output_rows: Any  # (S, block + pool) int32
    used: Any  # (S, 2) int64: local input and output rows
    inputs: Any  # (S, block * stride) float32
    outputs: Any  # (S, (block + pool) * stride) float32
    origins: Any  # (S, block * stride) float32 with subwords: the means that training began with
    stats: Any  # (S, 2) float64: sampled loss and its pairs


@njit(cache=True, nogil=True, _nrt=False)
def localise(ids, count, place, rows, used):  # type: ignore[no-untyped-def]
    """Replace rows ids[:count] by local slots, listing new ones in rows[used:]; returns the slots used."""
    for i in range(count):
        row = ids[i]
        slot = place[row]
        if slot < 0:
            slot = used
            place[row] = slot
            rows[used] = row
            used += 1
        ids[i] = slot
    return used


@njit(cache=True, nogil=True, _nrt=False)
def gather(matrix, stride, rows, used, place, local):  # type: ignore[no-untyped-def]
    """local[i] = matrix[rows[i]]; clears the places."""
    for i in range(used):
        if i + AHEAD < used:
            _fetch(matrix, rows[i + AHEAD], stride)
        row = np.int64(rows[i]) * stride
        place[rows[i]] = -1
        for j in range(0, stride, 16):
            store(local, i * stride + j, load(matrix, row + j))


@njit(cache=True, nogil=True, _nrt=False)
def _fetch(matrix, row, stride):  # type: ignore[no-untyped-def]
    for j in range(0, stride, 16):
        prefetch(matrix, np.int64(row) * stride + j)


@njit(cache=True, nogil=True, _nrt=False)
def gather_means(  # type: ignore[no-untyped-def]
    matrix, stride, rows, used, place, starts, grams, local, origin
):
    """local[i] = origin[i] = mean of matrix[row] and of its n-grams, row = rows[i]; clears the places."""
    for i in range(used):
        row = rows[i]
        place[row] = -1
        at = i * stride
        for j in range(0, stride, 16):
            store(local, at + j, load(matrix, np.int64(row) * stride + j))
        end = starts[row + 1]
        for g in range(starts[row], end):
            if g + AHEAD < end:
                _fetch(matrix, grams[g + AHEAD], stride)
            base = np.int64(grams[g]) * stride
            for j in range(0, stride, 16):
                store(local, at + j, add(load(local, at + j), load(matrix, base + j)))
        share = splat(np.float32(1.0) / np.float32(1 + end - starts[row]))
        for j in range(0, stride, 16):
            mean = mul(load(local, at + j), share)
            store(local, at + j, mean)
            store(origin, at + j, mean)


@njit(cache=True, nogil=True, _nrt=False)
def subtract(local, origin, size):  # type: ignore[no-untyped-def]
    """local -= origin, `size` numbers."""
    for at in range(0, size, 16):
        store(local, at, sub(load(local, at), load(origin, at)))


@njit(cache=True, nogil=True, _nrt=False)
def _add_row(matrix, stride, row, weight, local, at):  # type: ignore[no-untyped-def]
    scale = splat(weight)
    base = np.int64(row) * stride
    for j in range(0, stride, 16):
        store(matrix, base + j, fma(scale, load(local, at + j), load(matrix, base + j)))


@njit(cache=True, nogil=True, _nrt=False)
def part_of(row, parts):  # type: ignore[no-untyped-def]
    """Return the part of the merge that a row belongs to: sixteen rows stay together, as a line of counts."""
    return (row >> 4) % parts


@njit(cache=True, nogil=True, _nrt=False)
def count_touched(rows, used, touched, part, parts):  # type: ignore[no-untyped-def]
    """touched[row] += 1 for the rows of one part that a shard has copies of."""
    for i in range(used):
        if part_of(rows[i], parts) == part:
            touched[rows[i]] += 1


@njit(cache=True, nogil=True, _nrt=False)
def merge(matrix, stride, rows, used, weights, local, touched, part, parts):  # type: ignore[no-untyped-def]
    """Add weights[row] * (local[i] - old row), row = rows[i], for one part.

    The old row is taken off m times at once when the first of its m copies comes; then touched[row] is 0.
    """
    for i in range(used):
        row = rows[i]
        if i + AHEAD < used and part_of(rows[i + AHEAD], parts) == part:
            _fetch(matrix, rows[i + AHEAD], stride)
        if part_of(row, parts) != part:
            continue
        weight = weights[row]
        base = np.int64(row) * stride
        copies = touched[row]
        touched[row] = 0
        scale = splat(weight)
        if copies == 0:
            for j in range(0, stride, 16):
                store(matrix, base + j, fma(scale, load(local, i * stride + j), load(matrix, base + j)))
            continue
        rest = splat(np.float32(1.0) - np.float32(copies) * weight)
        for j in range(0, stride, 16):
            old = mul(rest, load(matrix, base + j))
            store(matrix, base + j, fma(scale, load(local, i * stride + j), old))


@njit(cache=True, nogil=True, _nrt=False)
def merge_grams(matrix, stride, rows, used, weights, starts, grams, local, part, parts):  # type: ignore[no-untyped-def]
    """Add the weighted change local[i] of a word to its own row and to each of its n-gram rows."""
    for i in range(used):
        word = rows[i]
        if part_of(word, parts) == part:
            _add_row(matrix, stride, word, weights[word], local, i * stride)
        end = starts[word + 1]
        for g in range(starts[word], end):
            if g + AHEAD < end:
                _fetch(matrix, grams[g + AHEAD], stride)
            if part_of(grams[g], parts) == part:
                _add_row(matrix, stride, grams[g], weights[grams[g]], local, i * stride)


@njit(cache=True, nogil=True, _nrt=False)
def _train(plan, shards, s, inputs, outputs, count, rate, fetch, scratch):  # type: ignore[no-untyped-def]
    if plan.cbow:
        train_cbow(
            inputs, outputs, plan.stride, shards.words[s], shards.centres[s], shards.first[s],
            shards.last[s], shards.draws[s], plan.negative, count, rate, fetch, scratch,
            shards.stats[s],
        )  # fmt: skip
    else:
        train_skipgram(
            inputs, outputs, plan.stride, shards.words[s], shards.centres[s], shards.first[s],
            shards.last[s], shards.draws[s], plan.negative, count, rate, fetch, scratch,
            shards.stats[s],
        )  # fmt: skip


@njit(cache=True, nogil=True, _nrt=False)
def _sample(plan, tables, shards, s, tokens, block):  # type: ignore[no-untyped-def]
    """Sample a block; words and centres are rows, draws are numbers within the pool."""
    words = shards.words[s]
    count, state = sample_words(
        tokens, tables.remap, tables.keep, plan.window, block_state(plan.seed, block),
        words, shards.first[s], shards.last[s],
    )  # fmt: skip
    centres = shards.centres[s]
    for i in range(count):  # a slice assignment would take numba four seconds to compile
        centres[i] = words[i]
    sample_negatives(
        words, count, tables.accept, tables.alias, plan.negative, state, shards.pool[s], shards.draws[s]
    )
    return count


@njit(cache=True, nogil=True, _nrt=False)
def run_block(plan, tables, model, shards, s, tokens, block, rate, places, scratch):  # type: ignore[no-untyped-def]
    """Train shard `s` on `tokens` with copies of the rows it touches, which stay in the room of the shard."""
    count = _sample(plan, tables, shards, s, tokens, block)
    ins, outs = shards.inputs[s], shards.outputs[s]
    in_rows, out_rows = shards.input_rows[s], shards.output_rows[s]
    pool, draws = shards.pool[s], shards.draws[s]
    used_in = localise(shards.words[s], count, places[0], in_rows, 0)
    used_out = localise(shards.centres[s], count, places[1], out_rows, 0)
    used_out = localise(pool, pool.shape[0], places[1], out_rows, used_out)
    for k in range(count * plan.negative):
        draws[k] = pool[draws[k]]
    shards.used[s, 0] = used_in
    shards.used[s, 1] = used_out
    subwords = tables.starts.shape[0] > 0
    if subwords:
        gather_means(
            model.inputs, plan.stride, in_rows, used_in, places[0], tables.starts, tables.grams, ins,
            shards.origins[s],
        )  # fmt: skip
    else:
        gather(model.inputs, plan.stride, in_rows, used_in, places[0], ins)
    gather(model.outputs, plan.stride, out_rows, used_out, places[1], outs)
    _train(plan, shards, s, ins, outs, count, rate, False, scratch)
    if subwords:
        subtract(ins, shards.origins[s], used_in * plan.stride)


@njit(cache=True, nogil=True, _nrt=False)
def merge_part(plan, tables, model, shards, touched, part, parts):  # type: ignore[no-untyped-def]
    """Add the changes of all shards, in their order, to the rows of one part."""
    subwords = tables.starts.shape[0] > 0
    for s in range(plan.shards):
        if not subwords:
            count_touched(shards.input_rows[s], shards.used[s, 0], touched[0], part, parts)
        count_touched(shards.output_rows[s], shards.used[s, 1], touched[1], part, parts)
    for s in range(plan.shards):
        if subwords:
            merge_grams(
                model.inputs, plan.stride, shards.input_rows[s], shards.used[s, 0], model.input_weights,
                tables.starts, tables.grams, shards.inputs[s], part, parts,
            )  # fmt: skip
        else:
            merge(
                model.inputs, plan.stride, shards.input_rows[s], shards.used[s, 0], model.input_weights,
                shards.inputs[s], touched[0], part, parts,
            )  # fmt: skip
        merge(
            model.outputs, plan.stride, shards.output_rows[s], shards.used[s, 1], model.output_weights,
            shards.outputs[s], touched[1], part, parts,
        )  # fmt: skip


@njit(cache=True, nogil=True, _nrt=False)
def run_rounds(  # type: ignore[no-untyped-def]
    plan, tables, model, shards, tokens, lengths, rates, block, places, touched, scratch, gate, threads
):
    """Run len(rates) rounds; called by `threads` threads at once, each with its own places and scratch.

    Args:
        tokens: (S, rounds * plan.block) int32 the text of each shard; lengths: (S,) how much of it is there.
        rates: (rounds,) float32 step sizes. block: number of the first block, for the random streams.
        places: (2, V) int32, all -1. touched: (2, V) int32, all 0, the same for all threads.
        gate: see `threads.gate`.
    """
    for r in range(rates.shape[0]):
        s = ticket(gate)
        while s < plan.shards:
            begin = min(r * plan.block, lengths[s])
            end = min((r + 1) * plan.block, lengths[s])
            number = block + r * plan.shards + s
            text = tokens[s, begin:end]
            run_block(plan, tables, model, shards, s, text, number, rates[r], places, scratch)
            s = ticket(gate)
        barrier(gate, threads)
        part = ticket(gate)
        while part < threads:
            merge_part(plan, tables, model, shards, touched, part, threads)
            part = ticket(gate)
        barrier(gate, threads)


@njit(cache=True, nogil=True, _nrt=False)
def run_free(plan, tables, model, shards, s, tokens, rates, block, places, scratch):  # type: ignore[no-untyped-def]
    """Train on `tokens`, a block a rate, straight on the shared rows while other threads do the same.

    Lock-free as in Recht et al. 2011 (Hogwild!): two runs differ. Only the subword means are copied.
    """
    for r in range(rates.shape[0]):
        text = tokens[r * plan.block : (r + 1) * plan.block]
        count = _sample(plan, tables, shards, s, text, block + r)
        pool, draws = shards.pool[s], shards.draws[s]
        for k in range(count * plan.negative):
            draws[k] = pool[draws[k]]
        if tables.starts.shape[0] == 0:
            _train(plan, shards, s, model.inputs, model.outputs, count, rates[r], True, scratch)
            continue
        rows, ins = shards.input_rows[s], shards.inputs[s]
        used = localise(shards.words[s], count, places[0], rows, 0)
        gather_means(
            model.inputs, plan.stride, rows, used, places[0], tables.starts, tables.grams, ins,
            shards.origins[s],
        )  # fmt: skip
        _train(plan, shards, s, ins, model.outputs, count, rates[r], True, scratch)
        subtract(ins, shards.origins[s], used * plan.stride)
        merge_grams(
            model.inputs, plan.stride, rows, used, model.input_weights, tables.starts, tables.grams, ins, 0, 1
        )
