"""Checks of settings that several learners have."""

from __future__ import annotations

from typing import Any

from nearspace.errors import SettingError


def check_counts(settings: Any, *names: str) -> None:
    """Refuse settings below 1.

    Raises:
        SettingError: there is one.
    """
    for name in names:
        if getattr(settings, name) < 1:
            raise SettingError(f"{name} is {getattr(settings, name)}, expected at least 1")


def check_seed(settings: Any) -> None:
    """Refuse a seed below 0.

    Raises:
        SettingError: it is.
    """
    if settings.seed < 0:
        raise SettingError(f"seed is {settings.seed}, expected 0 or more")
