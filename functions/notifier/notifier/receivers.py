"""Who is told: the receivers in the notification secret."""

from __future__ import annotations

import base64
import binascii
import re
import ssl
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from watchpost import login, proxies
from watchpost.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from watchpost.secrets import Secret

SLACK, TEAMS, PAGERDUTY, OPSGENIE = "slack", "teams", "pagerduty", "opsgenie"
WEBHOOK, EMAIL = "webhook", "email"

NAME = 100  # characters of a receiver's name
# Where messages go unless the receiver says `url` or `api_url` (Slack Web API; PagerDuty Events API v2; Opsgenie
# Alert API, where accounts in the EU have a host of their own).
SLACK_API = "https://slack.com/api"
PAGERDUTY_URL = "https://events.pagerduty.com/v2/enqueue"
OPSGENIE_URLS = {"us": "https://api.opsgenie.com", "eu": "https://api.eu.opsgenie.com"}
KEY_BYTES = (24, 64)  # of a webhook's signing secret, at least and at most (Standard Webhooks, signature scheme)

# What every receiver that is reached over HTTP may say.
_CONNECTION = frozenset({"name", "type", "allow_insecure", "allow_private", "ca_certificate"})
_FIELDS: Mapping[str, frozenset[str]] = {
    SLACK: _CONNECTION | {"url", "token", "channel", "api_url"},
    TEAMS: _CONNECTION | {"url"},
    PAGERDUTY: _CONNECTION | {"routing_key", "url"},
    OPSGENIE: _CONNECTION | {"api_key", "url", "region"},
    WEBHOOK: _CONNECTION | {"url", "secret"},
    EMAIL: frozenset({"name", "type", "topic_arn"}),
}
_ROUTING_KEY = re.compile(r"[A-Za-z0-9]{32}")  # Events API v2: the 32 character integration key
_HEADER_TEXT = re.compile(r"[!-~]{1,500}")  # fit for a header, which carries tokens and keys
_CHANNEL = re.compile(r"[^\s<>&]{1,100}")  # an id such as C0123456789, or a name
_TOPIC = re.compile(r"arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,256}")  # SNS API, CreateTopic; no FIFO topic
_PEM = "-----BEGIN CERTIFICATE-----"


@dataclass(frozen=True, slots=True)
class Receiver:
    """Somebody to tell. What gives access does not show: whoever has a webhook's URL can post.

    type: slack, teams, pagerduty, opsgenie, webhook or email. url: where to post; of Slack with a token and of Opsgenie
    what the addresses of their methods begin with. credential: Slack's token, PagerDuty's routing key, Opsgenie's API
    key or a webhook's signing secret; "" without. channel: Slack's, with a token. topic_arn: of e-mail.
    ca_certificate: PEM of the authority that vouches for the host; None for those that everybody trusts.
    proxy_authorization: the header for the stack's proxy, the same for all; None without one.
    """

    name: str
    type: str
    url: str = field(default="", repr=False)
    credential: str = field(default="", repr=False)
    channel: str = ""
    topic_arn: str = field(default="", repr=False)
    allow_insecure: bool = False
    allow_private: bool = False
    ca_certificate: str | None = field(default=None, repr=False)
    proxy_authorization: str | None = field(default=None, repr=False)


def parse(secret: Secret, mail_topic: str = "", alarm_topics: Collection[str] = ()) -> tuple[Receiver, ...]:
    """Read the receivers from a secret: {"receivers": [{"name": …, "type": "slack", "url": https://…}]}.

    mail_topic: ARN for e-mail receivers without a topic of their own. alarm_topics: ARNs of topics that nothing may be
    sent to, as the notifier itself is told of what they get. Without `receivers` there are none.
    Raises ConfigurationError with the path, and never with a URL or a key.
    """
    good, wrong = good_and_wrong(secret, mail_topic, alarm_topics)
    if wrong:
        raise wrong[0]
    return good


def good_and_wrong(
    secret: Secret, mail_topic: str = "", alarm_topics: Collection[str] = ()
) -> tuple[tuple[Receiver, ...], tuple[ConfigurationError, ...]]:
    """The receivers that can be told, and what is wrong with the others: one mistake must not silence them all."""
    path = f"secret {secret.reference}: receivers"
    wrong: list[ConfigurationError] = []
    nothing = object()
    if secret.get("webhooks", nothing) is not nothing:
        old = f"secret {secret.reference}: webhooks"
        wrong.append(ConfigurationError(old, "the old list", "`receivers`, each webhook with `type: webhook`"))
    items = secret.get("receivers", [])
    if not isinstance(items, list):
        return (), (*wrong, ConfigurationError(path, _kind(items), "a list of receivers"))
    authorization = None
    try:
        authorization = proxies.authorization(secret)
    except ConfigurationError as error:
        wrong.append(error)
    good: dict[str, Receiver] = {}
    for index, item in enumerate(items):
        try:
            found = _receiver(f"{path}[{index}]", item, mail_topic, alarm_topics)
        except ConfigurationError as error:
            wrong.append(error)
            continue
        if found.name in good:
            again = ConfigurationError(f"{path}[{index}].name", "the name of another receiver", "a name of its own")
            wrong.append(again)
        else:
            good[found.name] = replace(found, proxy_authorization=authorization)
    return tuple(good.values()), tuple(wrong)


@dataclass(frozen=True, slots=True)
class _Item:
    """A receiver as the secret has it, with the path for what is wrong with it."""

    path: str
    values: Mapping[str, Any]

    def get(self, name: str, fits: Callable[[str], bool], expected: str, default: str | None = None) -> str:
        """The text of a field; the default when it is absent and there is one."""
        value = self.values.get(name)
        if value is None and default is not None and name not in self.values:
            return default
        if not isinstance(value, str) or not fits(value):
            found = "text that does not fit" if isinstance(value, str) else _kind(value)
            raise ConfigurationError(f"{self.path}.{name}", found, expected)
        return value

    def flag(self, name: str) -> bool:
        value = self.values.get(name, False)
        if not isinstance(value, bool):
            raise ConfigurationError(f"{self.path}.{name}", _kind(value), "true or false")
        return value

    def address(self, name: str, default: str | None = None) -> str:
        """A URL, with TLS unless the receiver allows to go without."""
        value = self.values.get(name)
        if name not in self.values and default is not None:
            return default
        scheme = _scheme(value)
        if scheme is None:
            raise ConfigurationError(f"{self.path}.{name}", f"{_kind(value)} that is no URL of a receiver", "https://…")
        if scheme != "https" and not self.flag("allow_insecure"):
            expected = "https://…, or allow_insecure: true beside it"
            raise ConfigurationError(f"{self.path}.{name}", "a URL without TLS", expected)
        return str(value)


def _receiver(path: str, item: Any, mail_topic: str, alarm_topics: Collection[str]) -> Receiver:
    if not isinstance(item, dict):
        raise ConfigurationError(path, _kind(item), "an object with name, type and where to send")
    kind = item.get("type")
    if not isinstance(kind, str) or kind not in _FIELDS:
        raise ConfigurationError(f"{path}.type", _kind(kind), f"one of {', '.join(_FIELDS)}")
    if set(item) - _FIELDS[kind]:
        # Not named: a URL may have slipped into the place of a field.
        expected = f"{', '.join(sorted(_FIELDS[kind]))} only"
        raise ConfigurationError(path, f"a field that {kind} does not have", expected)
    entry = _Item(path, item)
    name = entry.get("name", _is_name, f"a name of at most {NAME} characters that can be printed, and is not a URL")
    if kind == EMAIL:
        return Receiver(name, kind, topic_arn=_topic(entry, mail_topic, alarm_topics))
    url, credential, channel = _PARTS[kind](entry)
    return Receiver(
        name=name,
        type=kind,
        url=url,
        credential=credential,
        channel=channel,
        allow_insecure=entry.flag("allow_insecure"),
        allow_private=entry.flag("allow_private"),
        ca_certificate=entry.get("ca_certificate", _is_pem, "certificates as PEM text", default="") or None,
    )


def _slack(entry: _Item) -> tuple[str, str, str]:
    if "token" not in entry.values and "channel" not in entry.values:
        if "api_url" in entry.values:
            raise ConfigurationError(f"{entry.path}.api_url", "api_url without a token", "url, or token and channel")
        return entry.address("url"), "", ""
    if "url" in entry.values:
        raise ConfigurationError(entry.path, "both url and token or channel", "url, or token and channel")
    token = entry.get("token", _in_header, "a bot token, xoxb-…")
    channel = entry.get("channel", _matches(_CHANNEL), "the id or the name of a channel")
    return entry.address("api_url", SLACK_API).rstrip("/"), token, channel


def _teams(entry: _Item) -> tuple[str, str, str]:
    return entry.address("url"), "", ""


def _pagerduty(entry: _Item) -> tuple[str, str, str]:
    key = entry.get("routing_key", _matches(_ROUTING_KEY), "an integration key of 32 letters and digits")
    return entry.address("url", PAGERDUTY_URL), key, ""


def _opsgenie(entry: _Item) -> tuple[str, str, str]:
    key = entry.get("api_key", _in_header, "the key of an API integration")
    region = entry.get("region", OPSGENIE_URLS.__contains__, "us or eu", default="us")
    return entry.address("url", OPSGENIE_URLS[region]).rstrip("/"), key, ""


def _webhook(entry: _Item) -> tuple[str, str, str]:
    expected = f"whsec_ and base64 of {KEY_BYTES[0]} to {KEY_BYTES[1]} bytes"
    return entry.address("url"), entry.get("secret", _is_signing_secret, expected, default=""), ""


_PARTS: Mapping[str, Callable[[_Item], tuple[str, str, str]]] = {
    SLACK: _slack,
    TEAMS: _teams,
    PAGERDUTY: _pagerduty,
    OPSGENIE: _opsgenie,
    WEBHOOK: _webhook,
}


def _topic(entry: _Item, mail_topic: str, alarm_topics: Collection[str]) -> str:
    expected = "the ARN of an SNS topic that is not FIFO"
    topic = entry.get("topic_arn", _matches(_TOPIC), expected, default=mail_topic or None)
    if topic in alarm_topics:
        # The notifier would be told of its own message, and tell it again, without end.
        raise ConfigurationError(f"{entry.path}.topic_arn", "a topic of the stack's alarms", "another topic")
    return topic


def signing_key(secret: str) -> bytes:
    """The key in a signing secret (Standard Webhooks: base64, with the prefix whsec_). Raises ValueError."""
    return base64.b64decode(secret.removeprefix("whsec_"), validate=True)


def _is_signing_secret(text: str) -> bool:
    try:
        return KEY_BYTES[0] <= len(signing_key(text)) <= KEY_BYTES[1]
    except (binascii.Error, ValueError):
        return False


def _is_name(text: str) -> bool:
    return text.isprintable() and bool(text.strip()) and "://" not in text and len(text) <= NAME


def _is_pem(text: str) -> bool:
    try:
        login.trusting(text)
    except (ssl.SSLError, ValueError):
        return False
    return _PEM in text


def _in_header(text: str) -> bool:
    return _HEADER_TEXT.fullmatch(text) is not None and "://" not in text


def _matches(pattern: re.Pattern[str]) -> Callable[[str], bool]:
    return lambda text: pattern.fullmatch(text) is not None


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
