"""Whether a request is signed as AWS demands: Signature Version 4 (IAM User Guide, Create a signed AWS API request)."""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

REGION, SERVICES = "eu-west-1", ("s3", "ssm", "secretsmanager", "dynamodb", "monitoring")
ACCESS_KEY, SECRET_KEY, SESSION_TOKEN = "AKIAEXAMPLE", "made-up-key", "made-up-token"


def fault_of(  # noqa: PLR0911  # there are many
    method: str, target: str, headers: Mapping[str, str], body: bytes
) -> str | None:
    """What is wrong with a request's signature, or None; headers: by lower-case name."""
    scheme, _, rest = headers.get("authorization", "").partition(" ")
    parts = dict(part.strip().partition("=")[::2] for part in rest.split(","))
    scope = parts.get("Credential", "").split("/")
    if scheme != "AWS4-HMAC-SHA256" or len(scope) != 5 or scope[0] != ACCESS_KEY:
        return "no signature"
    if headers.get("x-amz-security-token") != SESSION_TOKEN:
        return "no session token"
    signed = parts.get("SignedHeaders", "").split(";")
    if not {"host", "x-amz-date"} <= set(signed):
        return "host or date is not signed"
    _, date, region, service, _ = scope
    if region != REGION or service not in SERVICES or (service == "s3") != (method == "PUT"):
        return "scope"
    needed = {name for name in headers if name.startswith("x-amz-")}
    if not needed | ({"x-amz-content-sha256"} if service == "s3" else set()) <= set(signed):
        return "not all that is AWS's is signed"
    path, query = urlsplit(target)[2:4]
    payload = hashlib.sha256(body).hexdigest()
    if headers.get("x-amz-content-sha256", payload) not in (payload, "UNSIGNED-PAYLOAD"):
        return "hash of the body"
    canonical = "\n".join(
        (
            method,
            path if service == "s3" else quote(path, safe="/-_.~"),
            "&".join(sorted(f"{quote(k, safe='-_.~')}={quote(v, safe='-_.~')}" for k, v in parse_qsl(query, True))),
            *(f"{name}:{' '.join(headers.get(name, '').split())}" for name in signed),
            "",
            ";".join(signed),
            headers.get("x-amz-content-sha256", payload),
        )
    )
    to_sign = "\n".join(
        ("AWS4-HMAC-SHA256", headers["x-amz-date"], "/".join(scope[1:]), hashlib.sha256(canonical.encode()).hexdigest())
    )
    key = f"AWS4{SECRET_KEY}".encode()
    for word in (date, region, service, "aws4_request"):
        key = hmac.digest(key, word.encode(), "sha256")
    expected = hmac.digest(key, to_sign.encode(), "sha256").hex()
    return None if hmac.compare_digest(expected, parts.get("Signature", "")) else "signature"
