"""The configuration in Parameter Store as moto has it: an earlier version stays in force while the newest is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.ssm.models import ssm_backends
from watchpost import aws, configuration
from watchpost.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = "/watchpost/stack/config"
GOOD, NEWER, BAD = '{"service_tags": ["a"]}', '{"service_tags": ["b"]}', '{"service_tags": "b"}'


@pytest.fixture(autouse=True)
def _account(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    _new_process()
    with mock_aws():
        yield
    _new_process()


def _new_process() -> None:
    aws.ssm.cache_clear()
    configuration._sources.clear()


def _store(*texts: str) -> Any:
    ssm = boto3.client("ssm", region_name="eu-west-1")
    for text in texts:
        ssm.put_parameter(Name=NAME, Value=text, Type="String", Overwrite=True)
    return ssm


def _parameters() -> list[dict[str, list[Any]]]:
    """The versions of all parameters, as moto keeps them."""
    return [backend._parameters for _, _, backend in ssm_backends.iter_backends()]


def test_a_new_process_goes_by_the_newest_version_that_is_right_and_says_so() -> None:
    _store(GOOD, NEWER, BAD, "{")

    assert configuration.current(NAME).service_tags == ("b",)
    assert "version 4 is wrong, version 2 stays in force" in (configuration.problem(NAME) or "")


def test_when_the_document_is_put_right_a_new_process_goes_by_it_and_has_no_problem() -> None:
    _store(GOOD, BAD, NEWER)

    assert configuration.current(NAME).service_tags == ("b",)
    assert configuration.problem(NAME) is None


def test_a_version_that_is_gone_ends_the_search() -> None:
    """Parameter Store keeps the last 100 versions and drops those before, here all but the newest."""
    _store(GOOD, BAD)
    [kept] = [parameters[NAME] for parameters in _parameters() if NAME in parameters]
    del kept[0]

    with pytest.raises(ConfigurationError) as caught:
        configuration.current(NAME)
    assert caught.value.path == "configuration.service_tags"
    assert configuration.problem(NAME) is None


def test_an_earlier_version_needs_the_same_call_for_the_same_parameter() -> None:
    _store(GOOD, BAD)
    asked: list[dict[str, Any]] = []
    aws.ssm().meta.events.register(
        "provide-client-params.ssm.*", lambda params, model, **_: asked.append({"call": model.name, **params})
    )

    configuration.current(NAME)

    assert asked == [{"call": "GetParameter", "Name": NAME}, {"call": "GetParameter", "Name": f"{NAME}:1"}]


def test_a_source_of_its_own_reads_what_has_just_been_stored() -> None:
    _store(GOOD)
    configuration.current(NAME)
    _store(NEWER)

    assert configuration.current(NAME).service_tags == ("a",)
    assert configuration.source(NAME).get().service_tags == ("b",)


def test_no_parameter_at_all_is_an_error_of_aws_and_no_problem_of_the_document() -> None:
    with pytest.raises(ClientError):
        configuration.current(NAME)
    assert configuration.problem(NAME) is None
    assert configuration.problem("/never-asked-for") is None
