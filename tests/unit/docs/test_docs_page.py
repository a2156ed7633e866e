"""The built docs page shows everything of the contract, and its samples are valid."""

from __future__ import annotations

import ast
import hashlib
import re
import shlex
from base64 import b64encode
from html.parser import HTMLParser
from pathlib import Path

import pytest
import yaml

from openapi.compressing import brotlied
from openapi.docs_page.__main__ import page
from openapi.docs_page.pages import more
from openapi.docs_page.reading import Contract, Operation, Reader
from openapi.docs_page.samples import HOST
from openapi.generate import contract, operations

DOCUMENT = contract()
READ: Contract = Reader(DOCUMENT).contract()
OPERATIONS = {operation.id: operation for tag in READ.tags for operation in tag.operations}


class Structure(HTMLParser):
    """Ids, the targets of links within the page, and attributes that a policy forbids."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.targets: set[str] = set()
        self.forbidden: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "id":
                self.ids.append(str(value))
            if name == "href" and str(value).startswith("#"):
                self.targets.add(str(value)[1:])
            if name == "style" or name.startswith("on") or (name in ("src", "href") and "//" in str(value)):
                self.forbidden.append(f"{tag} {name}={value}")


@pytest.fixture(scope="module")
def built() -> tuple[str, str]:
    return page()


def test_every_operation_of_the_contract_is_read() -> None:
    # HEAD is told of where GET is, not in an article of its own.
    shown = {operation["operationId"] for _, method, operation in operations(DOCUMENT) if method != "head"}
    assert OPERATIONS.keys() == shown
    for path, method, _ in operations(DOCUMENT):
        assert method != "head" or "`HEAD`" in DOCUMENT["paths"][path]["get"]["description"]


def test_ids_are_unique_and_every_link_within_the_page_leads_somewhere(built: tuple[str, str]) -> None:
    structure = Structure(built[0])
    assert len(structure.ids) == len(set(structure.ids))
    assert structure.targets <= set(structure.ids)


def test_the_policy_allows_its_own_script_and_style_and_nothing_else(built: tuple[str, str]) -> None:
    html, policy = built
    for name in ("script", "style"):
        [text] = re.findall(rf"<{name}>(.*?)</{name}>", html, re.DOTALL)
        digest = b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{name}-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy
    assert [found for found in Structure(html).forbidden if "host/v1" not in found] == []


def test_a_deprecated_operation_is_struck_through(tmp_path: Path) -> None:
    document = contract()
    document["paths"]["/stats"]["get"]["deprecated"] = True
    changed = tmp_path / "openapi.yaml"
    changed.write_text(yaml.safe_dump(document), "utf-8")
    html, _ = page(changed)
    assert html.count("<s>") == 1
    assert f"<s>{document['paths']['/stats']['get']['summary']}</s>" in html
    assert html.count(">deprecated</span>") == 1


def test_a_build_is_repeatable(built: tuple[str, str]) -> None:
    assert page() == built


def test_the_guide_is_the_contracts_description() -> None:
    description = DOCUMENT["info"]["description"]
    for section in READ.guide:
        assert section.text in description
    assert sum(len(section.text) for section in READ.guide) > 0.9 * len(description)
    assert len({section.id for section in READ.guide}) == len(READ.guide)


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=lambda operation: operation.id)
def test_the_samples_of_an_operation_can_be_run(operation: Operation) -> None:
    assert len(operation.samples) == max(len(operation.bodies), 1)
    for samples in operation.samples:
        can_be_run(operation, *(text for _, _, text in samples))


def can_be_run(operation: Operation, curl: str, typescript: str, python: str) -> None:
    """The samples of one example can be parsed, and have what the operation needs."""
    words = shlex.split(curl)
    assert words[0] == "curl"
    address = next(word for word in words if word.startswith(HOST))
    assert "{" not in address
    assert ("Bearer $TOKEN" in curl) is not operation.is_public
    assert ("Content-Type: " in curl) is (operation.media_type is not None)
    names = {node.id for node in ast.walk(ast.parse(python)) if isinstance(node, ast.Name)}
    assert "client" in names
    assert f"import {{ {operation.id} }}" in typescript
    assert typescript.count("{") == typescript.count("}")


def test_fields_tell_names_types_rules_and_what_they_mean() -> None:
    fields = {field.name: field for field in OPERATIONS["createTrade"].body}
    assert fields["symbol"].required
    assert (fields["side"].rules, fields["side"].type) == (("one of BUY, SELL",), "string")
    assert fields["closes"].schema == "InitialCloseInput"
    assert all(field.text for field in fields.values())
    assert "at most 100" in next(each for each in OPERATIONS["listTrades"].parameters if each.name == "limit").rules


def test_each_example_of_a_body_has_samples_of_its_own() -> None:
    curl = [samples[0][2] for samples in OPERATIONS["closeTrade"].samples]
    assert [name for name, _ in OPERATIONS["closeTrade"].bodies] == ["40 of 100", "All that remains"]
    assert '"quantity": "40"' in curl[0]
    assert "quantity" not in curl[1]


def test_samples_have_idempotency_keys_of_their_own() -> None:
    curls = [sample[0][2] for operation in OPERATIONS.values() for sample in operation.samples]
    keys = [found[1] for curl in curls if (found := re.search(r'"Idempotency-Key: ([^"]+)"', curl))]
    assert "create-trade-1" in keys
    assert len(set(keys)) == len(keys)


def test_clients_collection_and_changes_have_sections_that_the_page_links_to(built: tuple[str, str]) -> None:
    for section in more():
        assert f'id="{section.id}"' in built[0]
        assert built[0].count(f'href="#{section.id}"') >= 2
        assert not re.search(r"^#{1,3} ", re.sub(r"```.*?```", "", section.text, flags=re.DOTALL), re.MULTILINE)
    assert "createSession" in next(section.text for section in more() if section.id == "client-typescript")


def test_the_page_has_room_below_100_kilobytes_as_browsers_take_it(built: tuple[str, str]) -> None:
    assert len(brotlied(built[0].encode())) < 98_000
