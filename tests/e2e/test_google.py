"""Sign-in with Google exists if a deployment is given a client id, and no resource of it otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local import places
from local.embedded_aws import embedded_aws, free_ports
from local.stack import Stack, deploy

CALLBACKS = ["https://journal.example.com/callback", "http://localhost:3000/callback"]
LOGOUTS = ["https://journal.example.com/"]


@pytest.fixture(scope="module")
def with_google(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The same template on another embedded AWS, in which the client secret is kept."""
    folder: Path = tmp_path_factory.mktemp("google")
    with embedded_aws(folder, *free_ports(2), keep=False) as aws:
        kept = aws.client("secretsmanager").create_secret(Name="google", SecretString="what Google gave")
        yield deploy(
            aws,
            places.BUILD,
            {
                "GoogleClientId": "client.apps.googleusercontent.com",
                "GoogleClientSecretArn": kept["ARN"],
                "HostedUiDomainPrefix": "journal-of-tests",
                "CallbackUrls": ",".join(CALLBACKS),
                "LogoutUrls": ",".join(LOGOUTS),
            },
        )


def pool_client(stack: Stack) -> Any:
    """What front ends log in through."""
    return stack.client("cognito-idp").describe_user_pool_client(
        UserPoolId=stack.outputs["UserPoolId"], ClientId=stack.outputs["UserPoolClientId"]
    )["UserPoolClient"]


def resource_types(stack: Stack) -> set[str]:
    """The types of all that was deployed."""
    resources = stack.client("cloudformation").describe_stack_resources(StackName="trading-journal")["StackResources"]
    return {resource["ResourceType"] for resource in resources}


def test_google_is_a_provider_of_the_pool_with_the_secret_that_is_kept(with_google: Stack) -> None:
    provider = with_google.client("cognito-idp").describe_identity_provider(
        UserPoolId=with_google.outputs["UserPoolId"], ProviderName="Google"
    )["IdentityProvider"]
    assert provider["ProviderType"] == "Google"
    assert provider["ProviderDetails"] == {
        "client_id": "client.apps.googleusercontent.com",
        "client_secret": "what Google gave",  # pragma: allowlist secret - made up
        "authorize_scopes": "openid email profile",
    }
    assert provider["AttributeMapping"]["email"] == "email"


def test_the_client_takes_the_code_flow_to_the_given_addresses(with_google: Stack) -> None:
    client = pool_client(with_google)
    assert client["SupportedIdentityProviders"] == ["COGNITO", "Google"]
    assert client["AllowedOAuthFlowsUserPoolClient"] is True
    assert client["AllowedOAuthFlows"] == ["code"]
    assert sorted(client["AllowedOAuthScopes"]) == ["aws.cognito.signin.user.admin", "email", "openid", "profile"]
    assert (client["CallbackURLs"], client["LogoutURLs"]) == (CALLBACKS, LOGOUTS)


def test_the_hosted_pages_have_the_given_domain(with_google: Stack) -> None:
    domain = with_google.client("cognito-idp").describe_user_pool_domain(Domain="journal-of-tests")["DomainDescription"]
    assert domain["UserPoolId"] == with_google.outputs["UserPoolId"]


def test_without_a_client_id_there_is_nothing_of_it(stack: Stack) -> None:
    assert resource_types(stack).isdisjoint({"AWS::Cognito::UserPoolIdentityProvider", "AWS::Cognito::UserPoolDomain"})
    pool = stack.outputs["UserPoolId"]
    assert stack.client("cognito-idp").list_identity_providers(UserPoolId=pool)["Providers"] == []
    client = pool_client(stack)
    assert not client.get("AllowedOAuthFlowsUserPoolClient")
    assert not any(client.get(name) for name in ("AllowedOAuthFlows", "AllowedOAuthScopes", "CallbackURLs"))
    assert "Google" not in client.get("SupportedIdentityProviders", [])
