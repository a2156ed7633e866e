"""What the docs page shows beside the contract: the clients, the collection, and the changes of each version."""

from __future__ import annotations

import re

from openapi.docs_page.reading import Section
from openapi.generate import ROOT

COLLECTION = """
Every operation with its examples, for Postman, Bruno and Insomnia: import the file, send the log-in, and its token is
used by all other requests. `baseUrl` is this host's address. Parameters that may be left out are there, switched off.
"""


def more() -> tuple[Section, ...]:
    """The sections, whose headings are made to stand below those of the page."""
    clients = ROOT / "openapi" / "clients"
    changes = (ROOT / "CHANGELOG.md").read_text("utf-8")
    return (
        Section(
            id="client-typescript",
            name="TypeScript client",
            text=_below((clients / "typescript.md").read_text("utf-8")),
        ),
        Section(id="client-python", name="Python client", text=_below((clients / "python.md").read_text("utf-8"))),
        Section(id="collection", name="Postman and Bruno", text=COLLECTION),
        Section(id="changes", name="Changes", text=_below(_in_short(changes[changes.index("\n## ") :]))),
    )


def _in_short(changes: str) -> str:
    """The first sentence of each change: the rest is for those who change the product."""
    return re.sub(r"^- .*?(?=^- |^#|\Z)", _first_sentence, changes, flags=re.MULTILINE | re.DOTALL)


def _first_sentence(change: re.Match[str]) -> str:
    return re.split(r"(?<=\.)\s", change[0].strip(), maxsplit=1)[0] + "\n"


def _below(text: str) -> str:
    """Without the title, with the second level as the fourth, and with `[1.0.0]` as a name, not as a link."""
    text = re.sub(r"^(##+ )\[(.+?)\]", r"\1\2", text, flags=re.MULTILINE)
    parts = re.split(r"(^```.*?^```$)", re.sub(r"\A# .*\n", "", text), flags=re.MULTILINE | re.DOTALL)
    return "".join(
        part if part.startswith("```") else re.sub(r"^##", "####", part, flags=re.MULTILINE) for part in parts
    )
