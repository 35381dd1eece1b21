"""Errors that differ in numbers and ids only are one group, and others are not."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from watchpost.search.documents import Document, Page
from watchpost.search.groups import LONGEST, Errors, grouped, message_of, normalised

NOW = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
UUIDS = st.uuids().map(str)
NUMBER = itertools.count()


def error(message: str = "failed", second: int = 0, service: str = "orders", **more: Any) -> Document:
    at = (NOW + timedelta(seconds=second)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    source = {"@timestamp": at, "message": message, "service": {"name": service}, "log": {"level": "error"}}
    return Document(f"{next(NUMBER)}", "i", source | more)


def platform(action: str, request_id: str, status: str = "error", second: int = 0, **more: Any) -> Document:
    return error(
        f"REPORT RequestId: {request_id}",
        second,
        event={"dataset": "watchpost.platform", "action": action, "outcome": "failure"},
        faas={"execution": request_id, "name": "orders-api"},
        aws={"cloudwatch": {"log_group": "/aws/lambda/orders-api"}, "lambda": {"status": status, **more}},
    )


def counted(*documents: Document) -> Errors:
    return grouped(Page(documents, len(documents)))


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("order 4711 failed", "order <n> failed"),
        ("took 1,234.5 ms of -3", "took <n> ms of <n>"),
        ("host 10.0.0.7:8080 refused", "host <n> refused"),
        ("user 6bc99a8e-1f3c-4a52-9a52-0d8a4b7c5f10 unknown", "user <id> unknown"),
        ("trace 1-67891233-abcdef012345678912345678", "trace <id>"),
        ("no 0x7ffe12 in deadbeef01 or 7f3a", "no <id> in <id> or <n>f<n>a"),
        ("deadbeef and facade are words", "deadbeef and facade are words"),
        ("key ord_8fj3k2x9 gone", "key <id> gone"),
        ("at 2026-11-21T08:00:00.123Z and 2026-11-20", "at <time> and <time>"),
        ("denied on arn:aws:s3:::bucket/key*1, sorry", "denied on <arn>, sorry"),
        ("denied on arn:aws-us-gov:sqs:us-gov-west-1:1:q", "denied on <arn>"),
        ("KeyError: 'colour' in \"red\" and `blue`", "KeyError: <value> in <value> and <value>"),
        ("can't and won't", "can't and won't"),
        ("S3 and utf8", "S<n> and utf<n>"),
        ("v1 v22", "v<n> v<n>"),
        ("", ""),
    ],
)
def test_what_varies_is_replaced(message: str, expected: str) -> None:
    assert normalised(message) == expected


MOMENTS = st.datetimes(datetime(1000, 1, 1), datetime(9999, 1, 1)).map(lambda at: f"{at:%Y-%m-%dT%H:%M:%S}Z")  # noqa: DTZ001  # given one


@given(*[st.tuples(st.integers(min_value=0), UUIDS, MOMENTS)] * 2)
def test_messages_of_one_cause_are_one(one: tuple[int, str, str], other: tuple[int, str, str]) -> None:
    first, second = ("order {} of {} failed at {}".format(*values) for values in (one, other))

    assert normalised(first) == normalised(second)


@given(st.text())
def test_every_message_has_a_normal_form_that_is_no_longer_than_need_be(message: str) -> None:
    assert len(normalised(message)) <= 7 * LONGEST


@pytest.mark.parametrize("hostile", ["'", '"', "1-", "arn:aws:", "a1" * 4, "2026-", "0x", "<n>,", "-", "e1-", "\t"])
def test_no_message_takes_long(hostile: str) -> None:
    """A pattern that goes over a text again and again would not end here."""
    assert normalised(hostile * 500_000)
    assert message_of(error(hostile * 500_000)) or not hostile.strip()


def test_only_so_much_of_a_message_counts() -> None:
    head = "x" * (LONGEST - 1)

    assert normalised(f"{head}ab") == normalised(f"{head}ac")
    assert normalised(f"{head}a") != normalised(f"{head}b")


def test_a_group_tells_count_first_last_and_newest() -> None:
    documents = [error("order 1 failed", 5), error("order 22 failed", 1), error("order 3 failed", 3)]

    (group,) = counted(*documents).groups

    assert (group.count, group.service, group.type, group.message) == (3, "orders", "", "order 1 failed")
    assert (group.first, group.last) == (NOW + timedelta(seconds=1), NOW + timedelta(seconds=5))
    assert group.newest is documents[0]
    assert group.key == ("orders", "", "order <n> failed")


def test_services_and_types_are_kept_apart() -> None:
    found = counted(error(), error(service="mail"), error(error={"type": "A"}), error(error={"type": "B"}))

    assert {(group.service, group.type, group.count) for group in found.groups} == {
        ("orders", "", 1),
        ("mail", "", 1),
        ("orders", "A", 1),
        ("orders", "B", 1),
    }


def test_the_most_frequent_comes_first_and_of_equals_the_newest() -> None:
    found = counted(error("a", 1), error("b", 2), error("c", 0), error("c", 0))

    assert [group.message for group in found.groups] == ["c", "b", "a"]


def test_the_message_is_that_of_the_error_else_the_first_line_of_the_log() -> None:
    assert message_of(error("charge failed", error={"message": "declined\n  at bank"})) == "declined"
    assert message_of(error("\n\n  ValueError:  bad\tvalue \nTraceback …")) == "ValueError: bad value"
    assert message_of(error("   ")) == ""


def test_a_report_is_not_counted_beside_the_line_that_tells_what_failed() -> None:
    told = error("boom", faas={"execution": "r1"}, aws={"cloudwatch": {"log_group": "/aws/lambda/orders-api"}})

    found = grouped(Page((told, platform("report", "r1"), platform("report", "r2", "timeout")), 10))

    messages = sorted(group.message for group in found.groups)
    assert messages == ["boom", "the invocation ended with status timeout"]
    assert (found.read, found.total) == (2, 9)


def test_a_timeout_is_counted_once_by_the_line_that_tells_it() -> None:
    timeout = platform("timeout", "r1")

    found = counted(timeout, platform("report", "r1", "timeout"), platform("runtime-done", "r1", "timeout"))

    assert [group.count for group in found.groups] == [1]
    assert found.groups[0].newest is timeout


def test_the_platform_names_the_type_where_no_line_does() -> None:
    (group,) = counted(platform("report", "r", error_type="Runtime.ExitError")).groups

    assert (group.type, group.message) == ("Runtime.ExitError", "the invocation ended with status error")


def test_log_groups_and_functions_of_each_service_are_told() -> None:
    found = counted(
        platform("fault", "r"),
        error(aws={"cloudwatch": {"log_group": "/app"}}),
        error(service="mail"),
    )

    assert found.log_groups == {"orders": ("/app", "/aws/lambda/orders-api"), "mail": ()}
    assert found.functions == {"orders": ("orders-api",), "mail": ()}


def test_no_errors_are_no_groups() -> None:
    assert counted() == Errors((), 0, 0, "", {}, {})
