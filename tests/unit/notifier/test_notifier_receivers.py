"""The secret with the receivers is checked, and what gives access is never shown."""

from __future__ import annotations

from typing import Any

import pytest
import trustme
from hypothesis import example, given, settings
from hypothesis import strategies as st
from notifier.receivers import Receiver, good_and_wrong, parse
from watchpost.errors import ConfigurationError
from watchpost.secrets import Secret

HIDDEN = "hidden-part"
URL = f"https://hooks.example.com/T0/B0/{HIDDEN}"
PLAIN_URL = f"http://127.0.0.1:8000/{HIDDEN}"
KEY = "hiddenpart0000000000000000000000"
MAIL = "arn:aws:sns:eu-west-1:123456789012:watchpost-mail"
CRITICAL = "arn:aws:sns:eu-west-1:123456789012:watchpost-critical"
EU = "https://events.eu.pagerduty.com/v2/enqueue"
PEM = trustme.CA().cert_pem.bytes().decode()
SIGNING = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
GOOD: dict[str, dict[str, Any]] = {
    "slack": {"type": "slack", "url": URL},
    "slack api": {"type": "slack", "token": f"xoxb-{HIDDEN}", "channel": "C0123456789"},
    "teams": {"type": "teams", "url": URL},
    "pagerduty": {"type": "pagerduty", "routing_key": KEY},
    "opsgenie": {"type": "opsgenie", "api_key": HIDDEN},
    "webhook": {"type": "webhook", "url": URL},
    "email": {"type": "email", "topic_arn": MAIL},
}


def _parse(receivers: Any, mail_topic: str = "") -> tuple[Receiver, ...]:
    return parse(Secret("hooks", {"receivers": receivers}), mail_topic, [CRITICAL])


def _one(kind: str, **changes: Any) -> Receiver:
    [found] = _parse([{"name": "ops", **GOOD[kind], **changes}])
    return found


def test_every_kind_of_receiver_is_read_with_its_default_address() -> None:
    found = _parse([{"name": name, **values} for name, values in GOOD.items()])

    assert [(receiver.name, receiver.type, receiver.url, receiver.credential) for receiver in found] == [
        ("slack", "slack", URL, ""),
        ("slack api", "slack", "https://slack.com/api", f"xoxb-{HIDDEN}"),
        ("teams", "teams", URL, ""),
        ("pagerduty", "pagerduty", "https://events.pagerduty.com/v2/enqueue", KEY),
        ("opsgenie", "opsgenie", "https://api.opsgenie.com", HIDDEN),
        ("webhook", "webhook", URL, ""),
        ("email", "email", "", ""),
    ]
    assert (found[1].channel, found[6].topic_arn) == ("C0123456789", MAIL)
    assert not any(receiver.allow_insecure or receiver.allow_private or receiver.ca_certificate for receiver in found)


@pytest.mark.parametrize(
    ("kind", "changes", "url"),
    [
        ("slack api", {"api_url": "https://slack-gov.com/api/"}, "https://slack-gov.com/api"),
        ("pagerduty", {"url": EU}, EU),
        ("opsgenie", {"region": "eu"}, "https://api.eu.opsgenie.com"),
        ("opsgenie", {"region": "us"}, "https://api.opsgenie.com"),
        ("opsgenie", {"url": "https://genie.example.com/"}, "https://genie.example.com"),
    ],
)
def test_other_addresses_can_be_given(kind: str, changes: dict[str, Any], url: str) -> None:
    assert _one(kind, **changes).url == url


def test_what_a_connection_may_do_is_said_by_the_receiver() -> None:
    found = _one("webhook", url=PLAIN_URL, allow_insecure=True, allow_private=True, ca_certificate=PEM, secret=SIGNING)

    assert (found.url, found.credential, found.ca_certificate) == (PLAIN_URL, SIGNING, PEM)
    assert (found.allow_insecure, found.allow_private) == (True, True)


def test_a_mail_without_a_topic_goes_to_the_stacks_own() -> None:
    [found] = _parse([{"name": "us", "type": "email"}], MAIL)

    assert found.topic_arn == MAIL


def test_a_mail_to_a_topic_of_alarms_is_refused_because_it_would_come_back() -> None:
    with pytest.raises(ConfigurationError, match=r"receivers\[0\].topic_arn: found a topic of the stack's alarms"):
        _parse([{"name": "us", "type": "email", "topic_arn": CRITICAL}])


def test_a_secret_without_receivers_has_none() -> None:
    assert parse(Secret("hooks", {})) == ()
    assert _parse([]) == ()


@pytest.mark.parametrize("kind", GOOD)
def test_a_receiver_does_not_show_what_gives_access(kind: str) -> None:
    shown = repr(_parse([{"name": "ops", **GOOD[kind]}]))

    assert HIDDEN not in shown
    assert KEY not in shown


@pytest.mark.parametrize("old", [[], [{"name": "ops", "url": URL}], None])
def test_the_list_of_former_versions_is_refused_with_what_to_write_instead(old: Any) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse(Secret("hooks", {"webhooks": old}))

    assert "webhooks: found the old list, expected `receivers`" in str(caught.value)
    assert "type: webhook" in str(caught.value)
    assert HIDDEN not in str(caught.value)


def _bad(kind: str, **changes: Any) -> list[dict[str, Any]]:
    values = {"name": "ops", **GOOD[kind], **changes}
    return [{name: value for name, value in values.items() if value is not ...}]


@pytest.mark.parametrize(
    ("receivers", "path"),
    [
        (URL, "receivers:"),
        ({"ops": URL}, "receivers:"),
        (None, "receivers:"),
        ([URL], "receivers[0]:"),
        ([{"name": "ops"}], "receivers[0].type:"),
        ([{"name": "ops", "type": URL}], "receivers[0].type:"),
        ([{"name": "ops", "type": ["slack"]}], "receivers[0].type:"),
        (_bad("webhook", name=...), "receivers[0].name:"),
        (_bad("webhook", name=""), "receivers[0].name:"),
        (_bad("webhook", name=URL), "receivers[0].name:"),
        (_bad("webhook", name="a\nb"), "receivers[0].name:"),
        (_bad("webhook", name="n" * 101), "receivers[0].name:"),
        (_bad("webhook", url=...), "receivers[0].url:"),
        (_bad("webhook", url=7), "receivers[0].url:"),
        (_bad("webhook", url=HIDDEN), "receivers[0].url:"),
        (_bad("webhook", url=f"ftp://{HIDDEN}"), "receivers[0].url:"),
        (_bad("webhook", url=f"https://[{HIDDEN}"), "receivers[0].url:"),
        (_bad("webhook", url=f"https://host:{HIDDEN}/"), "receivers[0].url:"),
        (_bad("webhook", url=f"https://host/ {HIDDEN}"), "receivers[0].url:"),
        (_bad("webhook", url=PLAIN_URL), "receivers[0].url:"),
        (_bad("webhook", url=PLAIN_URL, allow_insecure=False), "receivers[0].url:"),
        (_bad("webhook", url=PLAIN_URL, allow_private=True), "receivers[0].url:"),
        (_bad("webhook", allow_insecure="true"), "receivers[0].allow_insecure:"),
        (_bad("webhook", allow_private=1), "receivers[0].allow_private:"),
        (_bad("webhook", ca_certificate=HIDDEN), "receivers[0].ca_certificate:"),
        (_bad("webhook", ca_certificate=None), "receivers[0].ca_certificate:"),
        (_bad("webhook", ca_certificate=PEM + PEM.replace("M", "-")), "receivers[0].ca_certificate:"),
        (_bad("webhook", secret=HIDDEN), "receivers[0].secret:"),
        (_bad("webhook", secret="whsec_" + "YWFh" * 7), "receivers[0].secret:"),
        (_bad("webhook", secret="whsec_" + "YWFh" * 22), "receivers[0].secret:"),
        (_bad("webhook", allow_unsafe=True), "receivers[0]:"),
        (_bad("webhook", **{URL: "url"}), "receivers[0]:"),
        (_bad("webhook", routing_key=KEY), "receivers[0]:"),
        (_bad("slack", token=f"xoxb-{HIDDEN}", channel="C1"), "receivers[0]:"),
        (_bad("slack", channel="C1"), "receivers[0]:"),
        (_bad("slack", url=..., api_url=URL), "receivers[0].api_url:"),
        (_bad("slack api", channel=...), "receivers[0].channel:"),
        (_bad("slack api", channel="<!channel>"), "receivers[0].channel:"),
        (_bad("slack api", token=...), "receivers[0].token:"),
        (_bad("slack api", token=f"{HIDDEN}\r\nx: y"), "receivers[0].token:"),
        (_bad("slack api", token=URL), "receivers[0].token:"),
        (_bad("slack api", api_url=PLAIN_URL), "receivers[0].api_url:"),
        (_bad("teams", url=...), "receivers[0].url:"),
        (_bad("pagerduty", routing_key=KEY[1:]), "receivers[0].routing_key:"),
        (_bad("pagerduty", routing_key=KEY + "0"), "receivers[0].routing_key:"),
        (_bad("pagerduty", routing_key=...), "receivers[0].routing_key:"),
        (_bad("opsgenie", region="de"), "receivers[0].region:"),
        (_bad("opsgenie", region=None), "receivers[0].region:"),
        (_bad("opsgenie", api_key=f"{HIDDEN} x"), "receivers[0].api_key:"),
        (_bad("email", topic_arn=...), "receivers[0].topic_arn:"),
        (_bad("email", topic_arn=MAIL + ".fifo"), "receivers[0].topic_arn:"),
        (_bad("email", topic_arn=URL), "receivers[0].topic_arn:"),
        (_bad("email", allow_insecure=True), "receivers[0]:"),
        ([{"name": "ops", **GOOD["slack"]}, {"name": "ops", **GOOD["teams"]}], "receivers[1].name:"),
    ],
)
def test_a_mistake_is_told_with_its_path_and_without_what_gives_access(receivers: Any, path: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        _parse(receivers)

    assert path in str(caught.value)
    assert HIDDEN not in str(caught.value)
    assert KEY[1:] not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


@pytest.mark.parametrize("length", [24, 64])
def test_a_signing_secret_has_24_to_64_bytes(length: int) -> None:
    secret = "whsec_" + {24: "YWFh" * 8, 64: "YWFh" * 21 + "YQ=="}[length]

    assert _one("webhook", secret=secret).credential == secret


def test_one_mistake_does_not_silence_the_others() -> None:
    items = [{"name": "a", **GOOD["slack"]}, {"name": "b", "type": "slack"}, {"name": "c", **GOOD["teams"]}]

    good, wrong = good_and_wrong(Secret("hooks", {"receivers": items, "webhooks": []}))

    assert [receiver.name for receiver in good] == ["a", "c"]
    assert [error.path for error in wrong] == ["secret hooks: webhooks", "secret hooks: receivers[1].url"]


FIELDS = st.sampled_from(["name", "type", "url", "token", "channel", "routing_key", "api_key", "secret"])
KINDS = st.sampled_from(["slack", "teams", "pagerduty", "opsgenie", "webhook", "email"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10) | KINDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(FIELDS, inner, max_size=4),
    max_leaves=8,
)
ENTRIES = st.lists(
    st.fixed_dictionaries(
        {"name": st.text(max_size=5), "type": KINDS}, optional={"url": st.text().map("https://".__add__)}
    )
)


@settings(max_examples=200)
@example([{"name": "a", "type": "webhook", "url": "https://\ud800"}])
@given(JSON | ENTRIES)
def test_every_content_is_either_receivers_with_tls_or_a_clear_refusal(receivers: Any) -> None:
    try:
        found = _parse(receivers)
    except ConfigurationError:
        return
    assert all(receiver.url.startswith("https:") for receiver in found)
