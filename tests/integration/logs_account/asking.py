"""What a call of the account is answered with, in one word."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError


def refusal(call: Any, **parameters: Any) -> str:
    """The code of the error that a method of a client is answered with; "" when it is done."""
    try:
        call(**parameters)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return ""
