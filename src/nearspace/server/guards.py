"""Who may ask the server what: host names, the token, the origin of requests, and the headers of answers."""

from __future__ import annotations

import hmac
import ipaddress
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

COOKIE = "nearspace-token"
CONTENT_POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; style-src 'self'; script-src 'self'; "
    "worker-src 'self'; connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CONTENT_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-cache",
}
JSON, PICTURE = "application/json", "image/"


def is_loopback(host: str) -> bool:
    """Tell whether a host name is this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def new_token() -> str:
    """Give a token that cannot be guessed."""
    return secrets.token_urlsafe(24)


@dataclass(frozen=True)
class Guard:
    """What a request must have.

    Attributes:
        host: that the server listens at.
        token: that every request must show, as a cookie, a parameter or a bearer; None: no token.
    """

    host: str
    token: str | None = None

    def refusal(
        self, method: str, headers: Mapping[str, str], query: Mapping[str, str], cookies: Mapping[str, str]
    ) -> tuple[int, str] | None:
        """Give the status and the reason if a request is not to be answered.

        A name that is not ours is a page of somebody else that resolves its name to this machine (DNS
        rebinding); a POST from another origin is one that uses our user's browser.
        """
        asked = urlsplit("//" + headers.get("host", "")).hostname or ""
        if self.token is None and not is_loopback(asked) and asked != self.host:
            return 421, f"this server is not {asked or 'without a name'}"
        if self.token is not None and not self._knows(headers, query, cookies):
            return 401, "open the address that the server printed, with its token"
        if method == "POST":
            return self._refused_post(headers)
        return None

    def _knows(
        self, headers: Mapping[str, str], query: Mapping[str, str], cookies: Mapping[str, str]
    ) -> bool:
        bearer = headers.get("authorization", "").removeprefix("Bearer ")
        shown = (query.get("token", ""), cookies.get(COOKIE, ""), bearer)
        return any(hmac.compare_digest(one.encode(), (self.token or "").encode()) for one in shown)

    @staticmethod
    def _refused_post(headers: Mapping[str, str]) -> tuple[int, str] | None:
        kind = headers.get("content-type", "").split(";")[0].strip().lower()
        if kind != JSON and not kind.startswith(PICTURE):
            return 415, f"a request must be of type {JSON}"
        if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            return 403, "requests of other sites are not answered"
        origin = headers.get("origin")
        if origin is not None and urlsplit(origin).netloc != headers.get("host"):
            return 403, "requests of other origins are not answered"
        return None
