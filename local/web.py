"""Serves examples/web, a single-page application on the published TypeScript client, for `make run` and for its test.

Nothing is built: the pages are plain modules, and the client's modules lie in generated/web_client.
"""

import base64
import hashlib
import json
import re
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from local.artifacts import read_template
from local.places import ROOT

PAGES = ROOT / "examples" / "web"
CLIENT = ROOT / "generated" / "web_client"
TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_IMPORT_MAP = re.compile(r'<script type="importmap">(.*?)</script>', re.DOTALL)


def files() -> dict[str, tuple[str, bytes]]:
    """The media type and the content of each file that is served, by path."""
    found = {f"/{path.relative_to(PAGES).as_posix()}": path for path in PAGES.rglob("*")}
    found |= {f"/client/{path.relative_to(CLIENT).as_posix()}": path for path in CLIENT.rglob("*")}
    served = {name: (TYPES[path.suffix], path.read_bytes()) for name, path in found.items() if path.suffix in TYPES}
    return {**served, "/": served["/index.html"]}


def policy(page: str, api: str, files_at: str) -> str:
    """The Content-Security-Policy of the page: its own modules, the API at `api`, images at `files_at`."""
    [import_map] = _IMPORT_MAP.findall(page)
    digest = base64.b64encode(hashlib.sha256(import_map.encode()).digest()).decode()
    directives = {
        "default-src": "'none'",
        "script-src": f"'self' 'sha256-{digest}'",
        "style-src": "'self'",
        "img-src": f"'self' {files_at}",
        "connect-src": f"'self' {api} {files_at}",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
        "require-trusted-types-for": "'script'",
    }
    return "; ".join(f"{name} {value}" for name, value in directives.items())


def allowed_origins(port: int) -> str:
    """The template's AllowedOrigins and the addresses of the pages on this port."""
    default = read_template(ROOT / "template.yaml")["Parameters"]["AllowedOrigins"]["Default"]
    return ",".join([default, *(f"http://{name}:{port}" for name in ("127.0.0.1", "localhost"))])


def server(port: int, api: str, files_at: str, demo: Mapping[str, str] | None = None) -> ThreadingHTTPServer:
    """A server on the loopback interface, which `running` starts; port 0 takes a free port.

    `api` is the API's address with its version, `files_at` the bucket's origin, `demo` a log-in that the page offers.
    """
    settings = json.dumps({"api": api, **({"demo": demo} if demo else {})}).encode()
    origin = api.rpartition("/")[0]

    class Pages(BaseHTTPRequestHandler):
        """Files are read for each request, so that a change is seen when the page is loaded again."""

        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            kind, content = {**files(), "/config.json": ("application/json", settings)}.get(path, ("", b""))
            self.send_response(200 if kind else 404)
            self.send_header("Content-Type", f"{kind or 'text/plain'}; charset=utf-8")
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Cache-Control", "no-cache")
            self.send_header("X-Content-Type-Options", "nosniff")
            self.send_header("Referrer-Policy", "no-referrer")
            if kind == "text/html":
                self.send_header("Content-Security-Policy", policy(content.decode(), origin, files_at))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_message: object) -> None:
            """Keep the terminal for mails and logs."""

    return ThreadingHTTPServer(("127.0.0.1", port), Pages)


@contextmanager
def reserved(port: int) -> Iterator[None]:
    """Keep the port from other programs until the pages are served at it."""
    with socket.socket() as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server does, which binds it meanwhile
        held.bind(("127.0.0.1", port))
        yield


@contextmanager
def running(pages: ThreadingHTTPServer) -> Iterator[ThreadingHTTPServer]:
    """Serve in a thread until the block ends."""
    with pages:
        thread = Thread(target=pages.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield pages
        finally:
            pages.shutdown()
            thread.join()
