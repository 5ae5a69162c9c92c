"""Work on many rows in pieces, in threads where there are several."""

from __future__ import annotations

from collections.abc import Callable

from nearspace.engine.local import Threads


def each_chunk(function: Callable[[slice], None], count: int, size: int, workers: int) -> None:
    """Call `function` for each piece of `size` of the numbers 0..count-1; it writes only what is its own."""
    pieces = [slice(start, min(count, start + size)) for start in range(0, count, size)]
    if workers > 1 and len(pieces) > 1:
        with Threads(min(workers, len(pieces))) as threads:
            threads.map(function, pieces)
    else:
        for piece in pieces:
            function(piece)
