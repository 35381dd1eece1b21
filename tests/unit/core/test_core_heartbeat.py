"""The heartbeat in the secret of notifications: what is taken, what is not, and that its URL never shows."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from watchpost import heartbeat, names
from watchpost.errors import ConfigurationError
from watchpost.heartbeat import Heartbeat
from watchpost.secrets import Secret

URL = "https://hc.example.com/ping/0b5c-secret"
PEM = "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----"


def parse(value: Any) -> Heartbeat | None:
    return heartbeat.parse(Secret("notification", {"receivers": [], "heartbeat": value}))


def test_a_secret_without_one_has_none() -> None:
    assert heartbeat.parse(Secret("notification", {"receivers": []})) is None
    assert parse(None) is None


def test_it_is_a_url_or_an_object_that_says_more_of_the_connection() -> None:
    assert parse(URL) == Heartbeat(URL)
    assert parse({"url": URL, "allow_private": True, "ca_certificate": PEM}) == Heartbeat(URL, True, PEM)
    plain = "http://10.0.0.1/x"
    assert parse({"url": plain, "allow_insecure": True}) == Heartbeat(plain)


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ("http://hc.example.com/0b5c-secret", ""),
        ({"url": "http://hc.example.com/0b5c-secret"}, ""),
        ("ftp://hc.example.com/0b5c-secret", ""),
        ("https:///0b5c-secret", ""),
        ("https://hc.example.com:0/0b5c-secret", ""),
        ("https://user:pw@hc.example.com/0b5c-secret", ""),
        ("https://hc.example.com/0b5c-secret\r\nx: y", ""),
        ("https://hc.example.com/0b5c secret", ""),
        (URL + "x" * (2_001 - len(URL)), ""),
        (7, ""),
        ([URL], ""),
        ({}, ""),
        ({"url": URL, "0b5c-secret": 1}, ""),
        ({"url": URL, "allow_private": "yes"}, ".allow_private"),
        ({"url": URL, "ca_certificate": "0b5c-secret"}, ".ca_certificate"),
    ],
)
def test_what_is_wrong_is_said_with_its_path_and_without_what_it_holds(value: Any, path: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        parse(value)

    assert raised.value.path == f"secret notification: heartbeat{path}"
    assert "0b5c-secret" not in str(raised.value)


def test_the_longest_url_is_taken() -> None:
    longest = URL + "x" * (2_000 - len(URL))

    assert parse(longest) == Heartbeat(longest)


def test_a_heartbeat_does_not_show_where_it_goes() -> None:
    assert "secret" not in repr(parse({"url": URL, "ca_certificate": PEM + "secret"}))


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.just(URL),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["url", "allow_private", "allow_insecure", "ca_certificate", "x"]), inner)
    ),
    max_leaves=6,
)


@given(_VALUES)
def test_any_value_is_a_heartbeat_or_a_mistake_of_the_configuration(value: Any) -> None:
    try:
        found = parse(value)
    except ConfigurationError:
        return
    assert found is None or found.url.startswith(("https://", "http://"))


@pytest.mark.parametrize("stack", ["watchpost", "A", "a-b-1"])
def test_the_canarys_log_group_tells_its_stack(stack: str) -> None:
    assert names.canary_stack(names.canary_log_group(stack)) == stack


@pytest.mark.parametrize(
    "group", ["/watchpost//canary", "/watchpost/1a/canary", "/watchpost/a/canary/x", "/aws/canary"]
)
def test_what_is_named_otherwise_is_no_canarys_log_group(group: str) -> None:
    assert names.canary_stack(group) is None
