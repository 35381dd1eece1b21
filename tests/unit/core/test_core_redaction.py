"""Redaction of single texts, for what shows parts of a line: notifications."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from watchpost.configuration import CustomPattern, Redact
from watchpost.redaction import SECRETS, Text

KEY_ID = "AKIAIOSFODNN7EXAMPLE"  # AWS's own example
PLANTED = {
    "aws_access_key_id": KEY_ID,
    "aws_secret_access_key": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "bearer_token": "Bearer 8f14e45fceea167a5a36",
    "authorization": "Basic dXNlcjpwYXNzd29yZA==",
    "card": "4111111111111111",
}


@pytest.mark.parametrize("name", SECRETS)
def test_notifications_never_show_what_is_a_secret_whatever_the_configuration_says(name: str) -> None:
    """Lines may have been shipped before a pattern was configured, or by a stack that configures none."""
    planted = PLANTED[name]

    cleaned = Text.for_notifications(Redact()).clean(f"login failed with {planted} at 10:00")

    assert planted.rpartition(" ")[2] not in cleaned
    assert f"[redacted:{name}]" in cleaned
    assert cleaned.startswith("login failed with ")
    assert cleaned.endswith(" at 10:00")


def test_what_the_configuration_redacts_is_redacted_too() -> None:
    """Patterns, custom ones and names of fields; each secret once, though it is configured as well."""
    redact = Redact(
        patterns=("email", "aws_access_key_id"), custom=(CustomPattern("order", r"ord-\d{4}"),), keys=("password",)
    )

    cleaned = Text.for_notifications(redact).clean(f"ann@example.com ord-1234 password=hunter2 {KEY_ID}")

    assert cleaned == "[redacted:email] [redacted:order] password=[redacted:password] [redacted:aws_access_key_id]"


def test_only_notifications_redact_more_than_the_configuration_says() -> None:
    """Without patterns a text stays as it is."""
    assert Text(Redact()).clean(KEY_ID) == KEY_ID


def test_a_secret_behind_json_escapes_is_found() -> None:
    """An example may be a line of JSON that was shipped as text."""
    hidden = KEY_ID.replace("A", "\\u0041")

    assert KEY_ID not in Text.for_notifications(Redact()).clean(f'{{"key": "{hidden}"}}')
    assert hidden not in Text.for_notifications(Redact()).clean(f'{{"key": "{hidden}"}}')


@given(st.text(max_size=300), st.text(max_size=300))
def test_no_text_around_it_hides_a_key(before: str, after: str) -> None:
    """Only letters and digits beside it make it another word."""
    text = Text.for_notifications(Redact(patterns=("email", "card")))

    assert KEY_ID not in text.clean(f"{before} {KEY_ID} {after}")
    assert text.clean(text.clean(before)) == text.clean(before)
