"""The one place that tests for optional packages."""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import platform
from types import ModuleType

from nearspace.errors import MissingExtraError


def require(module: str, *, extra: str, purpose: str) -> ModuleType:
    """Import `module` for `purpose`, or tell which extra brings it.

    A package that is installed but broken shows its own traceback.

    Raises:
        MissingExtraError: the top-level package is not installed.
    """
    top = module.split(".", maxsplit=1)[0]
    if importlib.util.find_spec(top) is None:
        raise MissingExtraError(
            f"{purpose} needs the package {top!r}, which is not installed",
            f"Install it with: pip install 'nearspace[{extra}]'",
        )
    return importlib.import_module(module)


def installed(module: str) -> bool:
    """Tell whether the top-level package of `module` can be found, without importing it."""
    return importlib.util.find_spec(module.split(".", maxsplit=1)[0]) is not None


def versions(*packages: str) -> dict[str, str]:
    """Give name -> version of nearspace, Python and the installed ones of `packages`, for a recipe."""
    found = {"python": platform.python_version()}
    for package in ("nearspace", *packages):
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found
