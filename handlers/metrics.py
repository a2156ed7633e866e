"""What is counted, for the dashboard and for alarms. It costs no call: CloudWatch finds the numbers in the log."""

from threading import Lock

from aws_lambda_powertools import Metrics
from aws_lambda_powertools.metrics import MetricUnit

from handlers.log import SERVICE

_metrics = Metrics(namespace="TradingJournal", service=SERVICE)
# Powertools keeps what is added in one place of the process: of two threads, one would write the numbers of both, and
# the other would fail since none are left. A function has one thread, the tests have more.
_one_at_a_time = Lock()


def count(**numbers: int) -> None:
    """Add to these metrics, in one line of the log (CloudWatch's embedded metric format): count(TradesCreated=1)."""
    with _one_at_a_time:
        for name, number in numbers.items():
            _metrics.add_metric(name, MetricUnit.Count, number)
        _metrics.flush_metrics()
