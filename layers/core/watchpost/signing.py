"""Signature Version 4 of requests to services of AWS: POST of the endpoint itself, or PUT below it; without a query.

As AWS documents it (IAM User Guide, "Create a signed AWS API request"); a property test holds it against botocore's.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_ALGORITHM = "AWS4-HMAC-SHA256"
_PORTS = {"http": 80, "https": 443}
_UNSIGNED = {"user-agent"}  # what is on the way may change it


class Credentials:
    """Credentials of AWS; token: None for those that last. Shown by the key's id only."""

    __slots__ = ("access_key", "secret_key", "token")

    def __init__(self, access_key: str, secret_key: str, token: str | None) -> None:
        self.access_key = access_key
        self.secret_key = secret_key
        self.token = token

    def __repr__(self) -> str:
        return f"Credentials({self.access_key!r})"


class Signer:
    """Signs requests to one service at one endpoint."""

    def __init__(self, url: str, service: str, region: str, clock: Callable[[], float] = time.time) -> None:
        """url: of the endpoint. service: its name in signatures, such as "monitoring". clock: seconds of the epoch."""
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port and parts.port != _PORTS.get(parts.scheme) else ""
        name = parts.hostname or ""
        self._host = (f"[{name}]" if ":" in name else name) + port
        self._path = quote(parts.path.rstrip("/"), safe="/~")
        self._words = (region, service, "aws4_request")
        self._clock = clock
        # The key of a day, and what it was made of.
        self._made: tuple[tuple[str, str], bytes] | None = None

    def signed(
        self, headers: Mapping[str, str], body: bytes, keys: Credentials, target: tuple[str, str] = ("POST", "/")
    ) -> dict[str, str]:
        """The headers of a request with those of its signature.

        headers: by lower-case name; all are signed but `user-agent`. target: method, and path below the endpoint, as it
        is sent.
        """
        now = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(self._clock()))
        signed = {**headers, "host": self._host, "x-amz-date": now}
        if keys.token:
            signed["x-amz-security-token"] = keys.token
        names = sorted(signed.keys() - _UNSIGNED)
        values = [f"{name}:{' '.join(signed[name].split())}\n" for name in names]
        listed = ";".join(names)
        digest = headers.get("x-amz-content-sha256") or hashlib.sha256(body).hexdigest()
        method, path = target
        request = f"{method}\n{self._path}{path}\n\n{''.join(values)}\n{listed}\n{digest}"
        scope = "/".join((now[:8], *self._words))
        text = f"{_ALGORITHM}\n{now}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
        signature = hmac.digest(self._key(now[:8], keys.secret_key), text.encode(), "sha256").hex()
        signed["authorization"] = (
            f"{_ALGORITHM} Credential={keys.access_key}/{scope}, SignedHeaders={listed}, Signature={signature}"
        )
        return signed

    def _key(self, day: str, secret: str) -> bytes:
        made = self._made
        if made is None or made[0] != (day, secret):
            key = f"AWS4{secret}".encode()
            for word in (day, *self._words):
                key = hmac.digest(key, word.encode(), "sha256")
            self._made = made = (day, secret), key
        return made[1]
