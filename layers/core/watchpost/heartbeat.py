"""The dead-man's switch: an address outside that expects a request every minute, and tells somebody when none comes.

It is the field `heartbeat` of the secret of notifications: an https URL, or an object with `url` and what a receiver
may say of its connection:

    {"receivers": […], "heartbeat": "https://hc.example.com/ping/…"}
    {"receivers": […], "heartbeat": {"url": "https://…", "allow_private": true, "ca_certificate": "…PEM…"}}
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from watchpost import proxies
from watchpost.errors import ConfigurationError

if TYPE_CHECKING:
    from watchpost.secrets import Secret

FIELD = "heartbeat"
_FIELDS = frozenset({"url", "allow_insecure", "allow_private", "ca_certificate"})
_PEM = "-----BEGIN CERTIFICATE-----"
_LONGEST = 2_000  # characters of the URL


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """Where it goes. The URL does not show: whoever has it can keep the switch from telling anybody.

    ca_certificate: PEM of the authority that vouches for the host; None for those that everybody trusts.
    """

    url: str = field(repr=False)
    allow_private: bool = False
    ca_certificate: str | None = field(default=None, repr=False)
    proxy_authorization: str | None = field(default=None, repr=False)  # as of proxies.authorization


def parse(secret: Secret) -> Heartbeat | None:
    """Read the heartbeat from the secret of notifications; None when it has none.

    Raises ConfigurationError with the path, and never with the URL.
    """
    found = secret.get(FIELD)
    if found is None:
        return None
    path = f"secret {secret.reference}: {FIELD}"
    values = {"url": found} if isinstance(found, str) else found
    if not isinstance(values, dict):
        raise ConfigurationError(path, _kind(found), "https://…, or an object with url")
    if set(values) - _FIELDS:  # not named: a URL may have slipped into the place of a field
        raise ConfigurationError(path, "a field that a heartbeat does not have", f"{', '.join(sorted(_FIELDS))} only")
    insecure, private = (_flag(path, values, name) for name in ("allow_insecure", "allow_private"))
    pem = values.get("ca_certificate")
    if pem is not None and not (isinstance(pem, str) and pem.isascii() and _PEM in pem):
        raise ConfigurationError(f"{path}.ca_certificate", _kind(pem), "a certificate as PEM text")
    url = _url(path, values.get("url"), insecure=insecure)
    return Heartbeat(url, private, pem, proxies.authorization(secret))


def _url(path: str, url: Any, *, insecure: bool) -> str:
    scheme = _scheme(url)
    if scheme is None:
        raise ConfigurationError(path, f"{_kind(url)} that is no URL", "https://…")
    if scheme != "https" and not insecure:
        expected = "https://…, or an object with url and allow_insecure: true"
        raise ConfigurationError(path, "a URL without TLS", expected)
    return str(url)


def _scheme(url: Any) -> str | None:
    """`http` or `https` of a URL that can be called, or None."""
    if not isinstance(url, str) or not (url.isascii() and url.isprintable()) or " " in url or len(url) > _LONGEST:
        return None
    try:
        parts = urlsplit(url)
        good = bool(parts.hostname) and parts.port != 0 and parts.username is None  # reading the port checks it
    except ValueError:
        return None
    return parts.scheme if good and parts.scheme in ("http", "https") else None


def _flag(path: str, values: dict[str, Any], name: str) -> bool:
    value = values.get(name, False)
    if not isinstance(value, bool):
        raise ConfigurationError(f"{path}.{name}", _kind(value), "true or false")
    return value


def _kind(value: Any) -> str:
    names = {str: "text", list: "a list", dict: "an object", bool: "a boolean", type(None): "nothing"}
    return names.get(type(value), "a number")
