from pathlib import Path

import pytest

from local.embedded_aws import Mail, settings


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
