"""What an error of jsonschema is told as, where no request of the contract can cause it yet."""

from jsonschema import Draft4Validator

from handlers.web.connexion.schema_faults import faults_of


def test_a_rule_that_has_no_code_of_its_own_is_told_with_an_example() -> None:
    schema = {"properties": {"size": {"multipleOf": 5, "example": 10}}}
    [error] = Draft4Validator(schema).iter_errors({"size": 7})
    [(path, fault)] = faults_of(error)
    assert (path, fault.code, fault.params) == (("size",), "MALFORMED", {"example": 10})
