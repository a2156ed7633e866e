"""The running back end: the embedded AWS with the built template deployed."""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import httpx

from local.deploy import Deployment
from local.embedded_aws import EmbeddedAws, embedded_aws, free_ports
from local.places import BUILD


@dataclass(frozen=True)
class Stack:
    aws: EmbeddedAws
    outputs: dict[str, str]

    @property
    def api(self) -> str:
        """The API's address with its version, as http://127.0.0.1:8000/v1."""
        return self.aws.api_origin + urlsplit(self.outputs["ApiUrl"]).path.rstrip("/")

    @property
    def endpoint(self) -> str:
        return self.aws.endpoint

    def client(self, service: Any) -> Any:
        return self.aws.client(service)

    def confirmation_code(self, email: str) -> str:
        return self.aws.confirmation_code(email)

    def new_user(self, name: str = "user") -> dict[str, str]:
        """Address and password, as logIn takes them, of somebody who has signed up and confirmed the address."""
        credentials = {"email": f"{name}-{uuid4().hex}@example.com", "password": f"Made-{uuid4().hex}-up!"}
        with httpx.Client(base_url=self.api, timeout=60, trust_env=False) as public:
            public.post("/auth/signup", json={"email": credentials["email"]}).raise_for_status()
            code = self.confirmation_code(credentials["email"])
            public.post("/auth/confirm-signup", json={**credentials, "code": code}).raise_for_status()
        return credentials

    def new_token(self) -> str:
        """The access token of a new user."""
        answer = httpx.post(f"{self.api}/auth/login", json=self.new_user(), timeout=60, trust_env=False)
        return str(answer.raise_for_status().json()["accessToken"])


def deploy(aws: EmbeddedAws, build: Path, parameters: Mapping[str, str] | None = None) -> Stack:
    deployment = Deployment(aws.client("s3"), aws.client("cloudformation"), aws.endpoint)
    # Only tests and developers read the mails here, and they ask for more than the default of MailsADay.
    outputs = deployment.run(build, {"MailsADay": "1000000", **(parameters or {})})
    aws.publish(outputs["ApiId"])
    return Stack(aws, outputs)


@contextmanager
def running_stack(build: Path = BUILD, parameters: Mapping[str, str] | None = None) -> Iterator[Stack]:
    """A stack for end-to-end tests: on free ports, in a temporary folder that is deleted afterwards."""
    aws_port, api_port = free_ports(2)
    with (
        tempfile.TemporaryDirectory(prefix="trading-journal-") as folder,
        embedded_aws(Path(folder), aws_port, api_port, keep=False) as aws,
    ):
        yield deploy(aws, build, parameters)
