"""Draws template.yaml into docs/architecture.md: what calls what, and who may read and write where.

`python -m docs.diagram` writes its pictures between the page's markers; with `--check` it writes nothing and exits 1
when they are stale. No arrow is drawn by hand: they are the template's events, notifications, schedules, dead-letter
settings and the actions that each role allows.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import inflection

from local.artifacts import read_template
from openapi.generate import contract, operations

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "architecture.md"

Json = dict[str, Any]

# How a resource of this type looks in Mermaid; types that are not here are no stations of a request or a change.
SHAPES = {
    "AWS::DynamoDB::Table": '[("{}")]',
    "AWS::S3::Bucket": '[("{}")]',
    "AWS::SQS::Queue": '>"{}"]',
    "AWS::Cognito::UserPool": '{{{{"{}"}}}}',
    "AWS::SecretsManager::Secret": '{{{{"{}"}}}}',
}
READS = re.compile(r"[a-z0-9-]+:(Get|BatchGet|AdminGet|List|Query|Scan|ConditionCheck)[A-Za-z]*")
TAKES = re.compile(r"sqs:(?!SendMessage)[A-Za-z]+|dynamodb:(DescribeStream|GetRecords|GetShardIterator|ListStreams)")


class Arrow(NamedTuple):
    """From one station to another; what for."""

    source: str
    target: str
    label: str = ""
    is_dotted: bool = False

    def __str__(self) -> str:
        if self.is_dotted:
            return f'  {self.source} -. "{self.label}" .-> {self.target}'
        return (
            f'  {self.source} -- "{self.label}" --> {self.target}'
            if self.label
            else f"  {self.source} --> {self.target}"
        )


class Picture:
    """A template as Mermaid flow charts. The functions that serve operations of one tag are one station."""

    def __init__(self, template: Json, document: Json) -> None:
        self._resources: dict[str, Json] = template["Resources"]
        self._tags = {operation["operationId"]: operation["tags"][0] for _, _, operation in operations(document)}
        self._functions = {
            name: resource["Properties"]
            for name, resource in self._resources.items()
            if resource["Type"] == "AWS::Serverless::Function"
        }

    def requests(self) -> str:
        """What happens while a client waits."""
        arrows = {Arrow("client", "Api"), Arrow("Api", "UserPool", "checks tokens")}
        for name, function in self._functions.items():
            if self._is_called(name):
                arrows |= {Arrow("Api", self._station(name)), *self._rights(name), *self._public_calls(name, function)}
            for pool, moment in self._triggers(name):
                arrows |= {Arrow(pool, self._station(name), moment), *self._rights(name)}
        return self._chart(arrows)

    def behind(self, module: str) -> str:
        """What happens behind the answers, as far as the entry points of this module do it."""
        arrows: set[Arrow] = set()
        for name, function in self._functions.items():
            if function.get("Handler", "").startswith(f"{module}."):
                arrows |= {*self._events(name, function), *self._rights(name)}
        stations = {name for arrow in arrows for name in arrow[:2]}
        for name, resource in self._resources.items():
            arrows.update(
                arrow
                for arrow in self._deliveries(name, resource.get("Properties", {}))
                if name in stations or arrow.target in stations
            )
        return self._chart(arrows)

    def _chart(self, arrows: set[Arrow]) -> str:
        stations = dict.fromkeys(name for arrow in sorted(arrows) for name in arrow[:2])
        lines = [f"  {station}{self._shape(station)}" for station in stations]
        return "\n".join(["flowchart LR", *lines, *map(str, _merged(arrows))]) + "\n"

    def _shape(self, station: str) -> str:
        if station == "client":
            return '(["front ends"])'
        if station == "Api":
            return '{{"HTTP API"}}'
        if station in self._resources and (shape := SHAPES.get(self._resources[station]["Type"])):
            return shape.format(station)
        served = [
            operation
            for function in self._functions
            for operation in self._operations(function)
            if self._tags[operation] == station
        ]
        return f'["{"<br>".join(served) or station}"]'

    def _operations(self, name: str) -> list[str]:
        """The operations that a function serves; none where no request calls it, or only requests without a route."""
        return str(self._functions[name].get("Environment", {}).get("Variables", {}).get("OPERATIONS", "")).split()

    def _is_called(self, name: str) -> bool:
        return "Handler" not in self._functions[name]  # the default is handlers/entry/http.py

    def _station(self, name: str) -> str:
        # All operations of a function have the same tag.
        return next((self._tags[operation] for operation in self._operations(name)), name.removesuffix("Function"))

    def _public_calls(self, name: str, function: Json) -> Iterator[Arrow]:
        """To the user pool, whose public operations need no right."""
        for value in function.get("Environment", {}).get("Variables", {}).values():
            client = self._resources.get(_named(value), {"Type": ""})
            if client["Type"] == "AWS::Cognito::UserPoolClient":
                yield Arrow(self._station(name), _named(client["Properties"]["UserPoolId"]), "calls")

    def _triggers(self, function: str) -> Iterator[tuple[str, str]]:
        """The user pools that call a function, and when."""
        for name, resource in self._resources.items():
            for moment, called in resource.get("Properties", {}).get("LambdaConfig", {}).items():
                if _named(called) == function:
                    yield name, inflection.underscore(moment).replace("_", "-")

    def _deliveries(self, name: str, given: Json) -> Iterator[Arrow]:
        """The targets to which a queue, a bucket or a schedule sends by itself."""
        if dead_letters := given.get("RedrivePolicy", {}).get("deadLetterTargetArn"):
            yield Arrow(name, _named(dead_letters), "after retries", is_dotted=True)
        for notice in given.get("NotificationConfiguration", {}).get("QueueConfigurations", ()):
            yield Arrow(name, _named(notice["Queue"]), "what arrives")
        if "ScheduleExpression" in given:
            for target in given.get("Targets", [given.get("Target")]):
                yield Arrow(name, _named(target["Arn"]), given["ScheduleExpression"])

    def _events(self, name: str, function: Json) -> Iterator[Arrow]:
        station = self._station(name)
        for event in function.get("Events", {}).values():
            source = event["Properties"]
            if event["Type"] == "SQS":
                yield Arrow(_named(source["Queue"]), station)
            elif event["Type"] == "DynamoDB":
                yield Arrow(_named(source["Stream"]), station, "stream")
                failed = source["DestinationConfig"]["OnFailure"]["Destination"]
                yield Arrow(station, _named(failed), "after retries", is_dotted=True)
            elif event["Type"] == "Schedule":
                yield Arrow("Schedule", station, source["Schedule"])

    def _rights(self, name: str) -> Iterator[Arrow]:
        """The rights of the function's role, for each resource of the picture."""
        role = self._resources[_named(self._functions[name]["Role"])]["Properties"]
        for policy in role.get("Policies", ()):
            for given in policy["PolicyDocument"]["Statement"]:
                statement = given["Fn::If"][1] if "Fn::If" in given else given
                targets = {_named(resource) for resource in _listed(statement["Resource"])}
                kinds = {_kind(action) for action in _listed(statement["Action"])} - {""}
                for target in filter(self._is_drawn, targets):
                    yield from (Arrow(self._station(name), target, kind) for kind in kinds)

    def _is_drawn(self, name: str) -> bool:
        return self._resources.get(name, {"Type": ""})["Type"] in SHAPES and not self._is_for_failures(name)

    def _is_for_failures(self, queue: str) -> bool:
        """Whether it is a dead-letter queue: its arrows are drawn from the settings of other resources."""
        resource = self._resources[queue]
        return resource["Type"] == "AWS::SQS::Queue" and "RedrivePolicy" not in resource["Properties"]


def _kind(action: str) -> str:
    """reads, writes or sends; nothing for taking from a queue or a stream, which the event source draws."""
    if TAKES.fullmatch(action):
        return ""
    if action == "sqs:SendMessage":
        return "sends"
    return "reads" if READS.fullmatch(action) else "writes"


def _merged(arrows: Iterable[Arrow]) -> list[Arrow]:
    """One arrow for all that goes from one station to another."""
    labels: dict[tuple[str, str, bool], set[str]] = defaultdict(set)
    for source, target, label, is_dotted in arrows:
        labels[source, target, is_dotted].add(label)
    return sorted(
        Arrow(source, target, ", ".join(sorted(label for label in found if label)), is_dotted)
        for (source, target, is_dotted), found in labels.items()
    )


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _named(value: Any) -> str:
    """The logical id in a Ref, GetAtt or Sub; an empty text for what names no resource."""
    text = json.dumps(value)
    found = re.search(r'"(?:Ref|Fn::GetAtt)": \[?"([A-Za-z0-9]+)', text) or re.search(r"\$\{([A-Za-z0-9]+)[.}]", text)
    return found[1] if found else ""


def drawn(text: str, pictures: dict[str, str]) -> str:
    """The page with each picture between its markers."""
    for name, picture in pictures.items():
        before, begin, rest = text.partition(f"<!-- {name}: drawn by make generate -->\n")
        _, end, after = rest.partition(f"<!-- end of {name} -->\n")
        if not (begin and end):
            raise ValueError(f"The page has no place for the picture of {name}")
        text = f"{before}{begin}\n```mermaid\n{picture}```\n\n{end}{after}"
    return text


# The modules of background functions, each with a picture of its own name.
BEHIND = ("images", "accounts", "exports", "restores", "ledger", "tags", "imports", "import_commits")


def main() -> int:
    """Write the pictures, or say whether they are stale."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    is_check = parser.parse_args().check
    picture = Picture(read_template(ROOT / "template.yaml"), contract())
    text = PAGE.read_text(encoding="utf-8")
    page = drawn(
        text,
        {
            "requests": picture.requests(),
            "statistics": picture.behind("handlers.entry.streams"),
            **{name: picture.behind(f"handlers.entry.{name}") for name in BEHIND},
        },
    )
    if is_check and page != text:
        print(f"{PAGE.relative_to(ROOT)} is stale: make generate", file=sys.stderr)
        return 1
    if not is_check:
        PAGE.write_text(page, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
