"""How a request proves who sends it, and how the server is verified: from the secret of Elasticsearch."""

from __future__ import annotations

import base64
import re
import ssl
from typing import TYPE_CHECKING

from watchpost.errors import ConfigurationError

if TYPE_CHECKING:
    from watchpost.secrets import Secret

_BEGIN = "-----BEGIN CERTIFICATE-----"
_CERTIFICATE = re.compile(rf"{_BEGIN}[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----")


def authorization(credentials: Secret) -> str:
    """The `authorization` header: of `api_key`, or of `username` and `password`.

    Raises ConfigurationError when the secret has neither, or a key that no header can hold.
    """
    key = credentials.get("api_key")
    if key:
        if not (isinstance(key, str) and key.isascii() and key.isprintable()):
            # Said here, because what sends a header would repeat the key in its error.
            path = f"secret {credentials.reference}: api_key"
            raise ConfigurationError(path, "text that no header can hold", "printable ASCII")
        return f"ApiKey {key}"
    user, password = credentials.get("username"), credentials.get("password")
    if user and password:
        return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode("ascii")
    expected = '{"api_key": …} or {"username": …, "password": …}'
    raise ConfigurationError(f"secret {credentials.reference}", "no credentials", expected)


def tls(credentials: Secret) -> ssl.SSLContext:
    """What a server is verified with: the system's authorities, or those in `ca_certificate` (PEM) alone.

    Raises ConfigurationError when that is not a certificate, or one of several is none.
    """
    try:
        return trusting(credentials.get("ca_certificate"))
    except (ssl.SSLError, ValueError, TypeError):
        path = f"secret {credentials.reference}: ca_certificate"
        raise ConfigurationError(path, "text that is not a certificate", "a PEM certificate, or several") from None


def trusting(authorities: str | None) -> ssl.SSLContext:
    """A context that verifies servers with these authorities (PEM), the system's where there are none.

    Raises ssl.SSLError, ValueError or TypeError when one of them is not a certificate: OpenSSL alone would take those
    before a broken one, and say nothing.
    """
    context = ssl.create_default_context(cadata=authorities or None)
    found = _CERTIFICATE.findall(authorities or "")
    if (authorities or "").count(_BEGIN) != len(found):
        raise ValueError("a certificate without its end")
    for one in found if len(found) > 1 else ():
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=one)
    return context
