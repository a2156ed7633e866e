"""Alarms: what makes them ring, which of them roll a release back, and the runbook and the dashboard."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from handlers.storage.user_pool_errors import MAILS_USED_UP, NOT_MAILED
from tests.template_file import properties, template

ROOT = Path(__file__).parents[2]
RUNBOOK = (ROOT / "docs" / "runbook.md").read_text("utf-8")
RESOURCES = template()["Resources"]
GLOBALS = template()["Globals"]["Function"]


def named(kind: str) -> list[str]:
    return [name for name, resource in RESOURCES.items() if resource["Type"] == kind]


FUNCTIONS = named("AWS::Serverless::Function")
ALARMS = named("AWS::CloudWatch::Alarm")
ROLLING_BACK = ["FunctionErrorsAlarm", "ApiErrorsAlarm"]


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


def counted(name: str) -> tuple[str, str]:
    """Log group and pattern of the metric filter that counts `name`."""
    found = properties(f"{name}Metric")
    [transformation] = found["MetricTransformations"]
    assert transformation["MetricNamespace"] == "TradingJournal"
    assert transformation["MetricName"] == {"Fn::Sub": f"{name}-${{AWS::StackName}}"}
    assert (transformation["MetricValue"], transformation["DefaultValue"]) == ("1", 0)
    return found["LogGroupName"]["Ref"], found["FilterPattern"]


def matches(pattern: str, line: dict[str, Any]) -> bool:
    """Whether a metric filter's pattern matches a JSON line, for the operators that patterns here use.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
    """

    def value(path: str) -> Any:
        found: Any = line
        for name in path.split("."):
            found = found.get(name) if isinstance(found, dict) else None
        return found

    def term(match: re.Match[str]) -> str:
        found, operator, wanted = value(match["path"]), match["operator"], match["wanted"]
        if wanted == "*":
            return str(found is not None)
        # A field that is absent matches neither = nor !=.
        return str(found is not None and (found == wanted.strip('"')) is (operator == "="))

    expression = re.sub(r'\$\.(?P<path>[\w.]+) (?P<operator>!?=) (?P<wanted>"[^"]*"|\*)', term, pattern.strip("{ }"))
    expression = expression.replace("&&", "and").replace("||", "or")
    assert re.fullmatch(r"(True|False|and|or|[() ])+", expression), pattern
    return bool(eval(expression))  # noqa: S307 nothing but the words above


def report(status: str) -> dict[str, Any]:
    """Lambda's own line at the end of a call, in the JSON format of logs."""
    return {
        "time": "2026-01-05T14:30:00.000Z",
        "type": "platform.report",
        "record": {"requestId": "r", "status": status},
    }


def access(status: str, route: str = "GET /trades") -> dict[str, Any]:
    """A line of the gateway's log."""
    keys = re.findall(r'"(\w+)":', properties("Api")["AccessLogSettings"]["Format"])
    return {**dict.fromkeys(keys, "-"), "requestId": "r", "route": route, "status": status}


def test_functions_that_raise_crash_or_time_out_are_counted_in_the_log_that_they_share() -> None:
    group, pattern = counted("FunctionErrors")
    assert GLOBALS["LoggingConfig"] == {"LogGroup": {"Ref": group}, "LogFormat": "JSON"}
    assert all(matches(pattern, report(status)) for status in ("error", "failure", "timeout"))
    assert not matches(pattern, report("success"))
    assert not matches(pattern, {"level": "ERROR", "message": "unexpected error"})
    alarm = properties("FunctionErrorsAlarm")
    assert alarm["MetricName"] == {"Fn::Sub": "FunctionErrors-${AWS::StackName}"}
    assert (alarm["Statistic"], alarm["ComparisonOperator"], alarm["Threshold"]) == ("Sum", "GreaterThanThreshold", 0)


def test_a_release_is_taken_back_by_errors_of_functions_and_of_the_api_unless_a_parameter_says_otherwise() -> None:
    assert GLOBALS["DeploymentPreference"]["Alarms"] == {
        "Fn::If": ["WithRollbackAlarms", [{"Ref": alarm} for alarm in ROLLING_BACK], [{"Ref": "AWS::NoValue"}]]
    }
    assert template()["Parameters"]["RollbackAlarms"]["Default"] == "true"
    assert all("DeploymentPreference" not in properties(function) for function in FUNCTIONS)


def periods(alarm: str) -> set[int]:
    settings = properties(alarm)
    inner = {metric["MetricStat"]["Period"] for metric in settings.get("Metrics", ()) if "MetricStat" in metric}
    return inner or {settings["Period"]}


@pytest.mark.parametrize("alarm", ROLLING_BACK)
def test_a_rollback_comes_within_the_shortest_canary(alarm: str) -> None:
    [period] = periods(alarm)
    assert period * properties(alarm)["EvaluationPeriods"] < 5 * 60


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


def test_the_api_rings_for_what_is_broken_and_not_for_what_is_designed() -> None:
    group, pattern = counted("ApiErrors")
    assert group == "ApiAccessLog"
    assert all(matches(pattern, access(status)) for status in ("500", "502", "504"))
    assert not any(
        matches(pattern, access(status)) for status in ("200", "202", "401", "404", "409", "412", "429", "503")
    )
    group, pattern = counted("ApiRequests")
    assert group == "ApiAccessLog"
    assert matches(pattern, access("200"))
    assert matches(pattern, access("500"))


def test_the_api_rings_by_a_rate_of_failed_requests_with_a_floor() -> None:
    metrics = {metric["Id"]: metric for metric in properties("ApiErrorsAlarm")["Metrics"]}
    for identifier, name in (("errors", "ApiErrors"), ("requests", "ApiRequests")):
        metric = metrics.pop(identifier)
        assert metric["ReturnData"] is False
        assert metric["MetricStat"]["Stat"] == "Sum"
        assert metric["MetricStat"]["Metric"] == {
            "Namespace": "TradingJournal",
            "MetricName": {"Fn::Sub": f"{name}-${{AWS::StackName}}"},
        }
    [rate] = metrics.values()
    assert rate["Expression"] == "IF(errors >= 3, 100 * errors / requests, 0)"
    assert properties("ApiErrorsAlarm")["Threshold"] == 1


def test_the_alarms_that_take_a_release_back_do_not_wait_for_the_api() -> None:
    """The API waits for the aliases, and they for the deployment groups with these alarms."""
    for alarm in ROLLING_BACK:
        assert set(referenced(properties(alarm))) <= {"AWS::StackName", "AlarmTopicArn", "AWS"}


def test_slow_answers_of_the_api_ring() -> None:
    alarm = properties("ApiLatencyAlarm")
    assert (alarm["Namespace"], alarm["MetricName"], alarm["ExtendedStatistic"]) == ("AWS/ApiGateway", "Latency", "p90")
    assert alarm["EvaluateLowSampleCountPercentile"] == "ignore"
    assert alarm["Dimensions"] == [
        {"Name": "ApiId", "Value": {"Ref": "Api"}},
        {"Name": "Stage", "Value": {"Ref": "ApiVersion"}},
    ]


def test_refused_requests_for_mailed_codes_ring() -> None:
    group, pattern = counted("RefusedMails")
    assert group == "ApiAccessLog"
    mailing = ["POST /auth/signup", "POST /auth/resend-code", "POST /auth/forgot-password"]
    assert all(matches(pattern, access("429", route)) for route in mailing)
    assert not matches(pattern, access("201", "POST /auth/signup"))
    assert not matches(pattern, access("429", "POST /auth/login"))
    assert properties("RefusedMailsAlarm")["MetricName"] == {"Fn::Sub": "RefusedMails-${AWS::StackName}"}


def test_codes_that_the_sender_did_not_mail_ring_the_same_alarm() -> None:
    unsent, refused = properties("UnsentMailsMetric"), properties("RefusedMailsMetric")
    assert unsent["LogGroupName"] == {"Ref": "FunctionsLog"}
    assert unsent["MetricTransformations"] == refused["MetricTransformations"]
    assert all(matches(unsent["FilterPattern"], {"message": text}) for text in (MAILS_USED_UP, NOT_MAILED))
    assert not matches(unsent["FilterPattern"], {"message": "the user pool refused"})


def test_refusals_of_gateway_lambda_and_tables_ring() -> None:
    group, pattern = counted("ApiThrottles")
    assert group == "ApiAccessLog"
    assert matches(pattern, access("429"))
    assert not matches(pattern, access("200"))
    alarm = properties("ApiThrottlesAlarm")
    assert alarm["MetricName"] == {"Fn::Sub": "ApiThrottles-${AWS::StackName}"}
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


def test_there_are_few_alarms() -> None:
    assert len(ALARMS) < 40


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
        for alarm in ALARMS
        if properties(alarm).get("MetricName") == "IteratorAge" and function in referenced(properties(alarm))
    ]
    [source] = properties(function)["Events"].values()
    # Long before the stream's records are given up.
    assert alarm["Threshold"] < source["Properties"]["MaximumRecordAgeInSeconds"] * 1000


def dead_letter_queues() -> set[str]:
    """Every queue that another resource names as its dead-letter queue."""

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
        for alarm in ALARMS
        if properties(alarm).get("Dimensions") == [{"Name": "QueueName", "Value": {"Fn::GetAtt": f"{queue}.QueueName"}}]
    ]
    assert (alarm["Namespace"], alarm["MetricName"]) == ("AWS/SQS", "ApproximateNumberOfMessagesVisible")
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("GreaterThanThreshold", 0)
    assert properties(queue)["MessageRetentionPeriod"] == 14 * 24 * 3600


def work_queues() -> set[str]:
    """Every queue that a function works on."""
    return {
        source["Properties"]["Queue"]["Fn::GetAtt"].removesuffix(".Arn")
        for function in FUNCTIONS
        for source in properties(function).get("Events", {}).values()
        if source["Type"] == "SQS"
    }


def test_every_queue_is_worked_on_or_has_what_failed() -> None:
    assert set(named("AWS::SQS::Queue")) == work_queues() | dead_letter_queues()
    assert not work_queues() & dead_letter_queues()


@pytest.mark.parametrize("queue", sorted(work_queues()))
def test_a_queue_whose_oldest_message_waits_too_long_rings(queue: str) -> None:
    alarms = [
        properties(alarm)
        for alarm in ALARMS
        if properties(alarm).get("MetricName") == "ApproximateAgeOfOldestMessage"
        and properties(alarm)["Dimensions"] == [{"Name": "QueueName", "Value": {"Fn::GetAtt": f"{queue}.QueueName"}}]
    ]
    assert len(alarms) == 1, f"{queue} needs an alarm for ApproximateAgeOfOldestMessage in template.yaml"
    [alarm] = alarms
    assert (alarm["Namespace"], alarm["Statistic"]) == ("AWS/SQS", "Maximum")
    # Long before the message is lost, and not while a call may still be at work on it for the first time.
    retention = properties(queue).get("MessageRetentionPeriod", 4 * 24 * 3600)
    [consumer] = [
        function
        for function in FUNCTIONS
        for source in properties(function).get("Events", {}).values()
        if source["Properties"].get("Queue") == {"Fn::GetAtt": f"{queue}.Arn"}
    ]
    assert properties(consumer)["Timeout"] < alarm["Threshold"] <= retention / 2


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
    assert f"\n| {alarm} |" in text


def test_the_runbook_names_no_alarm_that_is_none() -> None:
    assert set(re.findall(r"^\| ([A-Za-z]+Alarm) \|", RUNBOOK, re.MULTILINE)) == set(ALARMS)


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


def test_the_runbook_names_every_metric_and_every_function_behind_the_api() -> None:
    behind = {name.removesuffix("Function") for name in FUNCTIONS if "Handler" in properties(name)}
    named_there = set(re.findall(r"[A-Za-z]+", RUNBOOK))
    assert (counted_names() | behind) - named_there == set(), "docs/runbook.md has to name these"


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
    filters = {
        properties(name)["MetricTransformations"][0]["MetricName"]["Fn::Sub"]
        for name in named("AWS::Logs::MetricFilter")
    }
    assert own - filters <= counted_names()
    assert {"TradesCreated", "TradesClosed", "StatsRebuilds", "StatsDriftUsers"} <= own
    shown = {metric[1] for metric in metrics if isinstance(metric[0], str)}
    assert {"Count", "5xx", "Latency", "IteratorAge"} <= shown
    searched = " ".join(metric[0]["expression"] for metric in metrics if isinstance(metric[0], dict))
    assert all(f'MetricName="{name}" ${{AWS::StackName}}' in searched for name in ("Errors", "Duration", "Throttles"))


def test_the_dashboard_shows_every_queue_and_every_alarm() -> None:
    # CloudFormation makes names of queues that begin with the stack's, which is what the search looks for.
    assert all("QueueName" not in properties(queue) for queue in named("AWS::SQS::Queue"))
    [searched] = [
        metric[0]["expression"]
        for widget in dashboard()
        for metric in widget["properties"].get("metrics", ())
        if isinstance(metric[0], dict) and "AWS/SQS" in metric[0]["expression"]
    ]
    waiting = 'MetricName="ApproximateNumberOfMessagesVisible" ${AWS::StackName}'
    assert searched == f"SEARCH('{{AWS/SQS,QueueName}} {waiting}', 'Maximum', 60)"
    [alarms] = [widget["properties"]["alarms"] for widget in dashboard() if widget["type"] == "alarm"]
    assert sorted(alarms) == sorted(f"${{{alarm}.Arn}}" for alarm in ALARMS)


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
