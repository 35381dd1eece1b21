"""Who is told: the webhooks in the notification secret."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from watchpost.errors import ConfigurationError

if TYPE_CHECKING:
    from watchpost.secrets import Secret

FIELDS = {"name", "url", "allow_insecure"}


@dataclass(frozen=True, slots=True)
class Receiver:
    """A webhook. Its URL is a secret: whoever has it can post."""

    name: str
    url: str = field(repr=False)


def parse(secret: Secret) -> tuple[Receiver, ...]:
    """Read the receivers from a secret: {"webhooks": [{"name": …, "url": https://…, "allow_insecure": false}]}.

    Without `webhooks` there are none. Raises ConfigurationError with the path, and never with a URL.
    """
    path = f"secret {secret.reference}: webhooks"
    webhooks = secret.get("webhooks", [])
    if not isinstance(webhooks, list):
        raise ConfigurationError(path, _kind(webhooks), "a list of webhooks")
    receivers = tuple(_receiver(f"{path}[{index}]", item) for index, item in enumerate(webhooks))
    names = [receiver.name for receiver in receivers]
    for index, name in enumerate(names):
        if name in names[:index]:
            raise ConfigurationError(f"{path}[{index}].name", "the name of another webhook", "a name of its own")
    return receivers


def _receiver(path: str, item: Any) -> Receiver:
    if not isinstance(item, dict):
        raise ConfigurationError(path, _kind(item), "an object with name and url")
    if set(item) - FIELDS:
        # Not named: a URL may have slipped into the place of a field.
        raise ConfigurationError(path, "an unknown field", "name, url and allow_insecure only")
    name, url, insecure = item.get("name"), item.get("url"), item.get("allow_insecure", False)
    if not isinstance(name, str) or not name.isprintable() or not name.strip() or "://" in name:
        raise ConfigurationError(f"{path}.name", _kind(name), "a name that can be printed, and is not a URL")
    if not isinstance(insecure, bool):
        raise ConfigurationError(f"{path}.allow_insecure", _kind(insecure), "true or false")
    scheme = _scheme(url)
    if scheme is None:
        raise ConfigurationError(f"{path}.url", f"{_kind(url)} that is no URL of a webhook", "https://…")
    if scheme != "https" and not insecure:
        raise ConfigurationError(f"{path}.url", "a URL without TLS", "https://…, or allow_insecure: true beside it")
    return Receiver(name, str(url))


def _scheme(url: Any) -> str | None:
    """`http` or `https` of a URL that can be called, or None."""
    if not isinstance(url, str) or not url.isprintable() or " " in url:
        return None
    try:
        parts = urlsplit(url)
        # Reading the port checks it.
        good = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return None
    return parts.scheme if good and parts.scheme in ("http", "https") else None


def _kind(value: Any) -> str:
    names = {str: "text", list: "a list", dict: "an object", bool: "a boolean", type(None): "nothing"}
    return names.get(type(value), "a number")
