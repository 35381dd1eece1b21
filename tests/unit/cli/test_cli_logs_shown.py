"""Lines on a terminal: everything that a line says is data."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from watchpost.search.documents import Document
from watchpost_cli.errors import CliError
from watchpost_cli.logs import shown
from watchpost_cli.terminal import console

EVIL = "\x1b[2J\x1b]0;owned\x07\u202e\r\n\x9b31m\ud800"
TEXTS = st.text(st.characters(codec=None)) | st.just(EVIL)


def document(**source: Any) -> Document:
    return Document("1", "i", {"@timestamp": "2026-11-21T08:00:00.123Z", "message": "hello"} | source)


def printed(*documents: Document, fields: tuple[str, ...] = ()) -> str:
    stream = io.StringIO()
    output = console(stream)
    for one in documents:
        output.print(shown.line(one, full=True))
        for extra in shown.stack_of(one):
            output.print(extra)
    if fields:
        shown.table(output, documents, fields)
    return stream.getvalue()


def test_a_line_tells_time_level_service_message_and_what_to_follow() -> None:
    one = document(
        log={"level": "warn"}, service={"name": "orders"}, correlation={"id": "c-1"}, faas={"execution": "r"}
    )

    assert printed(one) == "2026-11-21 08:00:00.123  WARN   orders  hello  [c-1]\n"


def test_a_line_that_says_nothing_is_still_a_line() -> None:
    assert printed(document(message="")) == "2026-11-21 08:00:00.123         -  \n"


@pytest.mark.parametrize(
    ("more", "expected"),
    [({"correlation": {"id": "c"}}, "c"), ({}, "r"), ({"faas": {}}, "t"), ({"faas": {}, "trace": {}}, "")],
)
def test_what_to_follow_is_the_id_that_leads_furthest(more: dict[str, Any], expected: str) -> None:
    one = document(**{"faas": {"execution": "r"}, "trace": {"id": "t"}, **more})

    assert shown.identifier(one) == expected


@given(st.tuples(*[TEXTS] * 5))
def test_nothing_in_a_line_steers_the_terminal(texts: tuple[str, ...]) -> None:
    message, service, level, identifier, trace = texts
    one = document(
        message=message, service={"name": service}, log={"level": level}, correlation={"id": identifier},
        error={"type": trace, "message": message, "stack_trace": trace}, app={"evil": list(texts)},
    )  # fmt: skip  # every place that text can come from

    out = printed(one, fields=("app.evil", "message", "error"))

    assert out.replace("\n", "").isprintable()


def test_on_a_terminal_errors_have_a_colour_that_is_ours_and_not_the_lines() -> None:
    stream = io.StringIO()
    output = Console(file=stream, force_terminal=True, color_system="standard", width=200, markup=False, _environ={})

    output.print(shown.line(document(message=EVIL, log={"level": "error"})))
    output.print(shown.line(document(message=EVIL, log={"level": "bold on red"})))

    colourful, plain = stream.getvalue().splitlines()
    assert "\x1b[1;31mERROR\x1b[0m" in colourful
    assert "\x1b[2J" not in colourful + plain
    assert "\x1b[1" not in plain


def test_markup_in_a_line_is_text() -> None:
    assert "[bold red]x[/] :smile: [link=https://e]" in printed(
        document(message="[bold red]x[/] :smile: [link=https://e]")
    )


def test_long_messages_are_cut_unless_they_are_asked_for() -> None:
    longest, longer = document(message="x" * shown.SHORT), document(message="x" * (shown.SHORT + 1))

    assert shown.message(longest).plain == "x" * shown.SHORT
    assert shown.message(longer).plain == "x" * (shown.SHORT - 1) + "…"
    assert shown.message(longer, full=True).plain == "x" * (shown.SHORT + 1)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        ({"type": "CardError", "message": "declined"}, "hello · CardError: declined"),
        ({"message": "declined"}, "hello · declined"),
        ({"type": "CardError"}, "hello · CardError"),
        ({"message": "hell"}, "hello"),
        ({}, "hello"),
    ],
)
def test_an_error_is_told_where_the_message_does_not(error: dict[str, str], expected: str) -> None:
    assert shown.message(document(error=error, message="hello\n")).plain == expected


def test_a_stack_trace_is_shown_once() -> None:
    assert [one.plain for one in shown.stack_of(document(error={"stack_trace": "a\nb"}))] == ["    a", "    b"]
    assert shown.stack_of(document(message="a\nb", error={"stack_trace": "a\nb"})) == []
    assert shown.stack_of(document()) == []


def test_fields_are_named_with_commas() -> None:
    assert shown.fields_of(" service.name, app.order.id,") == ("service.name", "app.order.id")
    assert shown.fields_of("") == ()
    with pytest.raises(CliError, match="names no field"):
        shown.fields_of(" , ")


def test_machines_get_every_short_name_whether_it_is_said_or_not() -> None:
    names = shown.brief(document())

    assert (names["service"], names["level"], names["requestId"], names["logGroup"]) == (None,) * 4
    assert (names["at"], names["kind"], names["message"]) == ("2026-11-21T08:00:00.123Z", "app", "hello")
    assert json.dumps(shown.record(document(app={"a": 1})))
    assert shown.record(document(app={"a": 1}), ["app.a"]) == {"at": names["at"], "app.a": 1}
