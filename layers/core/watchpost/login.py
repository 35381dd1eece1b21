"""How a request proves who sends it, and how the server is verified: from the secret of Elasticsearch."""

from __future__ import annotations

import base64
import ssl
from typing import TYPE_CHECKING

from watchpost.errors import ConfigurationError

if TYPE_CHECKING:
    from watchpost.secrets import Secret


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
    """What a server is verified with: the system's authorities, or the one in `ca_certificate` (PEM).

    Raises ConfigurationError when that is not a certificate.
    """
    ca_certificate = credentials.get("ca_certificate")
    try:
        return ssl.create_default_context(cadata=ca_certificate or None)
    except (ssl.SSLError, ValueError, TypeError):
        path = f"secret {credentials.reference}: ca_certificate"
        raise ConfigurationError(path, "text that is not a certificate", "a PEM certificate") from None
