"""Small data sets and image files, made where a test asks for them."""

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from analysis.datasets import Split

MakeSplit = Callable[..., Split]
Encode = Callable[..., bytes]


@pytest.fixture
def make_split() -> MakeSplit:
    """Random images of a given shape; labels 0, 1, ... in turn."""

    def make(count: int, shape: tuple[int, ...] = (4, 5, 3), classes: int = 2, seed: int = 0) -> Split:
        pixels = np.random.default_rng(seed).integers(256, size=(count, *shape), dtype=np.uint8)
        return Split(pixels, np.arange(count) % classes)

    return make


@pytest.fixture
def encode() -> Encode:
    """Write an image in an image format (PNG keeps every level)."""

    def encoded(pixels: NDArray, form: str = "PNG") -> bytes:
        stream = BytesIO()
        Image.fromarray(pixels.squeeze()).save(stream, form)
        return stream.getvalue()

    return encoded


class Loopback(ThreadingHTTPServer):
    """A server on the loopback address that behaves as badly as it is told to.

    ``page(name, content, *acts)`` says what it does at each request for a name; the last act goes on.
    """

    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.pages: dict[str, tuple[bytes, list[str]]] = {}
        self.asked: list[tuple[str, str | None]] = []
        self.ended = threading.Event()
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def page(self, name: str, content: bytes, *acts: str) -> str:
        self.pages[f"/{name}"] = content, list(acts or ["serve"])
        return f"http://127.0.0.1:{self.server_port}/{name}"

    def end(self) -> None:
        self.ended.set()
        self.shutdown()
        self.server_close()


class Answer(BaseHTTPRequestHandler):
    """One request to a ``Loopback``."""

    server: Loopback

    def do_GET(self) -> None:
        wanted = self.headers.get("Range")
        self.server.asked.append((self.path, wanted))
        content, acts = self.server.pages.get(self.path, (b"", ["404"]))
        act = acts.pop(0) if len(acts) > 1 else acts[0]
        if act.isdecimal():
            return self.send_error(int(act))
        start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted and act != "no-range" else 0
        if start >= len(content) > 0:
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(content)}")
            return self.end_headers()
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(content) - start))
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.end_headers()
        ends = {"serve": None, "no-range": None, "drip": start + 70_000}
        sent = content[start : ends.get(act, len(content) // 2)]
        self.wfile.write(sent)
        if act == "stall":
            self.server.ended.wait(5)
        if act == "die":
            self.server.end()  # and from now on nobody listens
        return None

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], Loopback]]:
    """Start servers; all are ended after the test."""
    monkeypatch.setenv("no_proxy", "*")
    servers: list[Loopback] = []

    def started() -> Loopback:
        servers.append(Loopback())
        return servers[-1]

    yield started
    for server in servers:
        if not server.ended.is_set():
            server.end()
