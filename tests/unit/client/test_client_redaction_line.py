"""The error of an invocation is one bounded line, which the shipper reads, whatever the event is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shipper import formats
from watchpost_client import failures, handler, own_lines

from .spoken import REQUEST, lambda_context, request

if TYPE_CHECKING:
    Captured = pytest.CaptureFixture[str]

SECRET = "hunter2-and-7"

_LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=100),
    st.binary(max_size=20),
    st.text(st.characters(categories=["Cs", "Cc", "So"]), max_size=200),
)
_EVENTS = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner, max_size=8) | st.dictionaries(st.text(max_size=40), inner, max_size=8),
    max_leaves=60,
)
_MORE = st.sampled_from([1, 1, 50, 51, 3_000])


def _hidden(event: Any, secret: str, depth: int) -> Any:
    """The event with a secret put somewhere into it."""
    if isinstance(event, dict) and event and depth:
        name = next(iter(event))
        return event | {name: _hidden(event[name], secret, depth - 1)}
    if isinstance(event, list) and event and depth:
        return [_hidden(event[0], secret, depth - 1), *event[1:]]
    return {"of": event, "password": secret} if depth % 2 else [f"password={secret}", event]


@settings(max_examples=150, deadline=None)
@given(_EVENTS, st.integers(0, 6), _MORE, st.text(max_size=3_000))
def test_whatever_the_event_is_the_line_is_one_bounded_and_without_the_secret(
    event: Any, depth: int, more: int, message: str
) -> None:
    hidden = _hidden(event, SECRET, depth)

    line = failures.line("orders", {"a": hidden, "more": [hidden] * more}, ValueError(f"{message} password={SECRET}"))

    assert line.isascii()
    assert line.count("\n") == 1
    assert line.endswith("\n")
    assert len(line.rstrip("\n")) < own_lines.LONGEST
    assert "hunter2" not in line
    said = json.loads(line)
    assert said["exception_name"] == "ValueError"
    assert type(said["invocation_event"]) is str


@pytest.mark.parametrize("text", ["x", '"', "\n", "\\", "ä", "😀", "\x00", "€\ud800"])
@pytest.mark.parametrize("room", [0, 1, 5, 6, 7, 20, 100])
def test_a_text_is_cut_to_what_its_escaped_form_has_room_for(text: str, room: int) -> None:
    whole = text * 600

    kept = own_lines.fitting(whole, room)

    assert len(json.dumps(kept)) - 2 <= room
    assert whole.startswith(kept.removesuffix("…"))
    # nothing that had room was left out
    assert len(json.dumps(kept)) - 2 + 6 + 12 > room
    assert own_lines.fitting(text, 12) == text


def test_a_large_line_uses_its_room_and_a_larger_one_no_more() -> None:
    event = {"items": [{"sku": f"s-{number}", "text": "z" * 100} for number in range(200)]}

    line = failures.line("orders", event, ValueError("x" * 100_000))

    assert own_lines.LONGEST - 100 < len(line) <= own_lines.LONGEST


def test_the_context_may_be_as_large_as_it_can_and_the_line_is_bounded(capsys: Captured) -> None:
    """Twenty fields with names and values of the greatest length leave little for the rest."""
    fields = {f"x-correlation-{number:02}{'f' * 38}": "v" * 256 for number in range(20)}

    with pytest.raises(ValueError, match="x"):
        _fail("x" * 5_000, request(x_correlation_id="c" * 128, **fields))

    [line] = capsys.readouterr().out.splitlines()
    assert len(line) < own_lines.LONGEST
    assert json.loads(line)["exception_name"] == "ValueError"
    assert len([name for name in json.loads(line) if name.startswith("x-correlation-")]) == 20


def _fail(message: str, event: Any) -> None:
    @handler(service="orders")
    def fails(event: Any, context: Any) -> None:
        raise ValueError(message)

    fails(event, lambda_context())


def test_the_shipper_reads_the_line_as_the_conventions_say(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_X_AMZN_TRACE_ID", "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=1")
    with pytest.raises(ValueError, match="too large"):
        _fail("too large", request(x_correlation_id="c-1", x_correlation_tenant="t", authorization="Bearer abcdefghi"))

    line = formats.parse(capsys.readouterr().out)

    assert (line.level, line.message, line.service) == ("error", "the invocation failed", "orders")
    assert (line.request_id, line.trace_id) == (REQUEST, "1-5759e988-bd862e3fe1be46a994272793")
    assert line.correlation == {"id": "c-1", "tenant": "t"}
    assert line.error is not None
    assert (line.error["type"], line.error["message"]) == ("ValueError", "too large")
    assert "in fails" in line.error["stack_trace"]
    assert line.app is not None
    assert json.loads(line.app["invocation_event"])["headers"]["authorization"] == "[redacted]"


def test_of_a_long_stack_trace_both_ends_are_kept(capsys: Captured) -> None:
    """The shipper finds type and message of the error at the end of it."""
    with pytest.raises(ValueError, match="first"):
        _fail("first " + "x" * 9_000 + " last", {})

    line = formats.parse(capsys.readouterr().out)

    assert line.error is not None
    assert line.error["type"] == "ValueError"
    assert line.error["stack_trace"].startswith("Traceback")
    assert line.error["stack_trace"].endswith(" last")


def test_without_a_service_the_line_names_none(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("POWERTOOLS_SERVICE_NAME", raising=False)
    with pytest.raises(KeyError):
        handler(lambda event, _: event["absent"])({}, None)
    bare = json.loads(capsys.readouterr().out)
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "payments")
    with pytest.raises(KeyError):
        handler(lambda event, _: event["absent"])({}, None)

    assert "service" not in bare
    assert json.loads(capsys.readouterr().out)["service"] == "payments"


def test_who_logs_errors_itself_gets_no_line(capsys: Captured) -> None:
    with pytest.raises(KeyError):
        handler(log_errors=False)(lambda event, _: event["absent"])({}, None)

    assert capsys.readouterr().out == ""
