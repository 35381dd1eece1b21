"""The error of an invocation is one bounded line in which no secret of the event is left, whatever the event is."""

from __future__ import annotations

import base64
import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from watchpost.configuration import regexes
from watchpost_client import redaction, secrets_in_text

if TYPE_CHECKING:
    Captured = pytest.CaptureFixture[str]

# Secrets by their look, wherever they stand.
LOOKS = {
    "access key id": "AKIAIOSFODNN7EXAMPLE",
    "temporary access key id": "ASIAIOSFODNN7EXAMPLE",
    "secret access key": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "bearer token": "Bearer abcdefgh.ijkl",
    "basic credentials": "Basic dXNlcjpodW50ZXIy",
    "JSON web token": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N",
    "card": "4111111111111111",
    "card in groups": "5500 0000 0000 0004",
    "card with dashes": "3400-000000-00009",
    "card with its month": "4111 1111 1111 1111 0526",
    "IBAN": "DE89370400440532013000",
    "IBAN in groups": "GB82 WEST 1234 5698 7654 32",
    "private key": "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA\n-----END RSA PRIVATE KEY-----",
    "token of GitHub": "ghp_16C7e42F292c6912E7",
    "key of Stripe": "sk_live_4eC39HqLyjWDarjt",
    "token of Slack": "xoxb-2147483647-abcdef",
    "credentials in a URL": "postgres://shop:hunter2hunter2@db.internal/orders",
    "long random text": "q7Zt3Lm9Xw2Rb8Vn5Kc1Yd6Fg4Hj0PsA",
}
# What of them is the secret itself.
PARTS = {
    "credentials in a URL": "hunter2hunter2",
    "card with its month": "4111 1111 1111 1111",
    "private key": "MIIEow",
}
NAMES = (
    "password", "Password", "passwd", "passphrase", "user_password", "newPassword", "pwd", "secret", "client_secret",
    "clientSecret", "token", "access_token", "refreshToken", "X-Auth-Token", "authorization", "Proxy-Authorization",
    "authorizer", "cookie", "Set-Cookie", "cookies", "api_key", "apiKey", "x-api-key", "accessKey", "private-key",
    "credentials", "cardNumber", "credit_card", "cvc", "CVV", "iban", "ssn", "pin", "user-pin", "otp", "sessionId",
    "X-Amz-Signature", "x-amz-security-token",
)  # fmt: skip  # a row
SECRET = "hunter2-and-7"


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize(
    "event_of",
    [
        lambda text: {"a": text},
        lambda text: {"a": f"before {text} after"},
        lambda text: {text: 1},
        lambda text: [[{"a": {"b": text}}]],
        lambda text: {"body": json.dumps({"a": text})},
        lambda text: {"body": json.dumps({"Message": json.dumps({"a": text})})},
        lambda text: {"body": _base64(json.dumps({"a": text})), "isBase64Encoded": True},
        lambda text: {"kinesis": {"kinesisSchemaVersion": "1.0", "data": _base64(text)}},
        lambda text: {"Records": [{"body": "x" * 2_040 + " " + text}]},  # parted by the cut
        lambda text: {"body": '{"a": ["' + text},  # JSON that was cut
    ],
)
def test_a_secret_is_found_by_its_look_wherever_it_stands(look: str, event_of: Any) -> None:
    text = LOOKS[look]

    shown = redaction.shown(event_of(text))

    assert PARTS.get(look, text).split("\n")[0] not in shown
    assert text[:16] not in shown or look == "credentials in a URL"


@pytest.mark.parametrize("look", sorted(LOOKS.keys() - {"credentials in a URL"}))
@pytest.mark.parametrize("before", [2_030, 2_038, 2_046])
def test_not_even_the_beginning_of_a_secret_is_left_where_a_text_is_cut(look: str, before: int) -> None:
    shown = redaction.shown({"a": "." * before + " " + LOOKS[look]})

    assert shown.removeprefix('{"a": "').split("[")[0].strip('. …"}') == ""


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "event_of",
    [
        lambda name: {name: SECRET},
        lambda name: {name: [SECRET]},
        lambda name: {name: {"stringValue": SECRET, "dataType": "String"}},
        lambda name: {"Item": {name: {"S": SECRET}}},
        lambda name: {"name": name, "value": SECRET},
        lambda name: {"Key": name, "Value": SECRET},
        lambda name: {"headers": [[name, SECRET]]},
        lambda name: {"body": json.dumps({"a": {name: SECRET}})},
        lambda name: {"body": json.dumps({name: SECRET}, indent=1)},
        lambda name: {"body": "\n " + json.dumps({"name": name, "value": SECRET})},
        lambda name: {"body": json.dumps({"b": json.dumps({name: SECRET})})},
        lambda name: {"body": json.dumps({"b": json.dumps({name: SECRET})})[:-1]},  # cut, so no JSON
        lambda name: {"body": _base64(json.dumps({name: SECRET})), "isBase64Encoded": True},
        lambda name: {"body": f"user=x&{name}={SECRET}&more=1"},
        lambda name: {"rawQueryString": f"{name}={SECRET}"},
        lambda name: {"text": f"{name}: {SECRET}"},
        lambda name: {"text": f"{{'{name}': '{SECRET} {SECRET}'}}"},
    ],
)
def test_a_secret_is_found_by_its_name_wherever_it_stands(name: str, event_of: Any) -> None:
    assert "hunter2" not in redaction.shown(event_of(name))


@pytest.mark.parametrize(
    "event",
    [
        {"orderId": "o-17", "amount": 27.4, "paid": True, "note": None, "lines": [1, 2]},
        {"requestId": "8f14e45f-ceea-467f-a0e6-6b1f5d1d5b7a", "timeEpoch": 1583348638390},
        {"eventSourceARN": "arn:aws:sqs:eu-west-1:123456789012:shop-PaymentsQueue-1XA2BC3DEF4G5"},
        {"sequenceNumber": "49590338271490256608559692538361571095921575989136588898"},
        {"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"},
        {"x-amzn-trace-id": "Root=1-5759e988-bd862e3fe1be46a994272793"},
        {"rawPath": "/orders/2026/11/21/by-customer/17/lines", "method": "GET"},
        {"sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"},
    ],
)
def test_what_helps_to_find_the_fault_stays(event: dict[str, Any]) -> None:
    assert json.loads(redaction.shown(event)) == event


def test_numbers_that_are_those_of_a_card_go() -> None:
    assert "4111" not in redaction.shown({"a": 4111111111111111, "b": 4111111111111111.0})


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), 10**31, b"bytes", {1}, Decimal(1), object(), "\ud800", {None: 1, 7: 2}]
)
def test_what_is_no_json_is_told_as_its_type(value: Any) -> None:
    shown = redaction.shown({"a": value, "b": "kept"})

    assert json.loads(shown)["b"] == "kept"
    shown.encode()


@pytest.mark.parametrize("expression", secrets_in_text.EXPRESSIONS)
def test_every_expression_takes_linear_time(expression: Any) -> None:
    """By the check that custom patterns of the shipper have to pass; see watchpost.configuration.regexes."""
    assert regexes.refusal(expression.pattern) is None


def test_no_expression_is_forgotten_in_that_check() -> None:
    compiled = [found for found in vars(secrets_in_text).values() if hasattr(found, "pattern")]
    compiled += list(secrets_in_text._CLOSING.values())

    assert {found.pattern for found in compiled} == {found.pattern for found in secrets_in_text.EXPRESSIONS}


def test_values_that_are_looked_at_are_so_many_and_no_more() -> None:
    """Objects within objects may be wide and deep: the work is bounded, not only the text."""

    class Counted(dict[str, Any]):
        looks = 0

        def items(self) -> Any:
            type(self).looks += 1
            return super().items()

    event: Any = "leaf"
    for _ in range(11):
        event = Counted({f"k{number}": event for number in range(redaction.MOST_ITEMS)})

    redaction.shown(event)

    assert Counted.looks <= 2 * redaction.MOST_VALUES


@pytest.mark.parametrize(
    "unit", ["password=", '"', "\\", "card 4111 ", "eyJ", "token:'", "AKIA", "aA1", "-----BEGIN ", "://a:"]
)
def test_the_steps_around_the_expressions_grow_as_the_text_does(unit: str) -> None:
    """Searches begin where the last one ended: counted, since time is nothing that a test can rely on."""
    searches = []
    for times in (200, 400, 800):
        counted = _Counting(secrets_in_text._NAME)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(secrets_in_text, "_NAME", counted)
            secrets_in_text.clean(unit * times)
        searches.append(counted.characters)

    assert searches[2] - searches[1] <= 2 * (searches[1] - searches[0]) + 100


class _Counting:
    """An expression that counts how far its searches went."""

    def __init__(self, expression: Any) -> None:
        self._expression = expression
        self.characters = 0

    def search(self, text: str, at: int) -> Any:
        found = self._expression.search(text, at)
        self.characters += (found.end() if found else len(text)) - at
        return found
