"""What is counted, for the dashboard and for alarms. It costs no call: CloudWatch finds the numbers in the log."""

from aws_lambda_powertools import Metrics
from aws_lambda_powertools.metrics import MetricUnit

from handlers.log import SERVICE

_metrics = Metrics(namespace="TradingJournal", service=SERVICE)


def count(**numbers: int) -> None:
    """Add to these metrics, in one line of the log (CloudWatch's embedded metric format): count(TradesCreated=1)."""
    for name, number in numbers.items():
        _metrics.add_metric(name, MetricUnit.Count, number)
    _metrics.flush_metrics()
