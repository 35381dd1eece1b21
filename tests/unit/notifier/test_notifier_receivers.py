"""The secret with the receivers is checked, and its URLs are never shown."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from notifier.delivery import retry_after
from notifier.receivers import Receiver, parse
from watchpost.errors import ConfigurationError
from watchpost.secrets import Secret

URL = "https://hooks.example.com/T0/B0/hidden-part"


def _parse(webhooks: Any) -> tuple[Receiver, ...]:
    return parse(Secret("hooks", {"webhooks": webhooks}))


def test_webhooks_are_read() -> None:
    plain = {"name": "dev", "url": "http://127.0.0.1:8000/x", "allow_insecure": True}

    found = _parse([{"name": "ops", "url": URL}, plain])

    assert [(receiver.name, receiver.url) for receiver in found] == [("ops", URL), ("dev", plain["url"])]


def test_a_secret_without_webhooks_has_no_receiver() -> None:
    assert parse(Secret("hooks", {})) == ()
    assert _parse([]) == ()


def test_a_receiver_does_not_show_its_url() -> None:
    assert "hidden-part" not in repr(_parse([{"name": "ops", "url": URL}]))


@pytest.mark.parametrize(
    ("webhooks", "path"),
    [
        (URL, "webhooks:"),
        ({"ops": URL}, "webhooks:"),
        (None, "webhooks:"),
        ([URL], "webhooks[0]:"),
        ([{"url": URL}], "webhooks[0].name:"),
        ([{"name": "", "url": URL}], "webhooks[0].name:"),
        ([{"name": URL, "url": URL}], "webhooks[0].name:"),
        ([{"name": "a\nb", "url": URL}], "webhooks[0].name:"),
        ([{"name": "ops"}], "webhooks[0].url:"),
        ([{"name": "ops", "url": 7}], "webhooks[0].url:"),
        ([{"name": "ops", "url": "hidden-part"}], "webhooks[0].url:"),
        ([{"name": "ops", "url": "ftp://hidden-part"}], "webhooks[0].url:"),
        ([{"name": "ops", "url": "https://[hidden-part"}], "webhooks[0].url:"),
        ([{"name": "ops", "url": "https://host:hidden-part/"}], "webhooks[0].url:"),
        ([{"name": "ops", "url": "https://host/ hidden-part"}], "webhooks[0].url:"),
        ([{"name": "ops", "url": "http://host/hidden-part"}], "webhooks[0].url:"),
        ([{"name": "ops", "url": "http://host/hidden-part", "allow_insecure": False}], "webhooks[0].url:"),
        ([{"name": "ops", "url": URL, "allow_insecure": "true"}], "webhooks[0].allow_insecure:"),
        ([{"name": "ops", "url": URL, "allow_unsafe": True}], "webhooks[0]:"),
        ([{"name": "ops", URL: "url"}], "webhooks[0]:"),
        ([{"name": "ops", "url": URL}, {"name": "ops", "url": URL}], "webhooks[1].name:"),
    ],
)
def test_a_mistake_is_told_with_its_path_and_without_the_url(webhooks: Any, path: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        _parse(webhooks)

    assert path in str(caught.value)
    assert "hidden-part" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["name", "url", "allow_insecure", "x"]), inner, max_size=4)
    ),
    max_leaves=8,
)


@given(JSON | st.lists(st.fixed_dictionaries({"name": st.text(), "url": st.text().map("https://{}".format)})))
def test_every_content_is_either_receivers_with_tls_or_a_clear_refusal(webhooks: Any) -> None:
    try:
        found = _parse(webhooks)
    except ConfigurationError:
        return
    assert all(receiver.url.startswith("https:") for receiver in found)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("", None),
        ("soon", None),
        ("-1", None),
        ("0", 0.0),
        (" 7 ", 7.0),
        ("9" * 30, float("inf")),
        ("Sat, 21 Nov 2015 06:00:00 GMT", 0.0),
        ("Sat, 21 Nov 2015 06:00:00 -0000", 0.0),
    ],
)
def test_retry_after_is_a_number_or_a_date(value: str | None, seconds: float | None) -> None:
    assert retry_after(value) == seconds


def test_a_date_to_come_is_the_time_until_then() -> None:
    wait = retry_after("Thu, 21 Nov 2999 06:00:00 GMT")

    assert wait
    assert wait > 1e9


@example("0\x1f")  # what Python strips is more than what it takes around a number
@given(st.text())
def test_no_value_of_retry_after_is_an_error(value: str) -> None:
    wait = retry_after(value)

    assert wait is None or wait >= 0
