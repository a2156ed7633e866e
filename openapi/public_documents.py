"""Build the documents that the API serves to everybody, each plain and compressed.

`python -m openapi.public_documents TARGET` writes the contract, the docs page and the pages of problem types into the
folder TARGET, which handlers/web/public_documents.py serves.
"""

from __future__ import annotations

import sys
from pathlib import Path

from openapi.compressing import put
from openapi.docs_page import __main__ as docs_page
from openapi.generate import CONTRACT


def build(target: Path) -> None:
    """Write all documents into the folder, and the Content-Security-Policy of the pages."""
    docs_page.build(target)
    pages, policy = docs_page.problem_pages()
    for name, html in pages.items():
        put(target / "problems" / f"{name}.html", html.encode())
    (target / "problems" / "policy.txt").write_text(policy, "utf-8")
    put(target / "openapi.yaml", CONTRACT.read_bytes())


if __name__ == "__main__":
    build(Path(sys.argv[1]))
