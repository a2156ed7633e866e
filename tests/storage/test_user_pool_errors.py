"""Every error of Cognito has a meaning: the table, the calls in the code and botocore's service model agree."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from handlers.storage import user_pool_errors
from handlers.storage.errors import StorageError, Throttled
from handlers.storage.user_pool_errors import ERRORS, meanings
from tests.user_pool import operation_of

HANDLERS = Path(__file__).parents[2] / "handlers"
CLIENTS = {"cognito", "cognito_admin", "cognito_once"}


def calls() -> Iterator[str]:
    """The operations that the code calls of Cognito: the methods of its clients."""
    for file in HANDLERS.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                client = node.func.value
                if isinstance(client, ast.Call) and isinstance(client.func, ast.Name) and client.func.id in CLIENTS:
                    yield operation_of(node.func.attr).name


def test_the_table_has_the_operations_that_the_code_calls() -> None:
    assert ERRORS.keys() == set(calls())


@pytest.mark.parametrize("operation", ERRORS)
def test_every_error_that_the_service_model_declares_has_a_meaning(operation: str) -> None:
    model = operation_of(snake_case(operation))
    assert ERRORS[operation].keys() >= {error.name for error in model.error_shapes}


@pytest.mark.parametrize("operation", ERRORS)
def test_an_error_is_what_the_table_says(operation: str) -> None:
    for code in ERRORS[operation]:
        raised = error_of(operation, code)
        assert raised is None or isinstance(raised, (StorageError, ClientError))
        if isinstance(raised, Throttled):
            assert raised.retry_after >= 1


def test_an_error_that_stands_nowhere_is_raised_as_it_is() -> None:
    assert isinstance(error_of("SignUp", "NobodyKnowsException"), ClientError)
    assert isinstance(error_of("ListGroups", "TooManyRequestsException"), ClientError)


def test_nothing_of_cognitos_words_is_kept() -> None:
    with pytest.raises(StorageError) as caught, meanings():
        raise client_error("ConfirmSignUp", "CodeMismatchException", "the code of dana@example.com is another")
    assert "dana" not in str(caught.value)
    assert caught.value.__suppress_context__


@pytest.mark.parametrize("operation", ["SignUp", "ForgotPassword", "ResendConfirmationCode", "UpdateUserAttributes"])
def test_limits_that_only_a_known_address_meets_are_not_told(operation: str) -> None:
    code = "LimitExceededException"
    assert error_of(operation, code, "Exceeded daily email limit for the operation or the account.") is None
    assert error_of(operation, code, "Attempt limit exceeded, please try after some time.") is None
    assert error_of(operation, code, "Something that Cognito never said before.") is None


def test_mails_are_waited_for_longer_than_requests() -> None:
    assert 1 <= user_pool_errors.RETRY_AFTER_REQUESTS <= 60 <= user_pool_errors.RETRY_AFTER_MAILS <= 24 * 3600


def client_error(operation: str, code: str, message: str = "") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)


def error_of(operation: str, code: str, message: str = "") -> Exception | None:
    """What an error of Cognito becomes; None for one without effect."""

    def call() -> None:
        raise client_error(operation, code, message)

    try:
        with meanings():
            call()
    except (StorageError, ClientError) as error:
        return error
    return None


def snake_case(operation: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in operation).lstrip("_")
