"""Notifications show no secret that is known by its look or by the name in front of it, and redact nothing harmless."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from watchpost.configuration import Redact, regexes
from watchpost.redaction import Text, keys, secrets

CLEAN = Text.for_notifications(Redact()).clean
WORD = "hunter2hunter2"
HEAD = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,0\n\n"
PEM = HEAD + "MIIEpAIBAAKCAQEA+7/x\nhunter2\n-----END RSA PRIVATE KEY-----"


@pytest.mark.parametrize("look", secrets.LOOKS, ids=lambda look: look.name)
def test_every_look_takes_linear_time(look: Any) -> None:
    """The check that custom patterns of the configuration have to pass."""
    assert regexes.refusal(look.regex) is None


def test_names_take_linear_time() -> None:
    """One by one, and together: a longer expression than people may write, with as few steps for an attempt."""
    assert [name for name in secrets.NAMES if regexes.refusal(keys.Keys({name: name}).expression.pattern)] == []
    together = keys.Keys({name: name for name in secrets.NAMES}).expression.pattern
    assert regexes.most_steps(together) <= regexes.MOST_STEPS


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        (f"login password={WORD} ann", "login password=[redacted:password] ann"),
        (f"DB_PASSWORD: {WORD}", "DB_PASSWORD: [redacted:db_password]"),
        (f"X_PASSWD={WORD}&next=/", "X_PASSWD=[redacted:passwd]&next=/"),
        (f'{{"clientSecret": "{WORD}"}}', '{"clientSecret": "[redacted:client_secret]"}'),
        (f'"{{\\"accessToken\\":\\"{WORD}\\"}}"', '"{\\"accessToken\\":\\"[redacted:access_token]\\"}"'),
        (f"x-api-key: {WORD}", "x-api-key: [redacted:api_key]"),
        (f"x-amz-security-token: {WORD}", "x-amz-security-token: [redacted:security_token]"),
        (f"Set-Cookie: sid={WORD}; Path=/", "Set-Cookie: [redacted:set_cookie]"),
        (f"Authorization: Custom {WORD}", "Authorization: [redacted:authorization]"),
        (f"privateKey='{WORD}'", "privateKey='[redacted:private_key]'"),
        (f"postgres://app:{WORD}@db:5432/x failed", "postgres://[redacted:url_credentials]@db:5432/x failed"),
        (f"redis://:{WORD}@cache", "redis://[redacted:url_credentials]@cache"),
        (f"https://u:p@{WORD}@host/a@b", "https://[redacted:url_credentials]@host/a@b"),
        (f'{{"url":"https:\\/\\/u:{WORD}@h"}}', '{"url":"https:\\/\\/[redacted:url_credentials]@h"}'),
        (f"key {PEM} bad", "key [redacted:private_key]-----END RSA PRIVATE KEY----- bad"),
        (f"key {PEM[:90]}", "key [redacted:private_key]"),
        (f"key {PEM} bad".replace("\n", "\\n"), "key [redacted:private_key]-----END RSA PRIVATE KEY----- bad"),
    ],
)
def test_what_stands_behind_a_name_or_between_marks_is_redacted(text: str, cleaned: str) -> None:
    assert CLEAN(text) == cleaned


TOKENS = [
    "xoxb-123456789012-abcdefABCDEF",
    "xoxp-123456789012-abcdefABCDEF",
    "xoxa-2-abcdefABCDEF",
    "ghp_" + "a1B2" * 9,
    "gho_" + "a1B2" * 9,
    "github_pat_11ABCDEFG0_" + "a1B2" * 14,
    "sk_live_" + "a1B2" * 6,
    "rk_live_" + "a1B2" * 6,
    "AIza" + "Sy-_a1B" * 5,
    "glpat-" + "a1B2_" * 4,
    "SG." + "a1B2-_" * 3 + "abcd." + "a1B2-_" * 7 + "a",
]


@pytest.mark.parametrize("token", TOKENS)
@pytest.mark.parametrize("around", ["refused {} at 10:00", '{{"found": "{}"}}', "https://api.example.com/?x={}&y=1"])
def test_a_token_of_a_vendor_is_redacted(token: str, around: str) -> None:
    cleaned = CLEAN(around.format(token))

    assert token[-8:] not in cleaned
    before, after = around.format("\0").split("\0")
    assert cleaned.startswith(before + "[redacted:")
    assert cleaned.endswith("]" + after)


@given(st.sampled_from([*TOKENS, "postgres://u:hunter2hunter2@db"]), st.text(max_size=50), st.text(max_size=50))
def test_no_text_around_it_hides_a_token(token: str, before: str, after: str) -> None:
    shown = CLEAN(f"{before} {token} {after}")

    assert token not in shown


def test_names_of_the_configuration_say_what_replaces_the_value() -> None:
    """One that is configured is not called otherwise in notifications than in documents."""
    clean = Text.for_notifications(Redact(keys=("Api-Key",))).clean

    assert clean("apikey=hunter2") == "apikey=[redacted:Api-Key]"


def test_only_notifications_look_for_more_than_is_configured() -> None:
    """What the shipper redacts is gone for good."""
    for text in (f"password={WORD}", PEM, *TOKENS):
        assert Text(Redact()).clean(text) == text


HEX = st.sampled_from([32, 40, 64]).flatmap(lambda size: st.text("0123456789abcdef", min_size=size, max_size=size))
UUIDS = st.uuids().map(str)
XRAY = st.tuples(st.integers(0x5000_0000, 0x7000_0000), st.text("0123456789abcdef", min_size=24, max_size=24)).map(
    lambda parts: f"1-{parts[0]:08x}-{parts[1]}"
)
TIMES = st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2199, 12, 31)).map(  # noqa: DTZ001  # given UTC
    lambda when: when.replace(tzinfo=UTC).isoformat(timespec="milliseconds")
)
NAMED = st.sampled_from(
    ["RequestId: {}", "request_id={}", '{{"trace_id": "{}"}}', "sha256:{}", "at {} it failed", "{}"]
)


@given(HEX | HEX.map(str.upper) | UUIDS | UUIDS.map(str.upper) | XRAY | TIMES, NAMED)
def test_ids_digests_and_times_stay(harmless: str, named: str) -> None:
    """A person needs them to find the line."""
    text = named.format(harmless)

    assert CLEAN(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "Task timed out after 3.00 seconds",
        "RequestId: 8f14e45f-ceea-467a-9a36-dedd4bea2543 Error: Runtime exited with error: exit status 1",
        "arn:aws:lambda:eu-west-1:123456789012:function:orders-api:42",
        "GET https://api.example.com:8443/orders?page=2 for ann",
        "tokens used: 500, passwords: 3, secretary: ann",
        "2026/11/21/[$LATEST]0a1b2c3d4e5f60718293a4b5c6d7e8f9",
        "-----BEGIN CERTIFICATE-----",
        "https://host:80 and ann@example",
        "package.SG.module.Class",
    ],
)
def test_usual_lines_stay(text: str) -> None:
    assert CLEAN(text) == text
