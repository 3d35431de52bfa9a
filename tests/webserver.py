"""A web server for tests, on this machine, which serves bytes and misbehaves as configured."""

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Site:
    """The server's files, how it behaves, and its requests so far: (path, Range, If-Range)."""

    files: dict[str, bytes] = field(default_factory=dict)
    address: str = ""
    tag: str = '"one"'
    ranges: bool = True
    shift: int = 0  # by how many bytes its ranges are wrong
    break_after: int | None = None  # bytes of a response, once
    fail: list[int] = field(default_factory=list)  # status codes of the next responses
    requests: list[tuple[str, str | None, str | None]] = field(default_factory=list)


class Server(http.server.ThreadingHTTPServer):
    """Says nothing when a client hangs up."""

    def handle_error(self, *_: object) -> None:
        """Nothing."""


class Handler(http.server.BaseHTTPRequestHandler):
    """Serves files with ranges, as a server of static files does."""

    site: Site

    def do_GET(self) -> None:
        site = self.site
        byte_range, condition = self.headers.get("Range"), self.headers.get("If-Range")
        site.requests.append((self.path, byte_range, condition))
        if site.fail:
            self.send_error(site.fail.pop(0))
            return
        if self.path not in site.files:
            self.send_error(404)
            return
        data, first = site.files[self.path], 0
        if byte_range and site.ranges and condition in (None, site.tag):
            first = int(byte_range.removeprefix("bytes=").removesuffix("-")) + site.shift
            if first >= len(data):
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{len(data)}")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {first}-{len(data) - 1}/{len(data)}")
        else:
            self.send_response(200)
        if site.tag:
            self.send_header("ETag", site.tag)
        self.send_header("Content-Length", str(len(data) - first))
        self.end_headers()
        cut, site.break_after = site.break_after, None
        self.wfile.write(data[first:] if cut is None else data[first : first + cut])

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing."""


@contextmanager
def serving(files: dict[str, bytes]) -> Iterator[Site]:
    """Serve files, by their paths, on a free port."""
    site = Site(files)
    with Server(("127.0.0.1", 0), type("Mine", (Handler,), {"site": site})) as server:
        site.address = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield site
        finally:
            server.shutdown()
            thread.join()
