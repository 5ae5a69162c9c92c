"""JSON lines as record batches: one object a line; names and types are told from the first megabytes."""

from __future__ import annotations

import io
import itertools
import json
from collections.abc import Generator, Iterator
from typing import Any

from nearspace.data.table_parts import Part, TypeOf, empty
from nearspace.data.table_rows import Lines, batch_of, schema_of, settled
from nearspace.data.table_text import CheckedText
from nearspace.errors import InputError

BLOCK = 1 << 22


def open_jsonl(
    text: CheckedText, types: TypeOf, known: TypeOf, *, strict: bool = True, block: int = BLOCK
) -> Part:
    """Open JSON lines; a field that a line lacks is null, text that looks like a time stays text.

    `types` are set by the user: anything becomes text where they say so; `known` are all columns, if these
    were told from another file. `strict`: a field that no line of the first block had is an error;
    otherwise it is passed over.

    Raises (also on reading):
        InputError: no lines at all, or a line that is no JSON object, has a new field, or a value that is not
            of its field's type; with the line's number.
    """
    blocks = _blocks(text, block)
    first = next(blocks, None)
    if first is None or not first[0].strip():
        raise empty(text.name)
    if first[0].lstrip()[:1] == b"[":
        raise InputError(
            f"{text.name}: it is one JSON array, and JSON lines are read",
            "Write one object a line, for example with: jq -c '.[]'",
        )
    schema = _schema(first[0], text.name, types, known)

    def batches() -> Generator[Any, None, None]:
        try:
            number = 1
            for data, lines in itertools.chain([first], blocks):
                yield from _parse(data, schema, Lines(text.name, number), types, strict)
                number += lines
        finally:
            text.close()

    return Part(text.name, schema, batches())


def line_of_object(text: CheckedText, number: int, block: int = BLOCK) -> int | None:
    """Give the line of object `number` (from 1); empty lines are no objects."""
    lines = seen = 0
    try:
        for data, _ in _blocks(text, block):
            for line in data.removesuffix(b"\n").split(b"\n"):
                lines += 1
                seen += bool(line.strip())
                if seen == number:
                    return lines
    finally:
        text.close()
    return None


def _blocks(text: CheckedText, block: int) -> Iterator[tuple[bytes, int]]:
    """Give whole lines, some megabytes at a time, and how many newlines they have."""
    rest: list[bytes] = []
    while data := text.read(block):
        cut = data.rfind(b"\n") + 1
        if not cut:
            rest.append(data)
            continue
        whole = b"".join([*rest, data[:cut]])
        rest = [data[cut:]]
        yield whole, whole.count(b"\n")
    if last := b"".join(rest):
        yield last, 1


def _schema(data: bytes, name: str, types: TypeOf, known: TypeOf) -> Any:
    """Names and types of the first block: what has no value is text, and so are times."""
    import pyarrow as pa

    if known:
        return pa.schema({**known, **types})
    try:
        found = _read(data, pa.schema(dict(types)) if types else None, "infer").schema
    except pa.ArrowInvalid:
        lines = Lines(name)
        return schema_of(list(_objects(data, lines)), types, lines)
    return pa.schema([(one.name, settled(one.name, one.type, times=False)) for one in found])


def _parse(data: bytes, schema: Any, lines: Lines, types: TypeOf, strict: bool) -> Iterator[Any]:
    import pyarrow as pa

    if not data.strip():
        return
    try:
        yield from _read(data, schema, "error" if strict else "ignore").to_batches()
    except pa.ArrowInvalid:
        yield batch_of(list(_objects(data, lines)), schema, lines, types, strict)


def _read(data: bytes, schema: Any, others: str) -> Any:
    import pyarrow.json as arrow_json

    return arrow_json.read_json(
        io.BytesIO(data),
        read_options=arrow_json.ReadOptions(use_threads=False, block_size=len(data) + 1),
        parse_options=arrow_json.ParseOptions(explicit_schema=schema, unexpected_field_behavior=others),
    )


def _objects(data: bytes, lines: Lines) -> Iterator[dict[str, Any]]:
    """Parse line by line, and note where each object stands."""
    for number, line in enumerate(data.split(b"\n")):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except ValueError as error:
            raise InputError(
                f"{lines.name}, line {lines.first + number:,}: it is no JSON ({error})",
                "Each line is one JSON object: mend the line.",
            ) from None
        if not isinstance(value, dict):
            raise InputError(
                f"{lines.name}, line {lines.first + number:,}: {type(value).__name__}, expected an object",
                'Each line is one JSON object such as {"key": "a", "text": "..."}.',
            )
        lines.numbers.append(lines.first + number)
        yield value
