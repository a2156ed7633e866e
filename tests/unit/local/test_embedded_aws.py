from pathlib import Path

import pytest

from local.embedded_aws import BadSetting, Mail, settings


def test_nothing_of_the_callers_environment_comes_along_but_the_path(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy")
    given = settings(tmp_path, 4566, 8000, keep=True)
    assert "AWS_PROFILE" not in given
    assert "HTTPS_PROXY" not in given
    assert given["HOME"] == given["TMPDIR"] == str(tmp_path / "tmp")


@pytest.mark.parametrize(
    ("text", "code"), [("Your verification code is 123456.", "123456"), ("Your account is gone.", None)]
)
def test_the_code_is_read_from_the_mail(text: str, code: str | None) -> None:
    assert Mail(("a@example.com",), "", text).code == code


def test_the_number_of_workers_is_four_for_each_processor_unless_it_is_chosen(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("LAMBDA_WORKERS", raising=False)
    monkeypatch.setattr("local.embedded_aws._processors", lambda: 3)
    assert settings(tmp_path, 4566, 8000, keep=True)["LAMBDA_WORKERS"] == "12"
    monkeypatch.setenv("LAMBDA_WORKERS", "5")
    assert settings(tmp_path, 4566, 8000, keep=True)["LAMBDA_WORKERS"] == "5"


@pytest.mark.parametrize("given", ["0", "-1", "1001", "many", "1.5", "²"])
def test_a_number_of_workers_that_cannot_be_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, given: str
) -> None:
    monkeypatch.setenv("LAMBDA_WORKERS", given)
    with pytest.raises(BadSetting, match=f"LAMBDA_WORKERS={given} is not a number from 1 to 1000"):
        settings(tmp_path, 4566, 8000, keep=True)
