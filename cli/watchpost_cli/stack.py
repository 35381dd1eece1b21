"""The deployed stack, with the AWS credentials of the shell."""

from __future__ import annotations

import json
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, NoRegionError

from watchpost_cli.errors import CliError

OUTPUT = "ReplayFunction"
CALL_SECONDS = 30  # of work that one invocation is asked for
# What it needs beyond that: what was begun is ended, which takes two invocations of the shipper at most.
_READ_TIMEOUT = CALL_SECONDS + 150


class Stack:
    """A stack's replay function."""

    def __init__(self, name: str) -> None:
        """Find the function by the stack's outputs. Raises CliError."""
        self._client = _client("lambda")
        self._function = _function_of(name)

    def invoke(self, event: dict[str, Any]) -> dict[str, Any]:
        """Invoke the replay function and return its answer. Raises CliError."""
        try:
            response = self._client.invoke(FunctionName=self._function, Payload=json.dumps(event).encode())
            answer = json.loads(response["Payload"].read())
        except (ClientError, BotoCoreError) as error:
            raise CliError(f"The function {self._function} cannot be invoked: {told(error)}") from None
        except ValueError:
            raise CliError(f"The function {self._function} answered something that is not JSON.", 1) from None
        if "FunctionError" in response or not isinstance(answer, dict):
            message = answer.get("errorMessage") if isinstance(answer, dict) else answer
            log = f"Its log group is /aws/lambda/{self._function}."
            raise CliError(f"The function {self._function} failed: {message}. {log}", 1)
        return answer


def told(error: Exception) -> str:
    """One sentence on an error of AWS, with what to do where that is known."""
    if isinstance(error, NoCredentialsError):
        return "there are no AWS credentials in this shell. Log in, or set AWS_PROFILE."
    if isinstance(error, NoRegionError):
        return "no region is set. Set AWS_REGION, or one in your AWS profile."
    return " ".join(str(error).split()) or type(error).__name__


def _client(service: str) -> Any:
    # One attempt: an invocation whose answer is lost goes on, and a second one would only wait for it.
    config = Config(read_timeout=_READ_TIMEOUT, retries={"total_max_attempts": 1, "mode": "standard"})
    try:
        return boto3.client(service, config=config)  # type: ignore[call-overload]  # the stub knows literal names only
    except (BotoCoreError, ValueError) as error:
        raise CliError(f"AWS cannot be reached: {told(error)}") from None


def _function_of(stack: str) -> str:
    try:
        described = _client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    except (ClientError, BotoCoreError) as error:
        raise CliError(f"The stack {stack} cannot be read: {told(error)}") from None
    for output in described[0].get("Outputs", []) if described else []:
        if output["OutputKey"] == OUTPUT:
            return str(output["OutputValue"])
    raise CliError(f"The stack {stack} has no output {OUTPUT}. Deploy a newer version, or name another one: --stack.")
