import json
import string

from local.emulator.resources import generated_secret, secret_name


def test_a_secret_has_each_kind_of_character_that_is_not_excluded() -> None:
    settings = {"PasswordLength": 4, "ExcludePunctuation": "true", "IncludeSpace": False, "ExcludeCharacters": "aB1"}
    for secret in (generated_secret(settings) for _ in range(50)):
        assert len(secret) == 4
        assert set(secret) <= set(string.ascii_letters + string.digits) - set("aB1")
        assert any(c.islower() for c in secret)
        assert any(c.isupper() for c in secret)
        assert any(c.isdigit() for c in secret)


def test_a_secret_can_be_one_key_of_an_object() -> None:
    secret = json.loads(generated_secret({"SecretStringTemplate": '{"user": "x"}', "GenerateStringKey": "key"}))
    assert secret["user"] == "x"
    assert len(secret["key"]) == 32


def test_the_name_of_a_secret_is_read_from_its_arn() -> None:
    assert secret_name("arn:aws:secretsmanager:us-east-1:000000000000:secret:stack-a-b-1c2d3e") == "stack-a-b"
    assert secret_name("stack-a-b") == "stack-a-b"
