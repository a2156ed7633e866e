"""The pictures of docs/architecture.md, drawn from a small template."""

from typing import Any

import pytest

from docs.diagram import PAGE, ROOT, Picture, drawn
from local.artifacts import read_template

CONTRACT = {
    "paths": {
        "/trades": {"get": {"operationId": "listTrades", "tags": ["trades"]}},
        "/trades/{tradeId}": {"get": {"operationId": "getTrade", "tags": ["trades"]}},
    }
}


def role(*statements: tuple[list[str], Any]) -> dict[str, Any]:
    """A role that allows these actions on these resources."""
    allowed = [{"Effect": "Allow", "Action": actions, "Resource": resource} for actions, resource in statements]
    return {"Type": "AWS::IAM::Role", "Properties": {"Policies": [{"PolicyDocument": {"Statement": allowed}}]}}


def function(role_name: str, **given: Any) -> dict[str, Any]:
    """A function with that role."""
    return {"Type": "AWS::Serverless::Function", "Properties": {"Role": {"Fn::GetAtt": [role_name, "Arn"]}, **given}}


QUEUE, TABLE = {"Fn::GetAtt": ["Queue", "Arn"]}, {"Fn::GetAtt": ["Table", "Arn"]}
INDEX = {"Fn::Sub": "${Table.Arn}/index/by-date"}
TEMPLATE = {
    "Resources": {
        "Table": {"Type": "AWS::DynamoDB::Table", "Properties": {}},
        "Queue": {
            "Type": "AWS::SQS::Queue",
            "Properties": {"RedrivePolicy": {"deadLetterTargetArn": {"Fn::GetAtt": ["DeadLetters", "Arn"]}}},
        },
        "DeadLetters": {"Type": "AWS::SQS::Queue", "Properties": {}},
        "Nightly": {
            "Type": "AWS::Events::Rule",
            "Properties": {"ScheduleExpression": "rate(1 day)", "Targets": [{"Arn": QUEUE}]},
        },
        "ListTradesFunction": function("ListRole", Environment={"Variables": {"OPERATIONS": "listTrades getTrade"}}),
        "ListRole": role((["dynamodb:Query"], INDEX), (["logs:PutLogEvents"], {"Fn::GetAtt": ["Log", "Arn"]})),
        "WorkFunction": function(
            "WorkRole", Handler="work.do", Events={"Messages": {"Type": "SQS", "Properties": {"Queue": QUEUE}}}
        ),
        "WorkRole": role(
            (["sqs:ReceiveMessage", "sqs:DeleteMessage"], QUEUE), (["dynamodb:GetItem", "dynamodb:PutItem"], TABLE)
        ),
    }
}


@pytest.fixture
def picture() -> Picture:
    return Picture(TEMPLATE, CONTRACT)


def test_requests_go_through_the_api_to_what_roles_allow(picture: Picture) -> None:
    assert picture.requests().splitlines()[-4:] == [
        '  Api -- "checks tokens" --> UserPool',
        "  Api --> trades",
        "  client --> Api",
        '  trades -- "reads" --> Table',
    ]
    assert '  trades["listTrades<br>getTrade"]' in picture.requests()


def test_what_happens_behind_is_drawn_by_events_schedules_and_rights(picture: Picture) -> None:
    assert picture.behind("work").splitlines()[-4:] == [
        '  Nightly -- "rate(1 day)" --> Queue',
        '  Queue -. "after retries" .-> DeadLetters',
        "  Queue --> Work",
        '  Work -- "reads, writes" --> Table',
    ]


def test_a_picture_takes_the_place_of_the_one_before_it() -> None:
    page = "a\n<!-- x: drawn by make generate -->\nold\n<!-- end of x -->\nb\n"
    once = drawn(page, {"x": "flowchart LR\n"})
    assert "old" not in once
    assert once.startswith("a\n")
    assert once.endswith("b\n")
    assert drawn(once, {"x": "flowchart LR\n"}) == once


def test_a_page_without_a_place_for_a_picture_is_refused() -> None:
    with pytest.raises(ValueError, match="no place"):
        drawn("a\n", {"x": "flowchart LR\n"})


def test_every_function_behind_the_api_is_drawn() -> None:
    resources = read_template(ROOT / "template.yaml")["Resources"]
    behind = [name for name, each in resources.items() if "Handler" in each.get("Properties", {})]
    page = PAGE.read_text("utf-8")
    assert behind
    for name in behind:
        assert f'  {name.removesuffix("Function")}["' in page, f"no picture of docs/diagram.py shows {name}"
