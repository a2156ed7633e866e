"""What a client has to show to be let in: the alternatives of an operation's `security`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from openapi.breaking.documents import Document

_WORDS = frozenset({"description", "bearerFormat"})
Credentials = Mapping[str, frozenset[str]]


def alternatives(document: Document, operation: Document) -> list[Credentials]:
    """What an operation takes, each alternative as scopes by the name of a scheme; nothing at all is one of them."""
    wanted = operation.get("security", document.get("security")) or [{}]
    return [{name: frozenset(scopes) for name, scopes in one.items()} for one in wanted]


def enough(shown: Credentials, wanted: Credentials, names: Mapping[str, str]) -> bool:
    """Whether whoever shows these credentials shows all that is wanted.

    Args:
        shown: what a client of the old contract shows.
        wanted: one alternative of the new contract.
        names: the new name of each old scheme that another name replaced.
    """
    kept = {names.get(name, name): scopes for name, scopes in shown.items()}
    return all(name in kept and scopes <= kept[name] for name, scopes in wanted.items())


def schemes(document: Document) -> Mapping[str, Any]:
    """The security schemes of a document by name."""
    found: Mapping[str, Any] = document.get("components", {}).get("securitySchemes", {})
    return found


def new_names(old: Document, new: Document) -> dict[str, str]:
    """The new name of each old scheme; one that another scheme replaces has none, one that changed keeps its own."""
    before, after = schemes(old), schemes(new)
    names = {name: name for name in before if name in after}
    for name, scheme in before.items():
        if name not in after:
            alike = next((one for one, other in after.items() if still_taken(scheme, other)), None)
            if alike is not None:
                names[name] = alike
    return names


def still_taken(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """Whether what was shown for the old scheme is what the new one wants. Scopes may be added."""
    before, after = _bare(old), _bare(new)
    flows, others = before.pop("flows", {}), after.pop("flows", {})
    return before == after and all(name in others and _flow_kept(flow, others[name]) for name, flow in flows.items())


def _bare(scheme: Mapping[str, Any]) -> dict[str, Any]:
    bare = {name: value for name, value in scheme.items() if name not in _WORDS and not name.startswith("x-")}
    if "scheme" in bare:
        bare["scheme"] = str(bare["scheme"]).lower()
    if bare.get("in") == "header":
        bare["name"] = str(bare.get("name")).lower()
    return bare


def _flow_kept(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    addresses = [{name: value for name, value in flow.items() if name.endswith("Url")} for flow in (old, new)]
    return addresses[0] == addresses[1] and set(old.get("scopes", ())) <= set(new.get("scopes", ()))
