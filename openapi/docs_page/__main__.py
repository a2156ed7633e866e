"""Build the docs page from the contract: one file with its style and script inside, and the policy that allows these.

`python -m openapi.docs_page TARGET` writes `docs.html`, `docs.html.gz` and `policy.txt`. All text is in the file before
any script runs. One file is one request, needs no route of its own for assets, and lets the Content-Security-Policy
name script and style by their hash: nothing else runs, from no host.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import sys
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markdown_it import MarkdownIt

from openapi.compressing import put
from openapi.docs_page import pages
from openapi.docs_page.collection import collection
from openapi.docs_page.problems import example_of, problem_types
from openapi.docs_page.reading import Contract, Reader

HERE = Path(__file__).parent
CONTRACT = HERE.parent / "openapi.yaml"

# As CommonMark, with tables; HTML in a description is shown as text.
_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable("table")


def page(contract: Path = CONTRACT) -> tuple[str, str]:
    """The page and its Content-Security-Policy."""
    shown = Reader(yaml.safe_load(contract.read_text("utf-8"))).contract()
    forms, parameters = _forms(shown)
    file = _requests_to(forms, shown)
    script = (HERE / "page.js").read_text("utf-8")
    for name, data in (("forms", forms), ("parameters", parameters), ("collection", file)):
        script = script.replace(f"/* {{{{{name}}}}} */ {{}}", _data(data))
    style = (HERE / "page.css").read_text("utf-8")
    html = _templates().get_template("page.html").render(contract=shown, more=pages.more(), script=script, style=style)
    # Quotation marks need no escape between tags: without it, the compressed page is 1.4 % smaller.
    html = re.sub(r">[^<>]+<", lambda text: text[0].replace("&#34;", '"').replace("&#39;", "'"), html)
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


def _forms(shown: Contract) -> tuple[dict[str, Any], list[Any]]:
    """What the form of each operation is made of, and the parameters, each once: forms name them by their places."""
    places: dict[str, int] = {}
    forms = {}
    for operation in (operation for tag in shown.tags for operation in tag.operations):
        # What is false is left out: to the script that is the same.
        given = [
            {key: held for key, held in each.items() if held is not False} for each in operation.form["parameters"]
        ]
        own = [places.setdefault(json.dumps(each), len(places)) for each in given]
        forms[operation.id] = {**operation.form, "parameters": own}
    return forms, [json.loads(each) for each in places]


def _requests_to(forms: dict[str, Any], shown: Contract) -> dict[str, Any]:
    """The collection with the ids of operations in place of their requests, which page.js makes of the forms.

    Each form gets the names of its requests, and the script that follows a log-in. tests/e2e/test_docs_page.py compares
    the requests that the page makes with those of the collection.
    """
    file = collection(shown)
    for folder, tag in zip(file["item"], (tag for tag in shown.tags if tag.operations), strict=True):
        requests = iter(folder["item"])
        for operation in tag.operations:
            items = [next(requests) for _ in operation.bodies or ("",)]
            forms[operation.id]["requests"] = [item["name"] for item in items]
            if "event" in items[0]:
                forms[operation.id]["event"] = items[0]["event"]
        folder["item"] = [operation.id for operation in tag.operations]
    return file


def problem_pages(contract: Path = CONTRACT) -> tuple[dict[str, str], str]:
    """The pages of the problem types, by the last part of their addresses, and their Content-Security-Policy."""
    document = yaml.safe_load(contract.read_text("utf-8"))
    sections = {section.name: section.id for section in Reader(document).contract().guide}
    style = (HERE / "problem.css").read_text("utf-8")
    template = _templates().get_template("problem.html")
    made = {
        problem.name: template.render(
            problem=problem,
            example=example_of(document, problem),
            title=document["info"]["title"],
            section=sections["Problem types"],
            codes=sections["Field codes"],
            style=style,
        )
        for problem in problem_types(document)
    }
    policy = {
        "default-src": "'none'",
        "style-src": _hash(style),
        "img-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }
    return made, "; ".join(f"{directive} {value}" for directive, value in policy.items())


def _templates() -> Environment:
    templates = Environment(
        loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    templates.filters |= {"markdown": _markdown, "line": _line}
    return templates


def _markdown(text: str) -> str:
    """A text of the contract as HTML, escaped by markdown-it. What scrolls can be reached by the keyboard."""
    html = str(_MARKDOWN.render(text))
    html = html.replace("<pre>", '<pre tabindex="0">').replace("<table>", '<div class="scroll" tabindex="0"><table>')
    return html.replace("</table>", "</table></div>")


def _line(text: str) -> str:
    """A text of the contract within a line, escaped likewise."""
    return str(_MARKDOWN.renderInline(re.sub(r"\s+", " ", text.strip())))


def _data(given: object) -> str:
    """As a script has it, without anything that could end the script."""
    return json.dumps(given, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def build(target: Path) -> None:
    """Write the page, plain and compressed, and its policy."""
    html, policy = page()
    put(target / "docs.html", html.encode())
    (target / "policy.txt").write_text(policy, "utf-8")


if __name__ == "__main__":
    build(Path(sys.argv[1]))
