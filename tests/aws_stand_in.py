"""The parts of AWS that the functions need, made in moto from template.yaml: the table, the secret, settings."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from handlers.storage import clients, sign_in
from tests.template_file import properties

DOCS_PAGE = "<!doctype html><title>Trading Journal API</title><p>ä"
DOCS_POLICY = "default-src 'none'; connect-src 'self'"


def write_docs_page(folder: Path) -> None:
    """The files of the docs layer."""
    (folder / "docs.html").write_text(DOCS_PAGE, "utf-8")
    (folder / "docs.html.gz").write_bytes(gzip.compress(DOCS_PAGE.encode(), mtime=0))
    (folder / "policy.txt").write_text(DOCS_POLICY, "utf-8")


def set_up(monkeypatch: pytest.MonkeyPatch, docs_page: Path) -> None:
    """Everything but the table, in the fake AWS of this process; and where the docs page is."""
    generated = properties("PageTokenSecret")["GenerateSecretString"]
    secret = clients.secrets().create_secret(Name="page-tokens", SecretString="s" * generated["PasswordLength"])
    proof = clients.secrets().create_secret(Name="sign-ups", SecretString="p" * 64)
    for name, value in {
        "GUARD_SECRET_ARN": proof["ARN"],
        "PAGE_TOKEN_SECRET_ARN": secret["ARN"],
        "USER_POOL_CLIENT_ID": "client-1",
        "MAILS_A_DAY": "1000000",
        "DOCS_PAGE": str(docs_page),
    }.items():
        monkeypatch.setenv(name, value)
    sign_in.cognito.cache_clear()
