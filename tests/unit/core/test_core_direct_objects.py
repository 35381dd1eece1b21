"""Objects that are put without botocore: they go where its client would put them."""

from __future__ import annotations

import functools
import io
from typing import TYPE_CHECKING, Any

import botocore.session
import pytest
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from hypothesis import given
from hypothesis import strategies as st
from urllib3 import HTTPResponse
from watchpost import direct_objects

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest

FUNCTION = {
    "AWS_LAMBDA_FUNCTION_NAME": "watchpost-shipper",
    "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "the-secret",
    "AWS_REGION": "eu-west-1",
    "URL_SUFFIX": "amazonaws.com",
}
SESSION = botocore.session.Session()
CONFIG = Config(s3={"us_east_1_regional_endpoint": "regional"})  # as aws.s3


@functools.cache
def _client(region: str, endpoint: str | None) -> Any:
    keys = {"aws_access_key_id": "x", "aws_secret_access_key": "x"}
    return SESSION.create_client("s3", region, endpoint_url=endpoint, config=CONFIG, **keys)


def by_botocore(bucket: str, key: str, region: str, endpoint: str | None = None) -> str:
    """The URL that botocore's client puts an object to."""
    asked: list[str] = []

    def instead_of_sending(request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        asked.append(request.url)
        return AWSResponse(request.url, 200, {}, HTTPResponse(io.BytesIO(), preload_content=False))

    client = _client(region, endpoint)
    client.meta.events.register_first("before-send.s3", instead_of_sending, unique_id="test")
    client.put_object(Bucket=bucket, Key=key, Body=b"")
    client.meta.events.unregister("before-send.s3", unique_id="test")
    return asked[0]


@pytest.mark.parametrize("partition", SESSION.get_available_partitions())
@pytest.mark.parametrize("bucket", ["watchpost-letters-1a2b", "watchpost.letters"])
def test_an_object_goes_where_botocore_would_put_it(partition: str, bucket: str) -> None:
    suffix = SESSION._get_internal_component("endpoint_resolver").get_partition_dns_suffix(partition)

    for region in SESSION.get_available_regions("s3", partition):
        assert f"{direct_objects.url_of(bucket, region, suffix, {})}/key" == by_botocore(bucket, "key", region)


def test_the_environment_may_name_another_endpoint() -> None:
    named = {"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:2/"}

    url = direct_objects.url_of("letters", "eu-west-1", "amazonaws.com", named)

    assert f"{url}/key" == by_botocore("letters", "key", "eu-west-1", "http://127.0.0.1:2")
    del named["AWS_ENDPOINT_URL_S3"]
    assert direct_objects.url_of("letters", "eu-west-1", "amazonaws.com", named) == "http://127.0.0.1:1/letters"


@given(st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\r\n\t"), min_size=1, max_size=20))
def test_a_key_is_written_as_botocore_writes_it(key: str) -> None:
    url = direct_objects.url_of("letters", "eu-west-1", "amazonaws.com", {})

    assert url + direct_objects.path_of(key) == by_botocore("letters", key, "eu-west-1")


def test_a_function_puts_objects_by_itself() -> None:
    assert direct_objects.objects(lambda: 1.0, FUNCTION) is not None


@pytest.mark.parametrize("name", FUNCTION)
def test_whoever_has_not_all_that_a_function_has_asks_botocore(name: str) -> None:
    assert direct_objects.objects(lambda: 1.0, {**FUNCTION, name: ""}) is None
