"""Build the docs page: one file with Swagger UI and its style inside, and the policy that allows just these.

`python -m openapi.docs_page SWAGGER_UI TARGET` reads the folder of Swagger UI's distribution and writes `docs.html`,
`docs.html.gz` and `policy.txt`. One file is one request, needs no route of its own for assets, and lets the
Content-Security-Policy name scripts by their hash: nothing else runs, from no host.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import sys
from pathlib import Path

HERE = Path(__file__).parent


def page(swagger_ui: Path) -> tuple[str, str]:
    """The page and its Content-Security-Policy."""
    script = (swagger_ui / "swagger-ui-bundle.js").read_text("utf-8") + "\n" + (HERE / "page.js").read_text("utf-8")
    script = script.replace("</script", r"<\/script")
    style = (swagger_ui / "swagger-ui.css").read_text("utf-8") + "\n" + (HERE / "page.css").read_text("utf-8")
    html = (HERE / "page.html").read_text("utf-8")
    html = html.replace("/* {{style}} */", style).replace("/* {{script}} */", script)
    policy = {
        "default-src": "'none'",
        "script-src": _hash(script),
        "style-src": _hash(style),
        "img-src": "data:",
        "connect-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }
    return html, "; ".join(f"{directive} {value}" for directive, value in policy.items())


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def build(swagger_ui: Path, target: Path) -> None:
    """Write the page, plain and compressed, and its policy."""
    html, policy = page(swagger_ui)
    target.mkdir(parents=True, exist_ok=True)
    (target / "docs.html").write_text(html, "utf-8")
    # No time stamp: the same page is the same artifact.
    (target / "docs.html.gz").write_bytes(gzip.compress(html.encode(), mtime=0))
    (target / "policy.txt").write_text(policy, "utf-8")


if __name__ == "__main__":
    build(Path(sys.argv[1]), Path(sys.argv[2]))
