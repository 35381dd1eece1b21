"""The AWS emulator: how it is started and when it is ready."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

import boto3
import requests
from botocore.config import Config

from local.state import CHECKOUT, tool

if TYPE_CHECKING:
    from pathlib import Path

    from local.state import State

REGION = "us-east-1"
ACCOUNT = "000000000000"
ACCESS_KEY = "test"  # the emulator's root credentials, fixed by it and good for nothing else
SECRET_KEY = "test"  # noqa: S105
PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TZ")


def decisions_file(state: State) -> Path:
    """Where the emulator notes what it decided about each role (local.emulator_iam)."""
    return state.temporary / "decisions.ndjson"


def process(state: State, port: int) -> dict[str, Any]:
    """The emulator's process, for the supervisor. IAM is enforced and only loopback is served."""
    environment = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    environment |= {
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "AUTH": "true",
        "MINISTACK_REGION": REGION,
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "AWS_EC2_METADATA_DISABLED": "true",
        "TMPDIR": str(state.temporary),
        "S3_DATA_DIR": str(state.temporary / "s3"),
        "STATE_DIR": str(state.temporary / "state"),
        "LOG_LEVEL": "WARNING",
        "DECISIONS_FILE": str(decisions_file(state)),
        # It would serve these on every interface.
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
    }
    command = [tool("emulator", "python"), str(CHECKOUT / "local" / "emulator_main.py")]
    return {"name": "aws", "command": command, "environment": environment, "folder": str(state.temporary)}


def client(url: str, service: str, region: str = REGION) -> Any:
    """A boto3 client of the emulator at a URL, as the account's root."""
    return boto3.client(  # type: ignore[call-overload]  # the stub knows literal names only
        service,
        endpoint_url=url,
        region_name=region,
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
        config=Config(read_timeout=320, retries={"total_max_attempts": 1}),  # longer than any function may take
    )


def endpoint(port: int) -> str:
    return f"http://127.0.0.1:{port}"


def is_ready(url: str) -> bool:
    """Whether the emulator answers at all."""
    try:
        return requests.get(f"{url}/_ministack/health", timeout=2).ok
    except requests.RequestException:
        return False


def runtime() -> str:
    """The Lambda runtime that this machine's interpreter is: the emulator runs functions in it."""
    return f"python{sys.version_info.major}.{sys.version_info.minor}"
