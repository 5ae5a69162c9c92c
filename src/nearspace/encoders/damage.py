"""What reading an encoder's folder raises where the folder is damaged."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nearspace.errors import InputError


@contextmanager
def reading(folder: Path) -> Iterator[None]:
    """Turn what a missing or damaged file raises into an InputError that names the folder."""
    try:
        yield
    except InputError:
        raise
    except (OSError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"the encoder in {str(folder)!r} is damaged: {error}", "Make the Space again."
        ) from error
