"""Creates in moto the parts of AWS that the functions need, from template.yaml: tables, secret, settings."""

from __future__ import annotations

import gzip
from pathlib import Path

import brotli
import pytest

from handlers.storage import clients, sign_in
from openapi.generate import CONTRACT
from tests.template_file import properties

DOCS_PAGE = "<!doctype html><title>Trading Journal API</title><p>ä"
PROBLEM_PAGE = "<!doctype html><title>Not found</title><p>ä"
PROBLEM_POLICY = "default-src 'none'"
DOCS_POLICY = "default-src 'none'; connect-src 'self'"


def write_public_documents(folder: Path) -> None:
    """The files of the docs layer; a small page stands for the docs page."""
    (folder / "problems").mkdir()
    documents = {
        "docs.html": DOCS_PAGE.encode(),
        "openapi.yaml": CONTRACT.read_bytes(),
        "problems/not-found.html": PROBLEM_PAGE.encode(),
    }
    for name, content in documents.items():
        (folder / name).write_bytes(content)
        (folder / f"{name}.gz").write_bytes(gzip.compress(content, mtime=0))
        (folder / f"{name}.br").write_bytes(brotli.compress(content))
    (folder / "policy.txt").write_text(DOCS_POLICY, "utf-8")
    (folder / "problems" / "policy.txt").write_text(PROBLEM_POLICY, "utf-8")


def set_up(monkeypatch: pytest.MonkeyPatch, documents: Path) -> None:
    """Create everything but the tables in moto, and set the environment, including the folder of public documents."""
    generated = properties("PageTokenSecret")["GenerateSecretString"]
    secret = clients.secrets().create_secret(Name="page-tokens", SecretString="s" * generated["PasswordLength"])
    proof = clients.secrets().create_secret(Name="sign-ups", SecretString="p" * 64)
    for name, value in {
        "GUARD_SECRET_ARN": proof["ARN"],
        "PAGE_TOKEN_SECRET_ARN": secret["ARN"],
        "USER_POOL_CLIENT_ID": "client-1",
        "MAILS_A_DAY": "1000000",
        "PUBLIC_DOCUMENTS": str(documents),
    }.items():
        monkeypatch.setenv(name, value)
    sign_in.cognito.cache_clear()
