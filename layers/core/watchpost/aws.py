"""Clients of AWS services, each made at its first use and kept: none at import.

They are botocore's, as boto3's are: importing boto3 as well would take time, for transfers of files and for resources
that nothing here uses. botocore itself is imported at the first use, too: what a shipper does every day goes without
(`direct`).
"""

from __future__ import annotations

import functools
import os
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from watchpost import direct, direct_objects
from watchpost.signing import Credentials

if TYPE_CHECKING:
    from collections.abc import Callable

    import botocore.session
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_ssm import SSMClient

    # The others' stubs are installed, DynamoDB's are not.
    DynamoDBClient = Any

# Short enough that a hanging endpoint leaves time to store what it did not take (seconds).
CONNECT_TIMEOUT = 3
READ_TIMEOUT = 10
MAX_ATTEMPTS = direct.MAX_ATTEMPTS
BRIEF = 1  # seconds to connect, and to read, for callers that do without an answer


def code_of(error: Exception) -> str:
    """The code of an error that AWS answered with, "" for errors without an answer."""
    return error.response.get("Error", {}).get("Code", "") if isinstance(error, ClientError) else ""


@functools.lru_cache(maxsize=1)
def session() -> botocore.session.Session:
    """The session of this process: where its credentials come from."""
    import botocore.session  # half of the start of a function that needs it  # noqa: PLC0415

    return botocore.session.get_session()


def _client(
    service: str, attempts: int = MAX_ATTEMPTS, connect: float = CONNECT_TIMEOUT, read: float = READ_TIMEOUT
) -> Any:
    from botocore.config import Config  # as above  # noqa: PLC0415

    retries = {"mode": "standard", "total_max_attempts": attempts}
    # In us-east-1 botocore would go to the endpoint of all regions, and `direct_objects` to that of the region.
    s3 = {"us_east_1_regional_endpoint": "regional"}
    config = Config(connect_timeout=connect, read_timeout=read, retries=retries, s3=s3)  # type: ignore[arg-type]  # the stub wants its own TypedDict
    return session().create_client(service, config=config)


@functools.cache
def client(service: str) -> Any:
    """Any service by botocore's name, for callers that count and pace their own attempts: one call is one request."""
    return _client(service, attempts=1)


@functools.lru_cache(maxsize=1)
def dynamodb() -> DynamoDBClient:
    """Amazon DynamoDB."""
    return _client("dynamodb")


@functools.lru_cache(maxsize=1)
def dynamodb_brief() -> DynamoDBClient:
    """Amazon DynamoDB for callers that do without an answer rather than wait: two attempts of a second each."""
    return _client("dynamodb", attempts=2, connect=BRIEF, read=BRIEF)


@functools.lru_cache(maxsize=1)
def lambda_() -> LambdaClient:
    """AWS Lambda."""
    return _client("lambda")  # type: ignore[no-any-return]


@functools.lru_cache(maxsize=1)
def s3() -> S3Client:
    """Amazon S3."""
    return _client("s3")  # type: ignore[no-any-return]


@functools.lru_cache(maxsize=1)
def secrets() -> SecretsManagerClient:
    """AWS Secrets Manager."""
    return _client("secretsmanager")  # type: ignore[no-any-return]


@functools.lru_cache(maxsize=1)
def ssm() -> SSMClient:
    """Systems Manager Parameter Store."""
    return _client("ssm")  # type: ignore[no-any-return]


def bucket(left: Callable[[], float]) -> S3Client | direct_objects.Objects:
    """What puts objects: botocore's client of S3, or what does the same in a function.

    left: seconds in which an object must be stored; botocore does not look at them.
    """
    return direct_objects.objects(left) or s3()


def get_parameter(name: str) -> dict[str, Any]:
    """A parameter as Parameter Store has it: Value and Version (SSM API, GetParameter).

    name: also `name:version`. Raises botocore's errors.
    """
    caller = direct.caller(direct.SSM)
    found = caller.call("GetParameter", {"Name": name}) if caller else ssm().get_parameter(Name=name)
    return dict(found["Parameter"])


def get_secret(reference: str) -> str:
    """The text of a secret, by ARN or name; "" where it has none (Secrets Manager API, GetSecretValue).

    Raises botocore's errors.
    """
    caller = direct.caller(direct.SECRETS_MANAGER)
    if caller is None:
        return secrets().get_secret_value(SecretId=reference).get("SecretString", "")
    return str(caller.call("GetSecretValue", {"SecretId": reference}).get("SecretString", ""))


def credentials() -> Credentials | None:
    """The credentials of this process as they are now; None when there are none."""
    given = direct.credentials(os.environ)
    if given is not None:
        return given
    found = session().get_credentials()
    if found is None:
        return None
    now = found.get_frozen_credentials()
    return Credentials(now.access_key or "", now.secret_key or "", now.token)
