"""The server of the page: an ASGI application over a `Site`, and the four questions that it answers."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

from nearspace.errors import ChangedError, InputError, NearspaceError, SettingError
from nearspace.optional import require
from nearspace.server import asking, saving
from nearspace.server.guards import COOKIE, HEADERS, JSON, PICTURE, Guard
from nearspace.server.shown import ShownSpace
from nearspace.server.site import Answer, Site

LARGEST = 32 << 20  # bytes of a request
EXTRA, PURPOSE = "serve", "serving the page"


class App:
    """Answers requests for one site; `reload` makes the site anew after a change of its Spaces.

    Args:
        make: makes the site.
        guard: who may ask.
    """

    def __init__(self, make: Callable[[], Site], guard: Guard) -> None:
        self._make = make
        self._guard = guard
        self._writing = threading.Lock()
        self.site = make()

    def asgi(self) -> Any:
        """Give the ASGI application.

        Raises:
            MissingExtraError: starlette is not installed.
        """
        applications = require("starlette.applications", extra=EXTRA, purpose=PURPOSE)
        routing = require("starlette.routing", extra=EXTRA, purpose=PURPOSE)
        require("uvicorn", extra=EXTRA, purpose=PURPOSE)
        routes = [
            *(routing.Route(f"/{name}", self._posted(name), methods=["POST"]) for name in self._questions),
            routing.Route("/{path:path}", self._file, methods=["GET"]),
        ]
        return applications.Starlette(routes=routes)

    def warm(self) -> None:
        """Ask each Space once, so that the first question finds columns, kernels and index ready."""
        for shown in self.site.spaces:
            shown.to_json()
            if shown.usable:
                asking.neighbors(shown, 0, 1)

    def question(self, name: str, body: dict[str, Any]) -> Answer | None:
        """Answer a POST: "search", "neighbors", "filter" or "save"; None if there is no such question.

        Raises:
            NearspaceError: it cannot be answered.
        """
        answer = self._questions.get(name)
        return None if answer is None else answer(self._space(body), body)

    @property
    def _questions(self) -> dict[str, Callable[[ShownSpace, dict[str, Any]], Answer]]:
        return {
            "search": lambda shown, body: _json(
                asking.answer(shown, body.get("query"), body.get("k", 50), body.get("where"))
            ),
            "neighbors": lambda shown, body: _json(
                asking.neighbors(shown, body.get("row"), body.get("k", 15), body.get("where"))
            ),
            "filter": lambda shown, body: Answer(asking.allowed(shown, body.get("where"))),
            "save": self._save,
        }

    def _save(self, shown: ShownSpace, body: dict[str, Any]) -> Answer:
        kind = body.get("as")
        if kind not in shown.save:
            raise SettingError(
                f"a selection cannot be saved as {kind!r}", f"Accepted: {', '.join(shown.save)}."
            )
        rows = saving.selected(shown, body.get("rows"))
        if kind == "table":
            return Answer(saving.as_table(shown, rows), "text/csv; charset=utf-8")
        with self._writing:
            if kind == "space":
                return _json(saving.as_space(shown, rows, body.get("name")))
            saved = saving.as_tag(shown, rows, body.get("name"))
            self.site = self._make()
            return _json({**saved, "reload": True})

    async def _file(self, request: Any) -> Any:
        from starlette.concurrency import run_in_threadpool
        from starlette.responses import RedirectResponse

        refused = self._refused(request)
        if refused is not None:
            return refused
        path = request.path_params["path"]
        if "token" in request.query_params:
            response = RedirectResponse(f"/{path.lstrip('/')}", 303, headers=HEADERS)
            response.set_cookie(COOKIE, request.query_params["token"], httponly=True, samesite="strict")
            return response
        try:
            found = await run_in_threadpool(self.site.answer, path)
        except NearspaceError as error:
            return _failed(error)
        if found is None:
            return _error(404, "missing", f"there is no {path!r}", "")
        return _response(found)

    def _posted(self, name: str) -> Any:
        from starlette.concurrency import run_in_threadpool

        async def respond(request: Any) -> Any:
            refused = self._refused(request)
            if refused is not None:
                return refused
            try:
                if request.headers["content-type"].startswith(PICTURE):
                    raise InputError(
                        "this Space cannot be searched with a picture", "It has no encoder of them."
                    )
                body = _object(await _read(request))
                found = await run_in_threadpool(self.question, name, body)
            except NearspaceError as error:
                return _failed(error)
            return _error(404, "missing", f"there is no {name!r}", "") if found is None else _response(found)

        return respond

    def _space(self, body: dict[str, Any]) -> ShownSpace:
        number = body.get("space", 0)
        if isinstance(number, str) and number.isascii() and number.isdigit():
            number = int(number[:9])
        if type(number) is not int or not 0 <= number < len(self.site.spaces):
            raise SettingError(f"space is {number!r}", f"Give a number below {len(self.site.spaces)}.")
        shown = self.site.spaces[number]
        if body.get("version", shown.version) != shown.version:
            raise ChangedError(
                f"{shown.space.name} has changed since this page was opened", "Reload the page."
            )
        return shown

    def _refused(self, request: Any) -> Any:
        found = self._guard.refusal(request.method, request.headers, request.query_params, request.cookies)
        return None if found is None else _error(found[0], "refused", found[1], "")


async def _read(request: Any) -> bytes:
    """Read a request that is not too large.

    Raises:
        InputError: it is.
    """
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > LARGEST:
            raise InputError(f"the request is larger than {LARGEST >> 20} MB", "Select fewer rows.")
        parts.append(part)
    return b"".join(parts)


def _object(raw: bytes) -> dict[str, Any]:
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise InputError(f"the request is not JSON: {error}", "Send a JSON object.") from error
    if not isinstance(body, dict):
        raise InputError("the request is no JSON object", 'Send for example {"query": "king"}.')
    return body


def _response(answer: Answer) -> Any:
    from starlette.responses import Response

    return Response(answer.body, media_type=answer.kind, headers=HEADERS)


def _json(value: Any) -> Answer:
    return Answer(json.dumps(value, ensure_ascii=False, allow_nan=False).encode(), JSON)


def _failed(error: NearspaceError) -> Any:
    return _error(error.http_status, error.kind, error.message, error.hint)


def _error(status: int, kind: str, message: str, hint: str) -> Any:
    from starlette.responses import JSONResponse

    body = {"error": {"kind": kind, "message": message, "hint": hint}}
    return JSONResponse(body, status, headers=HEADERS)
