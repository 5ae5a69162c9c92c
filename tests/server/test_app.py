import json

import pytest

from nearspace.server.app import App
from nearspace.server.gathering import site_of
from nearspace.server.guards import COOKIE, Guard, is_loopback, new_token

pytestmark = pytest.mark.extras
testing = pytest.importorskip("starlette.testclient")


def _client(saved, token=None, base="http://127.0.0.1:8080"):
    app = App(lambda: site_of([saved], live=True), Guard("127.0.0.1", token))
    return testing.TestClient(app.asgi(), base_url=base, follow_redirects=False)


@pytest.fixture
def client(saved):
    return _client(saved)


def test_the_page_and_its_data(client):
    page = client.get("/")
    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'self'" in page.headers["content-security-policy"]
    assert page.headers["x-content-type-options"] == "nosniff"
    assert client.get("/data/0/space.json").json()["count"] == 80
    assert len(client.get("/data/0/maps/pca/points.bin").content) == 80 * 8


def test_what_is_not_there(client):
    missing = client.get("/data/0/none")
    assert (missing.status_code, missing.json()["error"]["kind"]) == (404, "missing")
    assert client.get("/%2e%2e/pyproject.toml").status_code == 404
    assert client.put("/search").status_code == 405


def test_search_neighbours_and_filter(client):
    found = client.post("/search", json={"space": 0, "query": "item 4", "k": 3}).json()
    assert (found["how"], len(found["hits"])) == ("key", 3)
    assert client.post("/search", json={"space": "0", "query": "item 4"}).status_code == 200
    assert len(client.post("/neighbors", json={"row": 1, "k": 5}).json()["hits"]) == 5
    assert sum(client.post("/filter", json={"where": "year < 1910"}).content) == 10


def test_errors_say_what_and_what_to_do(client):
    found = client.post("/search", json={"query": "itme 4"})
    assert (found.status_code, found.json()["hits"]) == (200, [])
    assert "item 4" in found.json()["note"]
    for body in (b"{", b"[]", b'"x"', b"\xff", b"[" * 100_000):
        bad = client.post("/search", content=body, headers={"content-type": "application/json"})
        assert (bad.status_code, bad.json()["error"]["kind"]) == (400, "input")
    assert client.post("/search", json={"space": 7, "query": "x"}).status_code == 400
    assert client.post("/search", json={"space": [], "query": "x"}).status_code == 400
    picture = client.post("/search", content=b"x", headers={"content-type": "image/png"})
    assert "picture" in picture.json()["error"]["message"]
    assert client.post("/save", json={"as": "elsewhere", "rows": [1]}).status_code == 400


def test_too_much_is_refused(client):
    body = json.dumps({"query": "x" * (33 << 20)}).encode()
    found = client.post("/search", content=body, headers={"content-type": "application/json"})
    assert "larger than 32 MB" in found.json()["error"]["message"]


def test_a_tag_is_saved_and_the_site_is_made_anew(client):
    rows = [row for row in range(80) if row % 4 == 1]
    saved = client.post("/save", json={"rows": rows, "as": "tag", "name": "greenish"}).json()
    assert saved == {"saved": "greenish", "count": 20, "reload": True}
    described = client.get("/data/0/space.json").json()
    assert described["columns"][-1]["values"] == ["greenish"]
    old = client.post("/neighbors", json={"row": 1, "version": 1})
    assert (old.status_code, old.json()["error"]["kind"]) == (409, "changed")
    now = {"row": 1, "version": described["version"]}
    assert client.post("/neighbors", json=now).status_code == 200
    table = client.post("/save", json={"rows": [0, 1], "as": "table"})
    assert table.headers["content-type"].startswith("text/csv")


def test_other_sites_may_not_ask(client):
    other = {"origin": "http://evil.example"}
    assert client.post("/search", json={"query": "item 1"}, headers=other).status_code == 403
    cross = {"sec-fetch-site": "cross-site"}
    assert client.post("/search", json={"query": "item 1"}, headers=cross).status_code == 403
    assert client.post("/search", content=b"{}", headers={"content-type": "text/plain"}).status_code == 415
    assert client.get("/", headers={"host": "evil.example"}).status_code == 421
    own = {"origin": "http://127.0.0.1:8080"}
    assert client.post("/search", json={"query": "item 1"}, headers=own).status_code == 200


def test_a_token_is_asked_for_and_kept_as_a_cookie(saved):
    client = _client(saved, "s3cret", "http://192.0.2.7:8080")
    assert client.get("/data/index.json").status_code == 401
    assert client.get("/?token=wrong").status_code == 401
    assert client.post("/search", json={"query": "item 1"}).status_code == 401
    moved = client.get("/?token=s3cret")
    assert (moved.status_code, moved.headers["location"]) == (303, "/")
    assert "HttpOnly" in moved.headers["set-cookie"] and "SameSite=strict" in moved.headers["set-cookie"]
    assert client.get("/data/index.json").status_code == 200
    bare = _client(saved, "s3cret")
    assert bare.get("/data/index.json", headers={"authorization": "Bearer s3cret"}).status_code == 200
    assert bare.get("/data/index.json", headers={"cookie": f"{COOKIE}=s3cret"}).status_code == 200


def test_no_redirect_leaves_the_server(saved):
    moved = _client(saved, "s3cret").get("//evil.example/?token=s3cret")
    assert moved.headers.get("location", "/").startswith("/")
    assert not moved.headers.get("location", "/").startswith("//")


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("[::1]", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("192.168.1.4", False),
        ("evil.example", False),
        ("", False),
    ],
)
def test_what_is_this_machine_only(host, expected):
    assert is_loopback(host) is expected


def test_tokens_differ():
    assert len({new_token() for _ in range(50)}) == 50
    assert len(new_token()) >= 32
