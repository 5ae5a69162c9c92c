import json

import pytest

import nearspace as ns
from nearspace.errors import SettingError
from nearspace.server.app import App
from nearspace.server.gathering import site_of
from nearspace.server.guards import Guard
from nearspace.server.notebook import answering


class Kernel:
    """Asks as the page does, and keeps the answers."""

    def __init__(self, saved):
        app = App(lambda: site_of([saved], live=True), Guard("localhost"))
        self.answers = []
        self._answer = answering(
            app, lambda content, buffers=(): self.answers.append((content, list(buffers)))
        )

    def ask(self, path, body=None):
        self._answer(None, {"number": len(self.answers), "path": path, "body": body}, [])
        return self.answers[-1]


def test_paths_and_questions_are_answered_as_by_the_server(saved, site):
    kernel = Kernel(saved)
    content, buffers = kernel.ask("data/0/maps/pca/points.bin")
    assert content == {"number": 0, "kind": "application/octet-stream"}
    assert buffers == [site.answer("data/0/maps/pca/points.bin").body]
    content, buffers = kernel.ask("search", {"query": "item 4", "k": 2})
    assert len(json.loads(buffers[0])["hits"]) == 2
    kernel.ask("save", {"rows": [1], "as": "tag", "name": "one"})
    described = json.loads(kernel.ask("data/0/space.json")[1][0])
    assert described["columns"][-1]["values"] == ["one"]


@pytest.mark.parametrize(
    ("path", "body", "kind"),
    [
        ("nothing.js", None, "missing"),
        ("nothing", {}, "missing"),
        ("search", {"query": ""}, "input"),
        ("search", {"query": "item 4", "space": 9}, "setting"),
        (None, None, "missing"),
    ],
)
def test_errors_are_told(saved, path, body, kind):
    content, buffers = Kernel(saved).ask(path, body)
    assert (content["error"]["kind"], buffers) == (kind, [])


@pytest.mark.extras
def test_the_widget(space):
    pytest.importorskip("anywidget")
    laid_out = ns.map(space, method="pca", limit=None)
    widget = ns.show(space, maps=[laid_out], height=500, theme="dark")
    assert (widget.height, widget.theme) == (500, "dark")
    assert "export default" in str(widget._esm)
    with pytest.raises(SettingError, match="theme is 'blue'"):
        ns.show(space, theme="blue")
    with pytest.raises(SettingError, match="height is 5"):
        ns.show(space, height=5)
