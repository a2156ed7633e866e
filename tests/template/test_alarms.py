"""Who rings when something is wrong, what it takes back, and what the runbook and the dashboard say of it."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.template_file import properties, template

ROOT = Path(__file__).parents[2]
RUNBOOK = (ROOT / "docs" / "runbook.md").read_text("utf-8")
RESOURCES = template()["Resources"]
GLOBALS = template()["Globals"]["Function"]


def named(kind: str) -> list[str]:
    return [name for name, resource in RESOURCES.items() if resource["Type"] == kind]


FUNCTIONS = named("AWS::Serverless::Function")
ALARMS = named("AWS::CloudWatch::Alarm")
OF_FUNCTIONS = {f"{name.removesuffix('Function')}{kind}Alarm" for name in FUNCTIONS for kind in ("Errors", "Latency")}
OTHERS = [alarm for alarm in ALARMS if alarm not in OF_FUNCTIONS]


def live_alias(function: str) -> list[dict[str, Any]]:
    """The dimensions under which Lambda reports what is called by the alias."""
    return [
        {"Name": "FunctionName", "Value": {"Ref": function}},
        {"Name": "Resource", "Value": {"Fn::Sub": f"${{{function}}}:live"}},
    ]


def referenced(node: Any) -> Iterator[str]:
    """The logical ids and parameters to which a part of the template refers."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key in ("Ref", "Condition") and isinstance(value, str):
                yield value
            elif key == "Fn::GetAtt":
                yield value.partition(".")[0]
            elif key == "Fn::Sub":
                yield from (name.partition(".")[0] for name in re.findall(r"\$\{([A-Za-z0-9:.]+)\}", str(value)))
            else:
                yield from referenced(value)
    elif isinstance(node, list):
        for item in node:
            yield from referenced(item)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_errors_of_a_functions_live_alias_ring(function: str) -> None:
    alarm = properties(f"{function.removesuffix('Function')}ErrorsAlarm")
    assert (alarm["Namespace"], alarm["MetricName"], alarm["Statistic"]) == ("AWS/Lambda", "Errors", "Sum")
    assert alarm["Dimensions"] == live_alias(function)
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("GreaterThanThreshold", 0)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_slowest_calls_of_a_functions_live_alias_ring_before_they_time_out(function: str) -> None:
    alarm = properties(f"{function.removesuffix('Function')}LatencyAlarm")
    assert (alarm["Namespace"], alarm["MetricName"], alarm["ExtendedStatistic"]) == ("AWS/Lambda", "Duration", "p99")
    assert alarm["Dimensions"] == live_alias(function)
    timeout = {**GLOBALS, **properties(function)}["Timeout"] * 1000
    assert alarm["ComparisonOperator"] == "GreaterThanThreshold"
    assert timeout / 4 <= alarm["Threshold"] < timeout * 0.9


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_functions_own_alarms_and_the_apis_take_a_new_version_back(function: str) -> None:
    own = function.removesuffix("Function")
    assert properties(function)["DeploymentPreference"] == {
        "Alarms": [{"Ref": f"{own}ErrorsAlarm"}, {"Ref": f"{own}LatencyAlarm"}]
    }
    # SAM puts the global ones before these. By name: the API waits for the aliases, and they for their alarms.
    assert GLOBALS["DeploymentPreference"]["Alarms"] == [properties("ApiErrorsAlarm")["AlarmName"]]


def test_a_rollback_comes_within_the_shortest_canary() -> None:
    for alarm in [*OF_FUNCTIONS, "ApiErrorsAlarm"]:
        assert properties(alarm)["Period"] * properties(alarm)["EvaluationPeriods"] < 5 * 60


def test_the_stage_says_how_versions_are_shifted_unless_a_parameter_does() -> None:
    stages = template()["Mappings"]["Stages"]
    assert stages.keys() == set(template()["Parameters"]["Stage"]["AllowedValues"])
    assert {stage: settings["Deployment"] for stage, settings in stages.items()} == {
        "dev": "CodeDeployDefault.LambdaAllAtOnce",
        "staging": "CodeDeployDefault.LambdaCanary10Percent5Minutes",
        "production": "CodeDeployDefault.LambdaCanary10Percent5Minutes",
    }
    assert template()["Parameters"]["DeploymentType"]["Default"] == "ByStage"
    assert GLOBALS["DeploymentPreference"]["Type"] == {
        "Fn::If": [
            "DeploysByStage",
            {"Fn::FindInMap": ["Stages", {"Ref": "Stage"}, "Deployment"]},
            {"Fn::Sub": "CodeDeployDefault.Lambda${DeploymentType}"},
        ]
    }
    assert "DeploymentType" not in (ROOT / "samconfig.toml").read_text("utf-8")


def test_errors_of_the_api_ring() -> None:
    alarm = properties("ApiErrorsAlarm")
    assert (alarm["Namespace"], alarm["MetricName"]) == ("AWS/ApiGateway", "5xx")
    assert alarm["Dimensions"] == [
        {"Name": "ApiId", "Value": {"Ref": "Api"}},
        {"Name": "Stage", "Value": {"Ref": "ApiVersion"}},
    ]


def test_refusals_of_gateway_lambda_and_tables_ring() -> None:
    found = properties("ApiThrottlesMetric")
    assert found["LogGroupName"] == {"Ref": "ApiAccessLog"}
    assert found["FilterPattern"] == '{ $.status = "429" }'
    assert '"status":"$context.status"' in properties("Api")["AccessLogSettings"]["Format"]
    [counted] = found["MetricTransformations"]
    alarm = properties("ApiThrottlesAlarm")
    assert (alarm["Namespace"], alarm["MetricName"]) == (counted["MetricNamespace"], counted["MetricName"])
    alarm = properties("LambdaThrottlesAlarm")
    assert (alarm["Namespace"], alarm["MetricName"]) == ("AWS/Lambda", "Throttles")
    watched = {
        (metric["MetricStat"]["Metric"]["MetricName"], metric["MetricStat"]["Metric"]["Dimensions"][0]["Value"]["Ref"])
        for metric in properties("TableThrottlesAlarm")["Metrics"]
        if "MetricStat" in metric
    }
    assert watched == {
        (metric, table)
        for metric in ("ReadThrottleEvents", "WriteThrottleEvents")
        for table in named("AWS::DynamoDB::Table")
    }


def followers() -> list[str]:
    """The functions that follow a stream."""
    return [
        function
        for function in FUNCTIONS
        for source in properties(function).get("Events", {}).values()
        if source["Type"] == "DynamoDB"
    ]


@pytest.mark.parametrize("function", followers())
def test_a_function_that_falls_behind_its_stream_rings(function: str) -> None:
    [alarm] = [
        properties(alarm)
        for alarm in OTHERS
        if properties(alarm).get("MetricName") == "IteratorAge" and function in referenced(properties(alarm))
    ]
    [source] = properties(function)["Events"].values()
    # Long before the stream's records are given up.
    assert alarm["Threshold"] < source["Properties"]["MaximumRecordAgeInSeconds"] * 1000


def dead_letter_queues() -> set[str]:
    """Every queue that something else names as the place for what failed."""

    def targets(node: Any) -> Iterator[str]:
        if isinstance(node, dict):
            for key, value in node.items():
                if key in ("deadLetterTargetArn", "OnFailure", "DeadLetterConfig"):
                    yield from referenced(value)
                else:
                    yield from targets(value)
        elif isinstance(node, list):
            for item in node:
                yield from targets(item)

    return set(targets(RESOURCES))


@pytest.mark.parametrize("queue", sorted(dead_letter_queues()))
def test_a_dead_letter_rings_and_waits_for_14_days(queue: str) -> None:
    [alarm] = [
        properties(alarm)
        for alarm in OTHERS
        if properties(alarm).get("Dimensions") == [{"Name": "QueueName", "Value": {"Fn::GetAtt": f"{queue}.QueueName"}}]
    ]
    assert (alarm["Namespace"], alarm["MetricName"]) == ("AWS/SQS", "ApproximateNumberOfMessagesVisible")
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("GreaterThanThreshold", 0)
    assert properties(queue)["MessageRetentionPeriod"] == 14 * 24 * 3600


def test_every_queue_is_worked_on_or_has_what_failed() -> None:
    worked_on = {
        source["Properties"]["Queue"]["Fn::GetAtt"].removesuffix(".Arn")
        for function in FUNCTIONS
        for source in properties(function).get("Events", {}).values()
        if source["Type"] == "SQS"
    }
    assert set(named("AWS::SQS::Queue")) == worked_on | dead_letter_queues()
    assert not worked_on & dead_letter_queues()


def test_drift_of_the_statistics_rings() -> None:
    alarm = properties("StatsDriftAlarm")
    assert (alarm["Namespace"], alarm["MetricName"]) == ("TradingJournal", "StatsDriftUsers")
    assert alarm["Dimensions"] == [{"Name": "service", "Value": {"Ref": "AWS::StackName"}}]


@pytest.mark.parametrize("alarm", ALARMS)
def test_an_alarm_tells_the_topic_if_there_is_one_and_also_when_it_is_over(alarm: str) -> None:
    told = {"Fn::If": ["WithAlarmTopic", [{"Ref": "AlarmTopicArn"}], []]}
    assert properties(alarm)["AlarmActions"] == properties(alarm)["OKActions"] == told
    assert properties(alarm)["TreatMissingData"] == "notBreaching"


@pytest.mark.parametrize("alarm", ALARMS)
def test_an_alarm_names_its_place_in_the_runbook(alarm: str) -> None:
    [section] = re.findall(r"see docs/runbook\.md, ([A-Za-z ]+)\.", properties(alarm)["AlarmDescription"])
    _, _, text = RUNBOOK.partition(f"\n## {section}\n")
    text = text.partition("\n## ")[0]
    name = re.sub(r"^.*(Errors|Latency)Alarm$", r"*\1Alarm", alarm) if alarm in OF_FUNCTIONS else alarm
    assert f"\n| {name} |" in text


def test_the_runbook_names_no_alarm_that_is_none() -> None:
    written = set(re.findall(r"^\| (\*?[A-Za-z]+Alarm) \|", RUNBOOK, re.MULTILINE))
    assert written == {*OTHERS, "*ErrorsAlarm", "*LatencyAlarm"}


def counted_names() -> set[str]:
    """The metrics that the functions count, read from their source."""
    names: set[str] = set()
    for path in (ROOT / "handlers").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "count":
                names.update(keyword.arg for keyword in node.keywords if keyword.arg)
            if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "_COUNTED_AS":
                assert isinstance(node.value, ast.Dict)
                names.update(str(ast.literal_eval(value)) for value in node.value.values)
    return names


def dashboard() -> list[Any]:
    """The dashboard's widgets."""
    widgets: list[Any] = json.loads(properties("Dashboard")["DashboardBody"]["Fn::Sub"])["widgets"]
    return widgets


def test_the_dashboard_shows_what_there_is() -> None:
    known = {*RESOURCES, *template()["Parameters"], "AWS"}
    parts = {name.partition(":")[0] for name in referenced(properties("Dashboard"))}
    assert parts <= known
    metrics = [metric for widget in dashboard() for metric in widget["properties"].get("metrics", ())]
    own = {metric[1] for metric in metrics if metric[0] == "TradingJournal"}
    assert own - {"ApiThrottles-${AWS::StackName}"} <= counted_names()
    assert {"TradesCreated", "TradesClosed", "StatsRebuilds", "StatsDriftUsers"} <= own
    shown = {metric[1] for metric in metrics if isinstance(metric[0], str)}
    assert {"Count", "5xx", "Latency", "IteratorAge", "ApproximateNumberOfMessagesVisible"} <= shown
    searched = " ".join(metric[0]["expression"] for metric in metrics if isinstance(metric[0], dict))
    assert all(f'MetricName="{name}" ${{AWS::StackName}}' in searched for name in ("Errors", "Duration", "Throttles"))


def test_the_dashboard_shows_every_queue_and_every_alarm_but_the_functions() -> None:
    queues = {
        metric[3]
        for widget in dashboard()
        for metric in widget["properties"].get("metrics", ())
        if metric[0] == "AWS/SQS"
    }
    assert queues == {f"${{{queue}.QueueName}}" for queue in named("AWS::SQS::Queue")}
    [alarms] = [widget["properties"]["alarms"] for widget in dashboard() if widget["type"] == "alarm"]
    assert sorted(alarms) == sorted(f"${{{alarm}.Arn}}" for alarm in OTHERS)


def test_the_dashboards_widgets_do_not_lie_on_each_other() -> None:
    taken: set[tuple[int, int]] = set()
    for widget in dashboard():
        place = {
            (x, y)
            for x in range(widget["x"], widget["x"] + widget["width"])
            for y in range(widget["y"], widget["y"] + widget["height"])
        }
        assert not taken & place
        assert max(x for x, _ in place) < 24
        taken |= place
