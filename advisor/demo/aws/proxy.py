"""A network that fails: an HTTP proxy in front of an endpoint that hurts a share of the requests, at random.

with flaky(url, share=0.1, seed=1) as faults:
    ...                              # give boto3 faults.url as its endpoint
print(faults.made)                   # Counter({"truncated": 12, ...})

It is a server of its own on a socket of its own, so that connections can be reset and answers cut short.
"""

import http.client
import json
import random
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

KINDS = (
    "throttled",  # the service's own answer above its rate; the request never arrives
    "unavailable",  # HTTP 503; the request never arrives
    "reset",  # the connection is reset before the request arrives
    "lost",  # the request arrives, and the connection is reset instead of an answer
    "slow",  # the answer comes late
    "truncated",  # the answer stops half-way
)
_NOT_SENT_ON = {"expect", "transfer-encoding", "content-length"}
_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "server", "date"}


class Faults:
    """What goes wrong: `share` of all requests, drawn with a seed; `made` counts the faults by kind."""

    def __init__(self, upstream: str, *, share: float, seed: int, slow_seconds: float) -> None:
        self.upstream, self.share, self.slow_seconds = urlsplit(upstream).netloc, share, slow_seconds
        self.url = ""
        self.made: Counter[str] = Counter()
        self.requests = 0
        self._random = random.Random(seed)
        self._lock = threading.Lock()

    def draw(self) -> str | None:
        """What happens to the next request; None = nothing."""
        with self._lock:
            self.requests += 1
            if self._random.random() >= self.share:
                return None
            kind = self._random.choice(KINDS)
            self.made[kind] += 1
            return kind


@contextmanager
def flaky(upstream: str, *, share: float, seed: int, slow_seconds: float = 0.2) -> Iterator[Faults]:
    """Serve on loopback, in front of `upstream`, for the length of the block."""
    faults = Faults(upstream, share=share, seed=seed, slow_seconds=slow_seconds)
    server = _Server(("127.0.0.1", 0), _Handler)
    server.faults = faults
    faults.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield faults
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    faults: Faults

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that was killed is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def setup(self) -> None:
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._upstream = http.client.HTTPConnection(self.server.faults.upstream)

    def finish(self) -> None:
        self._upstream.close()
        super().finish()

    def log_message(self, format: str, *args: object) -> None:
        """Requests are not news."""

    def _handle(self) -> None:
        body = self._body()
        kind = self.server.faults.draw()
        if kind == "reset":
            return self._reset()
        if kind in ("throttled", "unavailable"):
            return self._refuse(kind)
        answer, content = self._forward(body)
        if kind == "lost":
            return self._reset()
        if kind == "slow":
            time.sleep(self.server.faults.slow_seconds)
        return self._answer(answer, content, whole=kind != "truncated")

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _handle  # noqa: N815  (names that http.server calls)

    def _body(self) -> bytes:
        """The whole request body, also one that came in chunks, as Arrow's S3 client sends them."""
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        pieces: list[bytes] = []
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            pieces.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(pieces)

    def _forward(self, body: bytes) -> tuple[http.client.HTTPResponse, bytes]:
        headers = {name: value for name, value in self.headers.items() if name.lower() not in _NOT_SENT_ON}
        try:
            self._upstream.request(self.command, self.path, body, headers)
            answer = self._upstream.getresponse()
        except (http.client.HTTPException, ConnectionError):  # the upstream closed an idle connection
            self._upstream.close()
            self._upstream.request(self.command, self.path, body, headers)
            answer = self._upstream.getresponse()
        return answer, answer.read()

    def _answer(self, answer: http.client.HTTPResponse, content: bytes, *, whole: bool) -> None:
        self.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in _HOP_BY_HOP:
                self.send_header(name, value)
        length = answer.headers.get("Content-Length") if self.command == "HEAD" else str(len(content))
        if length is not None:
            self.send_header("Content-Length", length)
        self.end_headers()
        self.wfile.write(content if whole else content[: len(content) // 2])
        if not whole:
            self.close_connection = True

    def _refuse(self, kind: str) -> None:
        """An answer in the protocol of the request: JSON where a target names the call, else XML as S3 has it."""
        throttled = kind == "throttled"
        if "X-Amz-Target" in self.headers:
            code = "ThrottlingException" if throttled else "ServiceUnavailable"
            status, content = (400 if throttled else 503), json.dumps({"__type": code, "message": "Rate exceeded"})
        else:
            code = "SlowDown" if throttled else "ServiceUnavailable"
            status, content = 503, f"<Error><Code>{code}</Code><Message>Please try again.</Message></Error>"
        self.send_response_only(status)
        if self.headers.get("x-amzn-query-mode") == "true":
            code = "Throttling" if throttled else code
            self.send_header("x-amzn-query-error", f"{code};{'Sender' if throttled else 'Receiver'}")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content.encode())

    def _reset(self) -> None:
        """Close so that the other side gets a reset, not an end."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()
