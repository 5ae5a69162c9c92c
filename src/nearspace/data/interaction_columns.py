"""Columns of a table of events: which holds the user, the item, the weight, the rating and the time."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from nearspace.data.table_columns import missing_column
from nearspace.errors import InputError, SettingError

_USERS = """username customer customerid visitor visitorid reviewer reviewerid member memberid account
accountid client clientid person personid listener listenerid"""
_ITEMS = """movie movieid book bookid product productid parentasin asin isbn sku song songid track trackid
artist artistid article articleid anime animeid game gameid video videoid business businessid venue venueid
location locationid poi poiid news newsid show showid course courseid"""

# accepted spellings, without signs and case; those of an earlier group go before those of a later one
SPELLINGS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "user": (
        ("user", "userid", "uid", "users", "userids"),
        tuple(_USERS.split()),
        ("session", "sessionid"),
    ),
    "item": (("item", "itemid", "iid", "items", "itemids"), tuple(_ITEMS.split())),
    "weight": (("weight", "count", "counts", "plays", "playcount", "quantity"),),
    "rating": (("rating", "ratings", "score", "stars", "overall"),),
    "time": (("time", "timestamp", "ts", "datetime", "date", "eventtime", "unixtime", "createdat"),),
}


def find_columns(names: Sequence[str], asked: Mapping[str, str | None], table: str) -> dict[str, str]:
    """Give the column of each role (user, item, weight, rating, time) that is asked for.

    A column is asked for by its name, which may lack the type that RecBole puts behind it (`user_id` for
    `user_id:token`). The name of the role itself stands for all its spellings, where there is no such column.

    Raises:
        InputError: it is not there, or several could be meant.
        SettingError: one column is asked for twice.
    """
    found = {}
    for role, name in asked.items():
        if name is not None:
            found[role] = _find(names, role, name, table)
    for role, column in found.items():
        if list(names).count(column) > 1:
            raise InputError(f"{table}: several columns are called {column!r}", "Rename all but one.")
        for other in found:
            if other < role and found[other] == column:
                raise SettingError(
                    f"column {column!r} is named for both {other} and {role}", "Each has a column of its own."
                )
    return found


def contradicts(columns: Mapping[str, str]) -> bool:
    """Tell whether the column of the users is called like one of items, or the other way round."""
    user, item = (simplified(columns[role]) for role in ("user", "item"))
    return _spelt(user, "item") or _spelt(item, "user")


def simplified(name: str) -> str:
    """Give a name in lower case, without the type that RecBole puts behind it and without signs."""
    return re.sub(r"[^0-9a-z]", "", name.split(":")[0].casefold())


def _find(names: Sequence[str], role: str, name: str, table: str) -> str:
    if name in names:
        return name
    before = [one for one in names if one.split(":")[0] == name]
    if len(before) == 1:
        return before[0]
    if name != role:
        raise missing_column(name, names, table)
    for group in SPELLINGS[role]:
        meant = [one for one in names if simplified(one) in group]
        if len(meant) == 1:
            return meant[0]
        if meant:
            raise InputError(
                f"{table}: {' and '.join(map(repr, meant))} could both be the column of the {role}",
                f"Name it: {role}={meant[0]!r} (--{role} {meant[0]}). It has: {', '.join(names)}.",
            )
    raise InputError(
        f"{table}: no column is called like one of the {role}",
        f"Name it: {role}=... (--{role}). It has: {', '.join(names)}.",
    )


def _spelt(name: str, role: str) -> bool:
    return any(name in group for group in SPELLINGS[role])
