"""Holds the roles in template.yaml to the calls that the functions' code makes while the tests run.

Each call of AWS that a function's code makes in a test, whatever stands in for AWS there, must be allowed by the
function's role and name a resource that its settings tell it: else the test fails. After a whole `make unit`, every
right and every setting must have been used by a call of each function that has it: else the run fails.

Which function makes a call is read off the stack: the entry point below which it is made, and behind the gateway the
event's route. What Lambda itself does with a role (reading a queue or a stream) follows from the function's events.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Collection, Iterator, Mapping
from fnmatch import fnmatchcase
from functools import cache, wraps
from inspect import signature
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, NamedTuple

from openapi.generate import UNKNOWN_ROUTE_FUNCTION, contract, function_name, gateway_path, operations
from tests.template_file import properties, template

Params = Mapping[str, Any]

_ROOT = f"{Path(__file__).parents[1]}{os.sep}"
# The entry point of all functions behind the gateway, and the modules that stand in for AWS.
HTTP_ENTRY = str(Path("handlers", "entry", "http.py"))
STAND_INS = {str(Path("tests", name)) for name in ("rights.py", "user_pool.py")}
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html
OF_A_TRANSACTION = {
    "ConditionCheck": "dynamodb:ConditionCheckItem",
    "Delete": "dynamodb:DeleteItem",
    "Get": "dynamodb:GetItem",
    "Put": "dynamodb:PutItem",
    "Update": "dynamodb:UpdateItem",
}
# S3's rights that are not named as the operation. https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations.html
OF_S3 = {
    "CompleteMultipartUpload": "PutObject",
    "CreateMultipartUpload": "PutObject",
    "HeadObject": "GetObject",
    "ListObjectsV2": "ListBucket",
    "ListMultipartUploads": "ListBucketMultipartUploads",
    "ListObjectVersions": "ListBucketVersions",
    "UploadPart": "PutObject",
}
OF_S3_VERSIONS = {
    "DeleteObject": "DeleteObjectVersion",
    "GetObject": "GetObjectVersion",
    "PutObjectTagging": "PutObjectVersionTagging",
}
# What Lambda needs to bring a function its events.
# https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html, .../services-ddb-eventsourcemapping.html
OF_A_QUEUE = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
OF_A_LOG = ("logs:CreateLogStream", "logs:PutLogEvents")
OF_A_STREAM = ("dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator")
# Settings that name no resource of AWS.
WITHOUT_RESOURCE = ("OPERATIONS", "PUBLIC_DOCUMENTS")


class Resource(NamedTuple):
    """A resource of the template, and what follows its ARN."""

    name: str
    path: str = ""

    def __str__(self) -> str:
        return f"{self.name}{self.path}"


class Right(NamedTuple):
    """What a statement allows: an action on a resource, for some only within a part of it.

    The part is a prefix of a bucket's keys, or a partition key of a table.
    """

    action: str
    resource: Resource
    part: str = "*"

    def __str__(self) -> str:
        return f"{self.action} on {self.resource}"

    def covers(self, need: Right) -> bool:
        """Whether this right is enough for a call that needs the other one."""
        return (
            self.action == need.action
            and self.resource.name == need.resource.name
            and fnmatchcase(need.resource.path, self.resource.path)
            and fnmatchcase(need.part, self.part)
        )


def functions() -> list[str]:
    """The functions of the template."""
    return [name for name, it in template()["Resources"].items() if it["Type"] == "AWS::Serverless::Function"]


def as_list(value: Any) -> list[Any]:
    """The value of a policy's field, which may stand alone or in a list."""
    return value if isinstance(value, list) else [value]


def resource_of(value: Any) -> Resource:
    """The resource that a policy's Ref, GetAtt or Sub names."""
    [(kind, argument)] = value.items()
    if kind == "Fn::Sub":
        found = re.fullmatch(r"\$\{(\w+)\.Arn\}(/.*)", argument)
        assert found, argument
        return Resource(found[1], found[2])
    name, _, attribute = argument.partition(".")
    return Resource(name, "/stream" if attribute == "StreamArn" else "")


def part_of(condition: Mapping[str, Mapping[str, Any]]) -> str:
    """The part of a resource to which a statement's condition confines it."""
    if not condition:
        return "*"
    [(operator, compared)] = condition.items()
    [(key, value)] = compared.items()
    if (operator, key) == ("StringLike", "s3:prefix"):
        return str(value)
    assert (operator, key) == ("ForAllValues:StringEquals", "dynamodb:LeadingKeys"), condition
    [partition] = value
    return str(partition)


@cache
def rights(function: str) -> Collection[Right]:
    """The rights of the function's own role, without those that all functions share; with those of every option."""
    role = properties(function)["Role"]["Fn::GetAtt"].removesuffix(".Arn")
    given = [
        statement["Fn::If"][1] if "Fn::If" in statement else statement
        for policy in properties(role).get("Policies", ())
        for statement in policy["PolicyDocument"]["Statement"]
    ]
    return [
        Right(action, resource_of(resource), part_of(statement.get("Condition", {})))
        for statement in given
        for action in as_list(statement["Action"])
        for resource in as_list(statement["Resource"])
    ]


@cache
def settings(function: str) -> Mapping[str, str]:
    """The settings that name resources, by their names."""
    told = properties(function).get("Environment", {}).get("Variables", {})
    return {name: value["Ref"] for name, value in told.items() if name not in WITHOUT_RESOURCE}


def rights_of_lambda(function: str) -> Iterator[Right]:
    """The rights that Lambda itself needs of a function's role: to read its events and to send away failed ones."""
    given = properties(function)
    if "LoggingConfig" in given:
        yield from (Right(action, Resource(given["LoggingConfig"]["LogGroup"]["Ref"])) for action in OF_A_LOG)
    for event in given.get("Events", {}).values():
        source = event["Properties"]
        if event["Type"] == "SQS":
            yield from (Right(action, resource_of(source["Queue"])) for action in OF_A_QUEUE)
        elif event["Type"] == "DynamoDB":
            stream = resource_of(source["Stream"])
            yield from (Right(action, stream) for action in OF_A_STREAM)
            yield Right("dynamodb:ListStreams", Resource(stream.name, "/stream/*"))
            yield Right("sqs:SendMessage", resource_of(source["DestinationConfig"]["OnFailure"]["Destination"]))
    if "EventInvokeConfig" in given:
        failed = given["EventInvokeConfig"]["DestinationConfig"]["OnFailure"]
        yield Right("sqs:SendMessage", resource_of(failed["Destination"]))


class Need(NamedTuple):
    """A right that a call needs: an action on the resource with this name, address or id, below this path."""

    action: str
    named: str
    path: str = ""
    part: str = "?"


def needs(service: str, operation: str, params: Params) -> Iterator[Need]:
    """The rights that a call needs, by AWS's service authorization reference.

    Args:
        service: the client's name, "s3".
        operation: the operation's name, "GetObject".
        params: the call's parameters, by AWS's names.
    """
    action = f"{service}:{operation}"
    if service == "dynamodb":
        yield from _of_dynamodb(action, params)
    elif service == "s3":
        yield from _of_s3(operation, params)
    elif service == "sqs":
        yield Need(action.removesuffix("Batch"), params["QueueUrl"])
    elif service == "secretsmanager":
        yield Need(action, params["SecretId"])
    elif service == "cognito-idp":
        # Operations without the pool's id are public: they carry a token or nothing, and need no right.
        if "UserPoolId" in params:
            yield Need(action, params["UserPoolId"])
    elif service == "ses":
        # The identity behind the sender's address, which no parameter names.
        yield Need(action, os.environ["MAIL_IDENTITY_ARN"])
    else:
        raise NotImplementedError(action)


def _of_dynamodb(action: str, params: Params) -> Iterator[Need]:
    if "TransactItems" in params:
        for item in params["TransactItems"]:
            [(kind, given)] = item.items()
            yield Need(OF_A_TRANSACTION[kind], given["TableName"], part=_partition(given))
    elif "RequestItems" in params:
        yield from (Need(action, table) for table in params["RequestItems"])
    else:
        index = f"/index/{params['IndexName']}" if "IndexName" in params else ""
        yield Need(action, params["TableName"], index, _partition(params))


def _partition(params: Params) -> str:
    """The partition of a call for one item; "?" for other calls."""
    key = params.get("Key") or params.get("Item") or {}
    return str(key.get("userId", {}).get("S", "?"))


def _of_s3(operation: str, params: Params) -> Iterator[Need]:
    bucket = params["Bucket"]
    if operation == "DeleteObjects":
        for one in params["Delete"]["Objects"]:
            # Always this right, and for a version another one too.
            # https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
            yield Need("s3:DeleteObject", bucket, f"/{one['Key']}")
            if "VersionId" in one:
                yield Need("s3:DeleteObjectVersion", bucket, f"/{one['Key']}")
        return
    name = OF_S3.get(operation, operation)
    if "VersionId" in params:
        name = OF_S3_VERSIONS[name]
    if "Key" in params:
        yield Need(f"s3:{name}", bucket, f"/{params['Key']}")
    else:
        yield Need(f"s3:{name}", bucket, part=params.get("Prefix", ""))


def needs_of_failure(operation: str, params: Params, code: str) -> Iterator[Need]:
    """The right that a failed call needs: S3 answers 404 for a missing object only to those who may list the bucket."""
    if operation in ("GetObject", "HeadObject") and code in ("NoSuchKey", "404"):
        yield Need("s3:ListBucket", params["Bucket"])


def texts(node: Any) -> Iterator[str]:
    """The texts in a call's parameters."""
    if isinstance(node, str):
        yield node
    elif isinstance(node, Mapping):
        yield from (text for item in node.items() for text in texts(item))
    elif isinstance(node, list | tuple):
        yield from (text for item in node for text in texts(item))


@cache
def entry_points() -> Mapping[tuple[str, str], str]:
    """The functions that no request calls, by file and name of their entry points."""
    found = {}
    for function in functions():
        module, _, name = properties(function).get("Handler", "").rpartition(".")
        if module:
            found[f"{module.replace('.', os.sep)}.py", name] = function
    return found


@cache
def behind_routes() -> Mapping[str, str]:
    """The functions behind the gateway's routes, by the routes' keys."""
    return {
        f"{method.upper()} {gateway_path(path)}": function_name(method, operation)
        for path, method, operation in operations(contract())
    }


@cache
def place_of(code: CodeType) -> str | None:
    """The file that the code is in, from the repository's root; None for a library's."""
    path = code.co_filename
    return path.removeprefix(_ROOT) if path.startswith(_ROOT) and "site-packages" not in path else None


@cache
def method_of(operation: str) -> str:
    """The name of a client's method."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", operation).lower()


def running(frame: FrameType | None, operation: str) -> str | None:
    """The function whose code calls an operation; None where a test does, also one that breaks into a function.

    What has the operation's name in a test stands in for a client's method, and passes the function's call on.
    """
    method = method_of(operation)
    while frame:
        code = frame.f_code
        if name := place_of(code):
            if name.startswith("tests") and name not in STAND_INS and code.co_name != method:
                return None
            if function := entry_points().get((name, code.co_name)):
                return function
            event = frame.f_locals.get("event") if name == HTTP_ENTRY else None
            if isinstance(event, dict) and event.get("routeKey"):
                return behind_routes().get(event["routeKey"], UNKNOWN_ROUTE_FUNCTION)
        frame = frame.f_back
    return None


class Recorder:
    """What functions did in the tests of this process."""

    def __init__(self) -> None:
        # Function and right, or function and setting, in words.
        self.used: set[tuple[str, str]] = set()
        self.refused: list[str] = []

    def record(self, service: str, operation: str, params: Params) -> None:
        """Hold a call of the function that runs to its role and its settings."""
        if function := running(sys._getframe(1), operation):
            if any((function, name) not in self.used for name in settings(function)):
                self._use_settings(function, set(texts(params)))
            for need in needs(service, operation, params):
                self._hold(function, need)

    def record_failure(self, operation: str, params: Params, code: str) -> None:
        """Check the failure of a call, as the running function saw it, against the function's role."""
        if function := running(sys._getframe(1), operation):
            for need in needs_of_failure(operation, params, code):
                self._hold(function, need)

    def _use_settings(self, function: str, values: Collection[str]) -> None:
        self.used.update((function, name) for name in settings(function) if os.environ.get(name) in values)

    def _hold(self, function: str, need: Need) -> None:
        self._use_settings(function, {need.named})
        told = [name for name in settings(function) if os.environ.get(name) == need.named]
        if not told:
            self.refused.append(f"{function} is not told of {need.named}, for which it needs {need.action}")
            return
        [resource] = {settings(function)[name] for name in told}
        wanted = Right(need.action, Resource(resource, need.path), need.part)
        covering = [right for right in rights(function) if right.covers(wanted)]
        self.used.update((function, str(right)) for right in covering)
        if not covering:
            self.refused.append(f"{function} may not {wanted}")

    def take_refused(self) -> list[str]:
        """The refused calls since the last call of this method."""
        found, self.refused = sorted(set(self.refused)), []
        return found


RECORDER = Recorder()


def unused(used: Collection[tuple[str, str]]) -> list[str]:
    """The rights and settings that no call has used, each with its function."""
    found = []
    for function in functions():
        rest = {str(right) for right in set(rights(function)) - set(rights_of_lambda(function))}
        found += [f"{function} never needs {right}" for right in sorted(rest) if (function, right) not in used]
        found += [f"{function} never needs {name}" for name in settings(function) if (function, name) not in used]
    return found


def watch_botocore() -> None:
    """Record from now on all calls and signatures of botocore's clients."""
    from botocore import signers
    from botocore.client import BaseClient
    from botocore.exceptions import ClientError

    changed: Any = BaseClient
    call, url, post = changed._make_api_call, signers.generate_presigned_url, signers.generate_presigned_post

    @wraps(call)
    def recorded_call(self: Any, operation_name: str, api_params: Params) -> Any:
        RECORDER.record(self.meta.service_model.service_name, operation_name, api_params)
        try:
            return call(self, operation_name, api_params)
        except ClientError as error:
            RECORDER.record_failure(operation_name, api_params, error.response["Error"].get("Code", ""))
            raise

    @wraps(url)
    def recorded_url(*args: Any, **named: Any) -> Any:
        given = signature(url).bind(*args, **named).arguments
        client = given["self"]
        operation = client.meta.method_to_api_mapping[given["ClientMethod"]]
        RECORDER.record(client.meta.service_model.service_name, operation, given["Params"])
        return url(*args, **named)

    @wraps(post)
    def recorded_post(*args: Any, **named: Any) -> Any:
        given = signature(post).bind(*args, **named).arguments
        for operation in ("PutObject", *(["PutObjectTagging"] if "tagging" in given["Fields"] else [])):
            RECORDER.record("s3", operation, {"Bucket": given["Bucket"], "Key": given["Key"]})
        return post(*args, **named)

    changed._make_api_call = recorded_call
    for name, function in (("generate_presigned_url", recorded_url), ("generate_presigned_post", recorded_post)):
        setattr(signers, name, function)


class Recorded:
    """A stand-in for a client whose calls are recorded."""

    def __init__(self, service: str, inner: Any) -> None:
        self._service, self._inner = service, inner

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if not callable(found) or name[0].isupper():
            return found
        operation = "".join(part.capitalize() for part in name.split("_"))
        service = self._service

        def call(**params: Any) -> Any:
            RECORDER.record(service, operation, params)
            return found(**params)

        return call
