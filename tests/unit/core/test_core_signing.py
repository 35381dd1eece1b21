"""Signatures are those that botocore makes of the same request, and secrets stay out of sight."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from unittest import mock

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import ReadOnlyCredentials
from hypothesis import given
from hypothesis import strategies as st
from watchpost.signing import Credentials, Signer

if TYPE_CHECKING:
    from collections.abc import Mapping

HEADERS = {"content-type": "application/x-amz-json-1.1", "x-amz-target": "AmazonSSM.GetParameter"}
PRINTABLE = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20)
HOSTS = ("ssm.eu-west-1.amazonaws.com", "127.0.0.1", "[::1]", "LOCALHOST", "monitoring.cn-north-1.amazonaws.com.cn")


def by_botocore(  # noqa: PLR0917  # all that a request has
    url: str, service: str, now: int, headers: Mapping[str, str], body: bytes, keys: tuple[str, str, str | None]
) -> dict[str, str]:
    """The headers that botocore sends, by lower-case name."""
    request = AWSRequest("POST", url + "/", headers=dict(headers), data=body)
    signer = SigV4Auth(ReadOnlyCredentials(*keys), service, "eu-west-1")
    with mock.patch("botocore.auth.get_current_datetime", return_value=datetime.fromtimestamp(now, UTC)):
        signer.add_auth(request)
    return {name.lower(): value for name, value in request.headers.items()}


@given(
    host=st.sampled_from(HOSTS),
    scheme=st.sampled_from(["http", "https"]),
    port=st.sampled_from(["", ":80", ":443", ":8080"]),
    path=st.sampled_from(["", "/prefix", "/a/b~c", "/a%20b"]),
    service=st.sampled_from(["ssm", "secretsmanager", "monitoring"]),
    now=st.integers(0, 4_102_444_799),
    more=st.dictionaries(st.sampled_from(["content-encoding", "x-amz-more", "a", "user-agent"]), PRINTABLE),
    body=st.binary(max_size=200),
    keys=st.tuples(PRINTABLE.filter(bool), PRINTABLE.filter(bool), st.none() | PRINTABLE.filter(bool)),
)
def test_a_signature_is_the_one_that_botocore_makes(  # noqa: PLR0917  # all that a request has
    host: str, scheme: str, port: str, path: str, service: str, now: int, more: dict[str, str], body: bytes,
    keys: tuple[str, str, str | None],
) -> None:  # fmt: skip
    url = f"{scheme}://{host}{port}{path}"
    headers = {**HEADERS, **more}

    signed = Signer(url, service, "eu-west-1", lambda: now).signed(headers, body, Credentials(*keys))

    expected = by_botocore(url, service, now, headers, body, keys)
    assert {name: signed[name] for name in expected} == expected


@given(
    path=st.sampled_from(["", "/bucket"]),
    key=st.sampled_from(["/a", "/dead-letters/2026/11/22/x.ndjson.gz", "/a%20b/%C3%BC", "/a//b/../c", "/~"]),
    now=st.integers(0, 4_102_444_799),
    body=st.binary(max_size=200),
    token=st.none() | PRINTABLE.filter(bool),
)
def test_a_signature_of_an_object_is_the_one_that_botocore_makes(
    path: str, key: str, now: int, body: bytes, token: str | None
) -> None:
    url, keys = f"https://letters.s3.eu-west-1.amazonaws.com{path}", ("AKIAEXAMPLE", "the-secret", token)
    headers = {"content-type": "application/x-ndjson", "x-amz-content-sha256": hashlib.sha256(body).hexdigest()}

    signer = Signer(url, "s3", "eu-west-1", lambda: now)
    signed = signer.signed(headers, body, Credentials(*keys), ("PUT", key))

    request = AWSRequest("PUT", url + key, headers={"content-type": "application/x-ndjson"}, data=body)
    request.context["client_config"] = Config(s3={"payload_signing_enabled": True})
    with mock.patch("botocore.auth.get_current_datetime", return_value=datetime.fromtimestamp(now, UTC)):
        S3SigV4Auth(ReadOnlyCredentials(*keys), "s3", "eu-west-1").add_auth(request)
    expected = {name.lower(): value for name, value in request.headers.items()}
    assert {name: signed[name] for name in expected} == expected


def test_the_key_of_a_day_is_made_anew_when_day_or_secret_change() -> None:
    """One signer lives for as long as a function's environment, over midnight and over new credentials."""
    now = [1_000_000_000.0]
    signer = Signer("https://x", "ssm", "eu-west-1", lambda: now[0])
    for day in range(3):
        for secret in ("first", "second", "first"):
            now[0] = 1_000_000_000 + day * 86_400

            signed = signer.signed(HEADERS, b"{}", Credentials("id", secret, None))

            expected = by_botocore("https://x", "ssm", int(now[0]), HEADERS, b"{}", ("id", secret, None))
            assert signed["authorization"] == expected["authorization"]


def test_credentials_show_neither_secret_nor_token() -> None:
    shown = repr(Credentials("AKIAEXAMPLE", "the-secret", "the-token"))

    assert shown == "Credentials('AKIAEXAMPLE')"
