"""Reads template.yaml, so that tests create the same resources as a deployment."""

from functools import cache
from pathlib import Path
from typing import Any

import yaml

_PATH = Path(__file__).parent.parent / "template.yaml"


class _Loader(yaml.CSafeLoader):
    """YAML with CloudFormation's tags, read as their long forms: `!Ref X` is {"Ref": "X"}."""


def _intrinsic(loader: yaml.CSafeLoader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        assert isinstance(node, yaml.MappingNode)
        value = loader.construct_mapping(node, deep=True)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _intrinsic)


def read(path: Path) -> dict[str, Any]:
    """A template of CloudFormation's."""
    loaded: dict[str, Any] = yaml.load(path.read_text("utf-8"), _Loader)  # noqa: S506 - a SafeLoader with more tags
    return loaded


@cache
def template() -> dict[str, Any]:
    """The whole template. Callers share it and must not change it."""
    return read(_PATH)


def properties(resource: str) -> dict[str, Any]:
    """The properties of one resource."""
    found: dict[str, Any] = template()["Resources"][resource]["Properties"]
    return found
