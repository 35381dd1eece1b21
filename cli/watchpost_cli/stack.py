"""The deployed stack, with the AWS credentials of the shell."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, NoRegionError

from watchpost_cli.errors import CliError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

OUTPUT = "ReplayFunction"
CALL_SECONDS = 30  # of work that one invocation is asked for
# What it needs beyond that: what was begun is ended, which takes two invocations of the shipper at most.
_READ_TIMEOUT = CALL_SECONDS + 150
ATTEMPTS = 8  # of a call that only reads: others use the account's quotas too


@dataclass(frozen=True, slots=True)
class Deployed:
    """A deployed stack, as CloudFormation tells it."""

    name: str
    arn: str
    outputs: Mapping[str, str]
    parameters: Mapping[str, str]
    status: str = ""  # such as UPDATE_COMPLETE
    reason: str = ""  # why it has that status, where CloudFormation says so

    def output(self, key: str) -> str:
        """The value of an output. Raises CliError where the stack has none of that name."""
        if key not in self.outputs:
            raise CliError(
                f"The stack {self.name} has no output {key}. Deploy a newer version, or name another one: --stack."
            )
        return self.outputs[key]

    def arn_of(self, service: str, resource: str) -> str:
        """The ARN of something in the stack's region and account."""
        # arn:<partition>:cloudformation:<region>:<account>:stack/<name>/<id>
        parts = [*self.arn.split(":"), *[""] * 5][:5]
        return ":".join(("arn", parts[1], service, parts[3], parts[4], resource))


def deployed(name: str) -> Deployed:
    """Find a stack. Raises CliError."""
    with reading(f"The stack {name}"):
        described = client("cloudformation").describe_stacks(StackName=name)["Stacks"]
    return described_as(name, described[0] if described else {})


def described_as(name: str, found: Mapping[str, Any]) -> Deployed:
    """A stack as DescribeStacks describes it."""
    return Deployed(
        name=name,
        arn=str(found.get("StackId", "")),
        outputs={item["OutputKey"]: str(item["OutputValue"]) for item in found.get("Outputs", [])},
        parameters={item["ParameterKey"]: str(item.get("ParameterValue", "")) for item in found.get("Parameters", [])},
        status=str(found.get("StackStatus", "")),
        reason=str(found.get("StackStatusReason", "")),
    )


class Stack:
    """A stack's replay function."""

    def __init__(self, name: str) -> None:
        """Find the function by the stack's outputs. Raises CliError."""
        # One attempt: an invocation whose answer is lost goes on, and a second one would only wait for it.
        self._client = client("lambda", attempts=1, read_timeout=_READ_TIMEOUT)
        self._function = deployed(name).output(OUTPUT)

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


def client(service: str, *, attempts: int = ATTEMPTS, read_timeout: int = 30) -> Any:
    """A client of an AWS service. read_timeout: seconds. Raises CliError."""
    config = Config(read_timeout=read_timeout, retries={"total_max_attempts": attempts, "mode": "standard"})
    try:
        return boto3.client(service, config=config)  # type: ignore[call-overload]  # the stub knows literal names only
    except (BotoCoreError, ValueError) as error:
        raise CliError(f"AWS cannot be reached: {told(error)}") from None


@contextmanager
def reading(what: str, verb: str = "read") -> Iterator[None]:
    """Turn the errors of AWS into CliError. what: the subject of the sentence; verb: what cannot be done to it."""
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        raise CliError(f"{what} cannot be {verb}: {told(error)}") from None
