"""Whatever a line looks like, no planted secret is in anything that is made of it."""

from __future__ import annotations

import itertools
import json
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st
from shipper.formats import parse
from shipper.rules import Rules, compiled
from watchpost import configuration
from watchpost.configuration.model import PATTERNS
from watchpost.redaction import cards

DOCUMENT = {
    "logs": {
        "redact": {
            "patterns": list(PATTERNS),
            "custom": [{"name": "customer", "regex": "CUST-[0-9]{8}"}],
            "keys": ["password"],
        },
        "lift": [{"field": "a", "type": "keyword"}, {"field": "n", "type": "long"}, {"field": "url", "to": "url.path"}],
    }
}
RULES = compiled(configuration.parse(json.dumps(DOCUMENT)), "/aws/lambda/orders")
assert isinstance(RULES, Rules)

LOWER, UPPER, DIGITS = "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789"
# Characters that no secret is made of, so that the text around one is not taken for a part of it.
AROUND = st.text("()[]<>|;, äß€\t\n\"'\\😀", max_size=4)


def _with_check_digit(body: str) -> str:
    return next(body + digit for digit in DIGITS if cards.luhn(body + digit))


FIRST_OF_CARDS = st.sampled_from(["4", "51", "2221", "34", "36", "6011", "62", "9792"])
CARDS = st.tuples(FIRST_OF_CARDS, st.text(DIGITS, min_size=18, max_size=18), st.integers(13, 19)).map(
    lambda parts: _with_check_digit((parts[0] + parts[1])[: parts[2] - 1])
)
SPACED_CARDS = CARDS.flatmap(
    lambda card: st.sampled_from([" ", "-"]).map(
        lambda sign: sign.join(card[at : at + 4] for at in range(0, len(card), 4))
    )
)
EMAILS = st.tuples(
    st.text(LOWER + UPPER + DIGITS + "._+-", min_size=1, max_size=20).filter(lambda text: text[0] in LOWER),
    st.text(LOWER + DIGITS + "-", min_size=1, max_size=20),
    st.sampled_from(["com", "co.uk", "example", "xn--p1ai"]),
).map(lambda parts: f"{parts[0]}@{parts[1]}.{parts[2]}")
ACCESS_KEYS = st.tuples(st.sampled_from(["AKIA", "ASIA"]), st.text(UPPER + "234567", min_size=16, max_size=16)).map(
    "".join
)
SECRET_KEYS = st.text(LOWER + UPPER + DIGITS + "/+", min_size=40, max_size=40).filter(
    lambda key: key not in (key.lower(), key.upper()) and not key.isalpha() and _changes(key) > 14
)
JWTS = st.lists(st.text(LOWER + UPPER + DIGITS + "_-", min_size=12, max_size=30), min_size=2, max_size=4).map(
    lambda parts: "eyJhbGciOiJ" + ".".join(parts)
)
CUSTOMERS = st.text(DIGITS, min_size=8, max_size=8).map("CUST-{}".format)
SECRETS = CARDS | SPACED_CARDS | EMAILS | ACCESS_KEYS | SECRET_KEYS | JWTS | CUSTOMERS


def _changes(key: str) -> int:
    kinds = ["u" if sign in UPPER else "l" if sign in LOWER else "d" if sign in DIGITS else "o" for sign in key]
    return 1 + sum(first != second for first, second in itertools.pairwise(kinds))


@st.composite
def texts(draw: st.DrawFn, secret: str) -> str:
    return draw(AROUND) + secret + draw(AROUND)


@st.composite
def fields(draw: st.DrawFn, secret: str) -> dict[str, Any]:
    """JSON with the secret as a value, in a list, as a name, as a number, or as JSON in a text; more than once."""
    value: Any = draw(texts(secret))
    for shape in draw(st.lists(st.sampled_from(["object", "list", "name", "json", "number", "password"]), max_size=4)):
        if shape == "object":
            value = {draw(st.sampled_from(["a", "b", "url"])): value, "c": draw(texts(secret))}
        elif shape == "list":
            value = [1, value, draw(texts(secret))]
        elif shape == "name":
            value = {draw(texts(secret)): value}
        elif shape == "json":
            value = json.dumps(value, ensure_ascii=draw(st.booleans()))
        elif shape == "password":
            value = {"password": secret, "x": value}
        elif secret.isdigit():
            value = [int(secret), value]
    place = draw(st.sampled_from(["a", "n", "message", "error", "correlation", "service", "x-correlation-y", "url"]))
    return {place: value} | ({"level": "INFO", "message": draw(texts(secret))} if draw(st.booleans()) else {})


@st.composite
def hidden(draw: st.DrawFn, text: str) -> str:
    """JSON in which some characters of strings are written as escapes."""
    chosen = draw(st.sets(st.sampled_from("@.-/1234567890aeIK "), max_size=4))
    out, inside, escaped = [], False, False
    for character in text:
        quote = character == '"' and not escaped
        inside ^= quote
        out.append(f"\\u{ord(character):04x}" if inside and not escaped and character in chosen else character)
        escaped = character == "\\" and not escaped
    return "".join(out)


@st.composite
def lines(draw: st.DrawFn) -> tuple[str, str]:
    """A secret, and a raw line that has it somewhere."""
    secret = draw(SECRETS)
    kind = draw(st.sampled_from(["json", "json", "hidden", "prefixed", "text", "metric", "trace"]))
    if kind == "text":
        return secret, draw(texts(secret))
    if kind == "metric":
        return (
            secret,
            f"MONITORING|1795248000|27.4|latency|{draw(st.sampled_from([secret, 'name']))}|#who:{secret},{secret}:x",
        )
    if kind == "trace":
        return secret, f"Traceback (most recent call last):\n  File x\nValueError: {draw(texts(secret))}"
    raw = json.dumps(draw(fields(secret)), ensure_ascii=draw(st.booleans()))
    if kind == "hidden":
        raw = draw(hidden(raw))
    return secret, f"2026-11-21T08:00:00.123Z\tundefined\tINFO\t{raw}" if kind == "prefixed" else raw


def everything(line: Any) -> str:
    """All that can become part of a document or a metric, as text, with the JSON in it read."""
    shown = json.dumps(vars(line), default=repr, ensure_ascii=False)
    for _ in range(6):
        read = shown.replace("\\/", "/").replace("\\\\", "\\").replace('\\"', '"')
        for number in range(0x20, 0x7F):
            read = read.replace(f"\\u{number:04x}", chr(number))
        if read == shown:
            break
        shown = read
    return shown


@settings(max_examples=500)
@given(lines())
@example(("4111111111111111", '{"a": 4111111111111111}'))
@example(("a@b.co", r'{"a": "a\u0040b.co"}'))
def test_no_planted_secret_is_left_anywhere(planted: tuple[str, str]) -> None:
    secret, raw = planted
    line = parse(raw)

    assert RULES.apply(line, raw, None) is None

    assert secret not in everything(line)
    assert "redacted" in line.tags


@settings(max_examples=300)
@given(lines() | st.text().map(lambda text: ("", text)))
def test_redacting_again_changes_nothing_more(planted: tuple[str, str]) -> None:
    raw = planted[1]
    line = parse(raw)
    RULES.apply(line, raw, None)
    before = repr(line)

    # `raw` as before: what is looked for is looked for again
    RULES.apply(line, raw, None)

    assert repr(line) == before


# Names of fields and of schemes, in front of which a plain word may be a secret.
TELLING = ("authorization", "password", "key", "bearer", "basic")
WORDS = st.text(LOWER + "äß€ .:;,()", max_size=30).filter(lambda text: not any(word in text for word in TELLING))


@given(
    st.recursive(
        WORDS | st.booleans() | st.none() | st.integers(-(10**11), 10**11),
        lambda inner: st.lists(inner) | st.dictionaries(WORDS, inner),
    )
)
def test_a_line_without_secrets_is_not_touched(value: Any) -> None:
    raw = json.dumps({"message": "x", "zz": value})
    line = parse(raw)
    before = repr(line)

    RULES.apply(line, raw, None)

    assert repr(line) == before


@given(
    st.uuids(), st.integers(1_600_000_000_000, 1_999_999_999_999), st.text("0123456789abcdef", min_size=24, max_size=24)
)
def test_ids_and_times_survive(uuid: Any, milliseconds: int, trace: str) -> None:
    text = (
        f"id {uuid} at {milliseconds} {milliseconds}000 trace 1-5759e988-{trace}a arn:aws:sns:eu-west-1:123456789012:t"
    )
    line = parse(text)

    RULES.apply(line, text, None)

    assert line.message == text
