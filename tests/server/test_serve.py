import json
import re
import signal
import socket
import subprocess
import sys
import urllib.request

import pytest

from nearspace.errors import OutputError, SettingError
from nearspace.server.verb import _address, _listen

pytestmark = pytest.mark.extras
pytest.importorskip("uvicorn")


def test_the_command_serves_until_it_is_interrupted(saved):
    command = [sys.executable, "-m", "nearspace.cli", "serve", str(saved), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as server:
        line = server.stdout.readline()
        address = re.search(r"http://127\.0\.0\.1:\d+/", line)
        assert address, (line, server.stderr.read() if server.poll() is not None else "")
        with urllib.request.urlopen(address[0] + "data/index.json") as answer:
            assert json.load(answer)["title"] == "planted"
        server.send_signal(signal.SIGINT)
        rest, errors = server.communicate(timeout=20)
    assert (rest, errors, server.returncode) == ("", "", 0)


def test_a_port_that_is_taken_is_refused_or_passed_over():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(OutputError, match=f"cannot listen at 127.0.0.1:{port}") as caught:
            _listen("127.0.0.1", port)
        assert "--port" in caught.value.hint
    with _listen("127.0.0.1", None) as first, _listen("127.0.0.1", None) as second:
        assert first.getsockname()[1] != second.getsockname()[1]
    with pytest.raises(SettingError, match="port is 70000"):
        _listen("127.0.0.1", 70_000)


def test_the_address_carries_the_token():
    assert _address("0.0.0.0", 80, "abc") == "http://0.0.0.0:80/?token=abc"
    assert _address("::1", 80, None) == "http://[::1]:80/"
