"""`make redrive`: empties the statistics' dead-letter queues by queueing rebuilds of the users concerned.

A message of StatsDeadLetterQueue names a range of the trades' stream. Its users are read from the stream, which keeps
records for 24 hours; later every user is rebuilt instead. Messages of RebuildDeadLetterQueue go back to RebuildQueue.
A message is deleted only after the rebuilds are queued, so an interrupted redrive loses nothing and may be run again.

Without STACK it works on what `make run` runs; with STACK=journal-staging on that stack on AWS, with the credentials
and the region of the environment.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from handlers.storage.stats import due
from ops.stack import Client, at_home, on_aws

_STREAM_IS_GONE = {
    "TrimmedDataAccessException",
    "ResourceNotFoundException",
    "ExpiredIteratorException",
    "ValidationException",
}
_MOST_PAGES = 200  # a batch of the stream has fewer, even with empty pages in between
_INVISIBLE_FOR = 300  # seconds for handling one message


@dataclass(frozen=True, slots=True, kw_only=True)
class Redriven:
    """The number of removed messages and of queued rebuilds. `everybody` says that all users are rebuilt."""

    messages: int
    users: int
    everybody: bool


def redrive(client: Client, outputs: Mapping[str, str]) -> Redriven:
    """Empty both dead-letter queues. `outputs` are the stack's outputs by name."""
    os.environ["REBUILD_QUEUE_URL"] = outputs["RebuildQueueUrl"]
    sqs = client("sqs")
    messages = users = 0
    everybody = False
    for message in _messages(sqs, outputs["StatsDeadLetterQueueUrl"]):
        named = users_of(client("dynamodbstreams"), message["Body"])
        if named is None:
            if not everybody:
                due.ask_for_everybody(sqs)
            everybody = True
        elif not everybody:
            users += due.ask(named, sqs)
        sqs.delete_message(QueueUrl=outputs["StatsDeadLetterQueueUrl"], ReceiptHandle=message["ReceiptHandle"])
        messages += 1
    for message in _messages(sqs, outputs["RebuildDeadLetterQueueUrl"]):
        sqs.send_message(QueueUrl=outputs["RebuildQueueUrl"], MessageBody=message["Body"])
        sqs.delete_message(QueueUrl=outputs["RebuildDeadLetterQueueUrl"], ReceiptHandle=message["ReceiptHandle"])
        messages += 1
    return Redriven(messages=messages, users=users, everybody=everybody)


def users_of(streams: Any, body: str) -> set[str] | None:
    """The users whose changes the message is about; None if the stream no longer has them."""
    try:
        part = json.loads(body)["DDBStreamBatchInfo"]
        iterator = streams.get_shard_iterator(
            StreamArn=part["streamArn"],
            ShardId=part["shardId"],
            ShardIteratorType="AT_SEQUENCE_NUMBER",
            SequenceNumber=part["startSequenceNumber"],
        )["ShardIterator"]
        last = int(part["endSequenceNumber"])
        users: set[str] = set()
        for _ in range(_MOST_PAGES):
            page = streams.get_records(ShardIterator=iterator)
            for record in page["Records"]:
                if int(record["dynamodb"]["SequenceNumber"]) <= last:
                    users.add(record["dynamodb"]["Keys"]["userId"]["S"])
                if int(record["dynamodb"]["SequenceNumber"]) >= last:
                    return users
            iterator = page["NextShardIterator"]
    except (KeyError, TypeError, ValueError):
        return None
    except ClientError as error:
        if error.response["Error"]["Code"] not in _STREAM_IS_GONE:
            raise
        return None
    return None


def _messages(sqs: Any, url: str) -> Iterator[Any]:
    while found := sqs.receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=_INVISIBLE_FOR, WaitTimeSeconds=1
    ).get("Messages"):
        yield from found


def main() -> int:
    client, outputs = on_aws(stack) if (stack := os.environ.get("STACK")) else at_home()
    done = redrive(client, outputs)
    who = "every user" if done.everybody else f"{done.users} users"
    sys.stdout.write(f"{done.messages} messages removed; the statistics of {who} are being rebuilt.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
