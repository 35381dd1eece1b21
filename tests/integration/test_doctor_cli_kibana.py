"""`watchpost doctor` of a Kibana that is named by its address, and in a shell that has no account, or none in reach."""

from __future__ import annotations

import os
import ssl
from typing import TYPE_CHECKING

import boto3
import pytest
import trustme
from watchpost_cli.main import main

from tests.integration.doctor_account import Account, one_account, opened
from tests.integration.doctor_server import Server
from tests.integration.doctor_world import LOGIN, REGION

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.integration.doctor_world import World


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    with one_account() as made:
        yield made


@pytest.fixture
def world(account: Account, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[World]:
    with opened(account, monkeypatch, capsys) as made:
        yield made


@pytest.mark.parametrize("space", ["default", "team"])
def test_a_kibana_is_looked_at_by_its_address_without_an_account(
    world: World, monkeypatch: pytest.MonkeyPatch, space: str
) -> None:
    """The smoke command against a real Kibana: it reads, and asks AWS for nothing but the stack's place."""
    world.refused |= {"DescribeStacks", "GetFunctionConfiguration", "GetSecretValue"}
    monkeypatch.setenv("KIBANA_USERNAME", LOGIN["username"])
    monkeypatch.setenv("KIBANA_PASSWORD", LOGIN["password"])
    monkeypatch.setenv("KIBANA_SPACE", space)
    world.kibana.answers["/api/spaces/space/team"] = world.kibana.answers["/api/spaces/space/default"]

    code, out, _ = world.run("--kibana", f"{world.kibana.url}/")

    assert code == 0, out
    assert "1 check: 1 ok." in out
    asked = [request.removeprefix("/s/team") for request in world.kibana.requests]
    base = "/s/team" if space == "team" else ""
    exports = [f"POST {base}/api/saved_objects/_export"] * 2
    assert asked == ["GET /api/status", f"GET /api/spaces/space/{space}", *exports]
    assert world.elasticsearch.requests == []


def test_a_kibana_is_believed_only_with_a_certificate_that_somebody_vouches_for(world: World) -> None:
    """The authority may be one that only the secret names; the status is not asked for in the clear either."""
    authority = trustme.CA()
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(tls)
    server = Server(tls=tls)
    server.answers = world.kibana.answers
    world.parameters["KibanaUrl"] = server.url

    [bad] = world.check("kibana")["findings"]
    assert "certificate is not trusted" in bad["seen"]
    assert server.requests == []

    world.secret("ElasticsearchSecret", {**LOGIN, "ca_certificate": authority.cert_pem.bytes().decode()})
    assert world.check("kibana")["status"] == "ok"
    server.close()


def test_a_kibana_without_our_objects_is_found(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.refused |= {"DescribeStacks", "GetFunctionConfiguration"}
    monkeypatch.setenv("KIBANA_USERNAME", LOGIN["username"])
    monkeypatch.setenv("KIBANA_PASSWORD", LOGIN["password"])
    world.objects.clear()

    code, out, _ = world.run("--kibana", world.kibana.url)

    assert code == 1
    assert "there are objects of 0 stacks wp in it" in out


@pytest.mark.parametrize(
    "arguments",
    [
        ["--kibana", "kibana:5601"],
        ["--kibana", "http://"],
        ["--kibana", "http://[::1"],
        ["--kibana", "http://k:port"],
        ["--kibana", "http://k", "--only", "stack"],
        ["--kibana", "http://u:s3cr3t@k"],
        ["--kibana", "u:s3cr3t@k"],
        ["--kibana", "http://u:s3cr3t/@k"],
    ],
)
def test_what_makes_no_sense_is_refused_and_no_password_is_shown(world: World, arguments: list[str]) -> None:
    code, out, err = world.run(*arguments)

    assert (code, out) == (2, "")
    assert "--kibana" in err
    assert err.count("\n") == 1
    assert "s3cr3t" not in err


@pytest.fixture
def no_account(world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> World:
    """A shell of somebody who has nothing to do with AWS."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    return world


@pytest.mark.parametrize("profile", [None, "nope"])
def test_a_kibana_is_looked_at_without_any_credentials_of_aws(
    no_account: World, monkeypatch: pytest.MonkeyPatch, profile: str | None
) -> None:
    monkeypatch.setenv("KIBANA_USERNAME", LOGIN["username"])
    monkeypatch.setenv("KIBANA_PASSWORD", LOGIN["password"])
    if profile:
        monkeypatch.setenv("AWS_PROFILE", profile)

    code, out, err = no_account.run("--kibana", no_account.kibana.url)

    assert (code, err) == (0, ""), out
    assert "1 check: 1 ok." in out


def test_a_kibana_without_any_credentials_says_which_to_set(no_account: World) -> None:
    code, out, _ = no_account.run("--kibana", no_account.kibana.url)

    assert code == 1
    assert "Set KIBANA_API_KEY, or KIBANA_USERNAME and KIBANA_PASSWORD." in out
    assert "region" not in out


def test_a_profile_that_there_is_not_is_told_in_one_line(no_account: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nope")

    code, out, err = no_account.run()

    assert (code, out) == (2, "")
    assert err == "watchpost: AWS cannot be reached: The config profile (nope) could not be found\n"


def test_where_aws_cannot_be_reached_nothing_could_be_looked_at(
    no_account: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("AWS_ACCESS_KEY_ID", "a"), ("AWS_SECRET_ACCESS_KEY", "b"), ("AWS_REGION", REGION)):
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")

    code, found = no_account.all()

    assert code == 2
    assert {one["status"] for one in found.values()} == {"failed"}


@pytest.mark.parametrize("default", [None, "us-east-1"])
def test_the_region_is_that_of_aws_region(
    no_account: World, monkeypatch: pytest.MonkeyPatch, default: str | None
) -> None:
    """As for the AWS CLI; the library that asks goes by AWS_DEFAULT_REGION only."""
    for name, value in (("AWS_ACCESS_KEY_ID", "a"), ("AWS_SECRET_ACCESS_KEY", "b"), ("AWS_REGION", "eu-north-1")):
        monkeypatch.setenv(name, value)
    if default:
        monkeypatch.setenv("AWS_DEFAULT_REGION", default)
    boto3.setup_default_session()
    assert boto3.DEFAULT_SESSION
    seen: list[str] = []
    boto3.DEFAULT_SESSION.events.register("before-sign", lambda request, **_: seen.append(request.url))

    no_account.run("--only", "stack")
    main(["subscriptions", "--stack", "wp"])

    assert len(seen) == 2
    assert all("eu-north-1" in url for url in seen)
    assert os.environ.get("AWS_DEFAULT_REGION") == default
