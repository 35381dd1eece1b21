"""Redaction: what it finds, what it leaves alone, and that it looks everywhere in a line."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from shipper.formats import parse
from shipper.line import APP, METRIC, Line, Metric
from shipper.rules import Rules, compiled
from watchpost import configuration
from watchpost.configuration.model import PATTERNS
from watchpost.redaction import cards, finders

GROUP = "/aws/lambda/orders"
EVERY = {"patterns": list(PATTERNS), "keys": ["password", "set-cookie"]}
SECRET_KEY = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"
BASIC = base64.b64encode(b"user:hunter2").decode()


def rules(**redact: Any) -> Rules:
    found = compiled(configuration.parse(json.dumps({"logs": {"redact": redact or EVERY}})), GROUP)
    assert found is not None
    return found


def redacted(raw: str, **redact: Any) -> Line:
    line = parse(raw)
    assert rules(**redact).apply(line, raw, None) is None
    return line


def message(text: str, **redact: Any) -> str:
    """The message of a line of text."""
    return redacted(f"note {text}", **redact).message.removeprefix("note ")


@pytest.mark.parametrize(
    ("text", "becomes"),
    [
        ("mail to ada@example.com, twice", "mail to [redacted:email], twice"),
        ("<ada.l+tag@mail.example.co.uk>", "<[redacted:email]>"),
        ("to=ada@example.com&x=1", "to=[redacted:email]&x=1"),
        ("?to=ada%40example.com&x=1", "?to=[redacted:email]&x=1"),
        ("müller@bücher.example", "[redacted:email]"),
        ("a@b.co,c@d.org", "[redacted:email],[redacted:email]"),
        ("paid with 4111111111111111.", "paid with [redacted:card]."),
        ("4111 1111 1111 1111", "[redacted:card]"),
        ("4111-1111-1111-1111", "[redacted:card]"),
        ("3782 822463 10005", "[redacted:card]"),
        ("card=4222222222222;", "card=[redacted:card];"),  # 13 digits
        ("6304 0000 0000 0000 000", "[redacted:card]"),  # 19 digits
        ("pan4111111111111111", "pan[redacted:card]"),
        ("41 11-11 11-11 11-11 11", "[redacted:card]"),
        ("12 4111 1111 1111 1111 500", "12 [redacted:card] 500"),
        ("4111 1111 1111 1111 5500 0000 0000 0004", "[redacted:card] [redacted:card]"),
        ("2 41-111111111111-11 x", "2 [redacted:card] x"),
        ("key AKIAIOSFODNN7EXAMPLE used", "key [redacted:aws_access_key_id] used"),
        ("ASIAIOSFODNN7EXAMPLE", "[redacted:aws_access_key_id]"),
        (f"uses {SECRET_KEY}, see", "uses [redacted:aws_secret_access_key], see"),
        (f"AWS_SECRET={SECRET_KEY}", "AWS_SECRET=[redacted:aws_secret_access_key]"),
        ("aws_secret_access_key = short", "aws_secret_access_key = [redacted:aws_secret_access_key]"),
        ("Bearer abcdef123456", "Bearer [redacted:bearer_token]"),
        ("bEARER%20abcdef123456", "bEARER%20[redacted:bearer_token]"),
        (f"token {JWT} refused", "token [redacted:bearer_token] refused"),
        (f"Basic {BASIC}", "Basic [redacted:authorization]"),
        (f"Authorization: Basic {BASIC}, status 200", "Authorization: [redacted:authorization], status 200"),
        ("authorization=opaque", "authorization=[redacted:authorization]"),
        ('Proxy-Authorization: Digest username="ada", realm="x"', "Proxy-Authorization: [redacted:authorization]"),
        ("password=hunter2&x=1", "password=[redacted:password]&x=1"),
        ("{'password': 'it is', 'x': 1}", "{'password': '[redacted:password]', 'x': 1}"),
        ("Set-Cookie: a=b; Path=/", "Set-Cookie: [redacted:set-cookie]"),
        ("setCookie => secret", "setCookie => [redacted:set-cookie]"),
    ],
)
def test_what_is_looked_for_is_replaced_by_its_name(text: str, becomes: str) -> None:
    assert message(text) == becomes


@pytest.mark.parametrize(
    "text",
    [
        "4111111111111112",  # the check digit is wrong
        "411111111111",  # 12 digits
        "41111111111111111115",  # 20 digits
        "1795248000123",  # a time in milliseconds …
        "1795248000128",  # … whose last digit is a right check digit
        "20261121080000127",  # a date and time, likewise
        "6bc9d5b6-7f1c-4a51-9d1c-000000000012",
        "41111111-1111-1111-9999-999999999999",  # a UUID that begins like a card
        "00000000-0000-4111-1111-111111111111",
        "1-5759e988-bd862e3fe1be46a994272793",
        "4bf92f3577b34da6a3ce929d0e0e4736",
        "deadbeef4111111111111111deadbeef",
        "0x4111111111111111",
        "0.4111111111111111",
        "arn:aws:lambda:eu-west-1:123456789012:function:orders-api",
        "order 2026-000123456",
        "10.0.0.1:443",
        "user@localhost",
        "react@18.2.0",
        "@types/node",
        "da39a3ee5e6b4b0d3255bfef95601890afd80709",  # SHA-1
        "ThisIsTheNameOfAClassThatHasFortyLetters",
        "AKIAIOSFODNN7EXAMPL",
        "AKIAIOSFODNN7EXAMPLE0",
        "the bearer authentication failed",
        "Basic authentication",
        "the password is wrong",
        "password: null",
        "password_reset=1",
        "2 123456789010 eni-1235b8ca123456789 172.31.16.139 172.31.16.21 20641 22 6 20 4249 1418530010 1418530070",
    ],
)
def test_what_only_looks_similar_survives(text: str) -> None:
    line = redacted(f"note {text}")

    assert line.message == f"note {text}"
    assert line.tags == ()


@pytest.mark.parametrize(
    ("digits", "right"), [("79927398713", True), ("79927398710", False), ("0", True), ("18", True)]
)
def test_the_check_digit(digits: str, right: bool) -> None:
    assert cards.luhn(digits) is right


@pytest.mark.parametrize("length", range(11, 22))
def test_cards_have_13_to_19_digits(length: int) -> None:
    body = "4" + "0" * (length - 2)
    number = next(body + digit for digit in "0123456789" if cards.luhn(body + digit))

    assert (message(number) == "[redacted:card]") is (13 <= length <= 19)


def test_every_part_of_a_line_is_redacted() -> None:
    """Given a secret in each part, none of them is left and the line keeps its shape."""
    mail = "ada@example.com"
    line = Line.of(
        f"m {mail}",
        kind=METRIC,
        service=mail,
        service_version=mail,
        service_environment=mail,
        request_id=mail,
        trace_id=mail,
        correlation={"id": mail, mail: 1},
        error={"type": mail, "message": mail, "stack_trace": f"Error: {mail}\n at x"},
        app={"a": [{"b": {mail: [mail]}}]},
        labels={"who": mail, mail: "x"},
        typed={"user": {"email": mail}, "lifted": {"keyword": {"x": mail}}},
        metric=Metric(mail, 1.5, type=mail, namespace=mail),
        action=mail,
        platform={"status": mail},
    )

    rules().apply(line, mail, None)

    assert mail not in repr(line)
    assert line.tags == ["redacted"]
    assert line.app == {"a": [{"b": {"[redacted:email]": ["[redacted:email]"]}}]}
    assert line.metric == Metric("[redacted:email]", 1.5, type="[redacted:email]", namespace="[redacted:email]")


@pytest.mark.parametrize(
    "written", ["4111111111111111", "-4111111111111111", "4111111111111111.0", "4.111111111111111E15"]
)
def test_a_number_can_be_a_card(written: str) -> None:
    line = redacted(f'{{"message": "x", "pan": {written}}}')

    assert "[redacted:card]" in str(line.app)
    assert "1111111" not in str(vars(line))


def test_a_metric_whose_value_is_redacted_yields_no_metric() -> None:
    line = redacted("MONITORING|4111111111111111|Count|page-view|shop")

    assert line.metric is None
    assert "metric-line-invalid" in line.tags
    assert "1111" not in repr(line)


def test_a_number_that_has_a_type_is_left_out_instead() -> None:
    line = Line.of(
        "x",
        platform={"metrics": {"duration_ms": 4111111111111111, "memory_size_mb": 128}},
        typed={"a": 4111111111111111},
    )

    rules().apply(line, "4111111111111111", None)

    assert line.platform == {"metrics": {"memory_size_mb": 128}}
    assert line.typed == {}


@pytest.mark.parametrize(
    "raw",
    [
        r'{"message": "x", "to": "ada\u0040example.com"}',
        r'{"message": "x", "\u0061da@example.com": 1}',
        r'{"to": "ada\u0040example.com"}',  # without a message of its own, the message is the line
        r'{"message": "body {\"to\": \"ada\\u0040example.com\"}"}',
        r'{"body": "{\"inner\": \"{\\\"to\\\": \\\"ada\\\\u0040example.com\\\"}\"}"}',
        r'body {"to": "ada\u0040example.com"}',
        r'{"to": "ada\u005cu0040example.com"}',
        r'{"message": "x", "pan": "411111\u0031111111111"}',
        r'{"pan": "\b4111111111111111\f"}',
        r'{"key": "wJalrXUtnFEMI\/K7MDENG\/bPxRfiCYEXAMPLEKEY"}',
        r'{"message": "x", "pass\u0077ord": "hunter2"}',
        r'{"pass\u0077ord": "hunter2"}',
        r'{"password": "a\"hunter2"}',
        r'{"m": "{\"password\": \"a\\\"hunter2\"}"}',
        r'{"password": {"a": ["hunter2"]}, "b": 1}',
        r'{"m": "{\"password\": {\"a\": \"hunter2\"}}"}',
        r'{"message": "x", "headers": {"Set-Cookie": ["hunter2"], "PASSWORD": 1}}',
        r'{"message": "x", "user.password": "hunter2"}',
        r'{"message": "x", "x-correlation-password": "hunter2"}',
    ],
)
def test_escapes_and_nesting_hide_nothing(raw: str) -> None:
    line = redacted(raw)
    shown = json.dumps(vars(line), default=str, ensure_ascii=False)

    for secret in ("example.com", "1111", "MDENG", "hunter2"):
        assert secret not in shown
    assert "redacted" in line.tags


def test_two_names_that_become_the_same_are_both_kept() -> None:
    line = redacted('{"message": "x", "ada@example.com": 1, "bob@example.com": 2}')

    assert line.app == {"[redacted:email]": 1, "[redacted:email]~2": 2}


def test_a_value_redacted_by_its_name_that_says_nothing_stays() -> None:
    line = redacted('{"message": "x", "password": null, "set-cookie": ""}')

    assert line.app == {"password": None, "set-cookie": ""}
    assert line.tags == ()


def test_only_what_is_configured_is_looked_for() -> None:
    assert message("ada@example.com 4111111111111111", patterns=["card"]) == "ada@example.com [redacted:card]"


def test_custom_patterns_get_their_own_name_and_leave_placeholders_alone() -> None:
    custom = [{"name": "customer", "regex": "C-[0-9]{8}"}, {"name": "words", "regex": "redact[a-z]{1,9}"}]

    assert message("C-12345678 ada@example.com", patterns=["email"], custom=custom) == (
        "[redacted:customer] [redacted:email]"
    )


def test_a_fake_placeholder_protects_nothing() -> None:
    assert message("password=[redacted:hunter2]") == "password=[redacted:password]"
    assert "hunter2" not in message("password='[redacted:email] hunter2'")


def test_where_two_patterns_meet_the_first_one_names_the_whole() -> None:
    assert message(f"Authorization: Bearer {JWT}") == "Authorization: [redacted:authorization]"


def test_static_labels_are_redacted_too() -> None:
    document = {"services": [{"log_group": "*", "name": "x", "labels": {"owner": "ada@example.com"}}]}
    found = compiled(configuration.parse(json.dumps(document | {"logs": {"redact": EVERY}})), GROUP)
    line = Line.of("x")

    assert found is not None
    found.apply(line, "x", None)

    assert line.labels == {"owner": "[redacted:email]"}
    assert line.kind == APP


def test_every_pattern_of_the_configuration_has_a_finder() -> None:
    assert [finders.built_in(name).name for name in PATTERNS] == list(PATTERNS)


def test_what_stands_beside_something_that_was_replaced_is_looked_at_again() -> None:
    """Given a number that reads as part of a hexadecimal word, until the rest of that word is gone."""
    custom = [{"name": "dead", "regex": "dead[a-f]{4}"}]

    assert message("deadbeef4111111111111111", patterns=["card"], custom=custom) == "[redacted:dead][redacted:card]"


def test_a_custom_pattern_sees_each_text_of_a_json_line_by_itself() -> None:
    """Given a pattern for the beginning of a text, which no text has in the line as it was written."""
    line = redacted('{"message": "x", "code": "SEC123"}', custom=[{"name": "code", "regex": "^SEC[0-9]{3}$"}])

    assert line.app == {"code": "[redacted:code]"}


def test_correlation_headers_are_redacted_by_the_name_that_they_were_written_with() -> None:
    line = redacted('{"message": "x", "X-Correlation-User-Name": "ada"}', keys=["x-correlation-user-name"])

    assert line.correlation == {"user-name": "[redacted:x-correlation-user-name]"}
