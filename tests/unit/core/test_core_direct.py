"""Which calls of AWS go without botocore: endpoints are the ones that it would ask."""

from __future__ import annotations

from http.client import HTTPMessage

import botocore.session
import pytest
from botocore.config import Config
from botocore.retries import standard
from watchpost import calls, direct
from watchpost.connection import Answer
from watchpost.direct import CLOUDWATCH, SECRETS_MANAGER, SSM, Service

FUNCTION = {
    "AWS_LAMBDA_FUNCTION_NAME": "watchpost-shipper",
    "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "the-secret",
    "AWS_SESSION_TOKEN": "the-token",
    "AWS_REGION": "eu-west-1",
    "URL_SUFFIX": "amazonaws.com",
}
SESSION = botocore.session.Session()
PARTITIONS = SESSION.get_available_partitions()
BY_BOTOCORE = {SSM: "ssm", SECRETS_MANAGER: "secretsmanager", CLOUDWATCH: "cloudwatch"}


@pytest.mark.parametrize("service", BY_BOTOCORE, ids=BY_BOTOCORE.values())
@pytest.mark.parametrize("partition", PARTITIONS)
def test_an_endpoint_is_the_one_that_botocore_would_ask(service: Service, partition: str) -> None:
    suffix = SESSION._get_internal_component("endpoint_resolver").get_partition_dns_suffix(partition)  # AWS::URLSuffix

    for region in SESSION.get_available_regions(BY_BOTOCORE[service], partition):
        client = SESSION.create_client(
            BY_BOTOCORE[service], region, config=Config(), aws_access_key_id="x", aws_secret_access_key="x"
        )
        own = direct.endpoint(service, region, suffix, {})
        assert own == client.meta.endpoint_url


def test_the_environment_may_name_another_endpoint_for_all_or_for_one_service() -> None:
    both = {"AWS_ENDPOINT_URL": "http://127.0.0.1:1/", "AWS_ENDPOINT_URL_SSM": "http://127.0.0.1:2"}

    assert direct.endpoint(SSM, "eu-west-1", "amazonaws.com", both) == "http://127.0.0.1:2"
    assert direct.endpoint(SECRETS_MANAGER, "eu-west-1", "amazonaws.com", both) == "http://127.0.0.1:1"


def test_a_function_calls_by_itself() -> None:
    assert direct.caller(SSM, FUNCTION) is not None
    assert direct.caller(SSM, {**FUNCTION, "AWS_SESSION_TOKEN": ""}) is not None


@pytest.mark.parametrize(
    "name", ["AWS_LAMBDA_FUNCTION_NAME", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "URL_SUFFIX"]
)
@pytest.mark.parametrize("value", ["", None])
def test_whoever_has_not_all_that_lambda_gives_asks_botocore(name: str, value: str | None) -> None:
    """A shell has credentials in many places, and so has a function with SnapStart."""
    environ = {key: text for key, text in FUNCTION.items() if key != name} | (
        {name: value} if value is not None else {}
    )

    assert direct.caller(SSM, environ) is None


@pytest.mark.parametrize(
    "name",
    [
        "AWS_USE_FIPS_ENDPOINT",
        "AWS_USE_DUALSTACK_ENDPOINT",
        "AWS_PROFILE",
        "AWS_CONFIG_FILE",
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    ],
)
def test_settings_that_only_botocore_knows_are_left_to_it(name: str) -> None:
    assert direct.caller(SSM, {**FUNCTION, name: "true"}) is None


def test_what_is_tried_again_is_what_botocore_tries_again() -> None:
    assert set(standard.TransientRetryableChecker._TRANSIENT_STATUS_CODES) == direct.TRANSIENT
    assert set(standard.TransientRetryableChecker._TRANSIENT_ERROR_CODES) == direct.TRANSIENT_CODES
    assert set(standard.ThrottlingStatusCodeChecker._THROTTLING_STATUS_CODES) == direct.THROTTLED
    assert set(standard.ThrottledRetryableChecker._THROTTLED_ERROR_CODES) == direct.THROTTLED_CODES
    pauses = standard.ExponentialBackoff._DEFAULT_BACKOFF_CONFIG
    assert pauses["non_throttling_base_scale"] == direct.TRANSIENT_PAUSE
    assert pauses["throttling_base_scale"] == direct.THROTTLED_PAUSE


def test_an_answer_that_did_not_come_may_come_later() -> None:
    assert calls.may_pass(direct.NoAnswerFromServiceError(service="ssm", error="x"))


def test_credentials_are_those_that_lambda_gives() -> None:
    found = direct.credentials(FUNCTION)

    assert found is not None
    assert (found.access_key, found.secret_key, found.token) == ("AKIAEXAMPLE", "the-secret", "the-token")


@pytest.mark.parametrize(
    ("headers", "body", "expected"),
    [
        ({}, b'{"__type":"ParameterNotFound","message":"gone"}', ("ParameterNotFound", "gone")),
        ({}, b'{"__type":"com.amazonaws.ssm#ParameterNotFound","Message":"gone"}', ("ParameterNotFound", "gone")),
        ({"x-amzn-errortype": "Throttling:http://x"}, b"{}", ("Throttling", "{}")),
        ({"x-amzn-query-error": "Throttling;Sender"}, b'{"__type":"a#b","message":"m"}', ("Throttling", "m")),
        ({}, b"<html>\n bad\tgateway </html>", ("", "<html> bad gateway </html>")),
        ({}, b'["a"]', ("", '["a"]')),
        ({}, b"\xff", ("", "\ufffd")),
    ],
)
def test_a_refusal_says_code_and_message(headers: dict[str, str], body: bytes, expected: tuple[str, str]) -> None:
    message = HTTPMessage()
    for name, value in headers.items():
        message[name] = value

    assert direct.refusal(Answer(400, message, body)) == expected
