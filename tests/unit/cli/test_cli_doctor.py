"""How checks are run: at the same time, each with a limit, none in the way of another."""

from __future__ import annotations

import re
import threading
from string import Formatter
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from watchpost.errors import ClusterRefusedError, ClusterUnavailableError, ConfigurationError
from watchpost_cli import doctor
from watchpost_cli.checks import shipping, table
from watchpost_cli.checks.around import OUTPUTS, Around, needing
from watchpost_cli.checks.deployment import ROLES
from watchpost_cli.checks.model import (
    FAILED,
    OK,
    SKIPPED,
    WARNING,
    Check,
    Finding,
    NotAllowedError,
    Result,
    UnknownError,
    failed,
    ok,
    skipped,
    warning,
)
from watchpost_cli.errors import CliError

from tests.unit.test_repository import RESOURCES, TEMPLATE

if TYPE_CHECKING:
    from collections.abc import Callable

    from watchpost_cli.checks.model import Findings


def _check(name: str, run: Callable[[Any], Findings]) -> Check:
    return Check(name, "made up", (), run)


def _run(*checks: Check, limit: float = 60.0) -> list[Result]:
    around: Any = None
    return table.run(around, checks, limit)


def _raising(error: Exception) -> Callable[[Any], Findings]:
    def run(_: Any) -> Findings:
        yield ok("seen before")
        raise error

    return run


def _raising_at_once(error: Exception) -> Callable[[Any], Findings]:
    def run(_: Any) -> Findings:
        raise error

    return run


def _client_error(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "why"}}, "DescribeThings")


@pytest.mark.parametrize(
    ("error", "status", "seen"),
    [
        (NotAllowedError("ssm:GetParameter on x"), SKIPPED, "you may not look"),
        (UnknownError("no stack"), SKIPPED, "not known: no stack"),
        (_client_error("Throttling"), FAILED, "Throttling"),
        (EndpointConnectionError(endpoint_url="https://x"), FAILED, "AWS: Could not connect"),
        (ClusterUnavailableError(0, "silence"), FAILED, "silence"),
        (ClusterRefusedError(403, "no"), FAILED, "403"),
        (ConfigurationError("a", "b", "c"), FAILED, "a: found b, expected c"),
        (CliError("not so"), FAILED, "not so"),
        (ZeroDivisionError("x\ny"), FAILED, "the check itself failed: ZeroDivisionError: x y"),
    ],
)
def test_a_check_that_breaks_says_why_keeps_what_it_saw_and_hides_no_other(
    error: Exception, status: str, seen: str
) -> None:
    first, second = _run(_check("first", _raising(error)), _check("second", lambda _: [ok("fine")]))

    assert [finding.status for finding in first.findings] == [OK, status]
    assert seen in first.findings[1].seen
    assert first.findings[1].todo
    assert second == Result("second", (ok("fine"),))


def test_a_check_that_hangs_is_given_up_with_what_it_saw_and_hides_no_other() -> None:
    release = threading.Event()

    def hang(_: Any) -> Findings:
        yield ok("seen before")
        release.wait()

    first, second = _run(_check("first", hang), _check("second", lambda _: [ok("fine")]), limit=0.2)
    release.set()

    assert first.status == FAILED
    assert [finding.seen for finding in first.findings] == ["seen before", "no answer within 0.2 s"]
    assert second.status == OK


def test_checks_run_at_the_same_time_and_are_told_in_their_order() -> None:
    """Each waits for the other: one after another they would never end."""
    meeting = threading.Barrier(2)

    def meet(_: Any) -> Findings:
        meeting.wait()
        yield ok("met")

    found = _run(_check("b", meet), _check("a", meet))

    assert [(one.name, one.status) for one in found] == [("b", OK), ("a", OK)]


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        ((OK, WARNING, FAILED, SKIPPED), FAILED),
        ((OK, WARNING, SKIPPED), WARNING),
        ((SKIPPED, OK), OK),
        ((SKIPPED, SKIPPED), SKIPPED),
        ((), SKIPPED),
    ],
)
def test_a_check_is_as_bad_as_the_worst_that_it_saw(statuses: tuple[str, ...], expected: str) -> None:
    assert Result("x", tuple(Finding(status, "seen") for status in statuses)).status == expected


@pytest.mark.parametrize(
    ("statuses", "code"),
    [((OK, SKIPPED), 0), ((OK, WARNING), 1), ((FAILED, OK), 1), ((SKIPPED, SKIPPED), 2), ((OK,), 0)],
)
def test_the_exit_code_tells_what_was_found(statuses: tuple[str, ...], code: int) -> None:
    assert doctor.code_of([Result("x", (Finding(status, "seen"),)) for status in statuses]) == code


@pytest.mark.parametrize(
    "code", ["AccessDenied", "AccessDeniedException", "AuthorizationError", "UnauthorizedOperation"]
)
def test_every_word_of_aws_for_a_refusal_is_understood(code: str) -> None:
    with pytest.raises(NotAllowedError) as caught, needing("sns:List on x"):
        raise _client_error(code)

    assert caught.value.permission == "sns:List on x"
    with pytest.raises(ClientError), needing("sns:List on x"):
        raise _client_error("Throttling")


def test_what_several_checks_need_is_read_once_and_fails_the_same_for_all() -> None:
    around, reads = Around("wp", {}, lambda: 0.0), list[str]()

    def read() -> str:
        reads.append("read")
        raise UnknownError("not there")

    for _ in range(2):
        with pytest.raises(UnknownError, match="not there"):
            around.once("thing", read)
    assert reads == ["read"]
    assert around.once("other", lambda: "value") == around.once("other", lambda: "another") == "value"


@pytest.mark.parametrize(
    ("theirs", "status", "seen"),
    [
        (1_000.0, OK, "agree"),
        (996.0, OK, "3 s ahead of AWS"),  # it was cut to the second: 996.9 would be 3.1 s
        (994.0, OK, "5 s ahead of AWS"),
        (993.9, WARNING, "5 s ahead of AWS"),
        (1_006.0, OK, "5 s behind AWS"),
        (1_006.1, WARNING, "5 s behind AWS"),
        (1_241.0, WARNING, "240 s behind AWS"),
        (1_241.1, FAILED, "240 s behind AWS"),
        (759.0, WARNING, "240 s ahead of AWS"),
        (758.9, FAILED, "240 s ahead of AWS"),
        (None, SKIPPED, "did not say"),
    ],
)
def test_clocks_are_compared_to_the_second_in_which_was_asked(theirs: float | None, status: str, seen: str) -> None:
    [found] = shipping._compared("AWS", theirs, (1_000.0, 1_001.0))

    assert found.status == status
    assert seen in found.seen


@pytest.mark.parametrize("text", [None, "", "yesterday", "Mon, 99 Nov 2026 08:00:00 GMT"])
def test_a_date_that_is_none_is_not_compared(text: str | None) -> None:
    assert shipping._http_date(text) is None


def test_a_date_of_http_is_seconds_since_1970() -> None:
    assert shipping._http_date("Thu, 01 Jan 1970 00:01:00 GMT") == 60
    assert shipping._http_date("Thu, 01 Jan 1970 00:01:00 -0000") == 60


@pytest.mark.parametrize("component", ROLES)
def test_what_is_asked_of_a_role_is_what_the_template_gives_it(component: str) -> None:
    policies = RESOURCES[f"{component.capitalize()}Role"]["Properties"]["Policies"]
    allowed = {
        action
        for policy in policies
        for statement in policy["PolicyDocument"]["Statement"]
        for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
    }

    assert {action for action, _ in ROLES[component]} <= allowed


@pytest.mark.parametrize("component", ROLES)
def test_what_a_role_is_asked_for_is_named_by_variables_that_the_template_sets(component: str) -> None:
    known = {"partition", "region", "account", *TEMPLATE["Globals"]["Function"]["Environment"]["Variables"]}
    named = {field for _, pattern in ROLES[component] for _, field, _, _ in Formatter().parse(pattern) if field}

    assert named <= known


def test_all_that_the_notifier_needs_beyond_its_log_is_asked_of_its_role() -> None:
    """What it leaves out nobody misses until an alarm rings."""
    statements = RESOURCES["NotifierRole"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
    services = ("dynamodb:", "sns:", "cloudwatch:", "lambda:", "secretsmanager:", "ssm:")
    allowed = {
        action
        for one in statements
        for action in ([one["Action"]] if isinstance(one["Action"], str) else one["Action"])
        if action.startswith(services)
    }

    assert {action for action, _ in ROLES["notifier"] if action.startswith(services)} == allowed
    on = {resource for action, resource in ROLES["notifier"] if action == "sns:Publish"}
    assert on == {"{MAIL_TOPIC}", "{FALLBACK_TOPIC}"}


def test_every_output_that_is_looked_for_is_one_of_the_template_and_its_variable_too() -> None:
    variables = TEMPLATE["Globals"]["Function"]["Environment"]["Variables"]

    assert set(OUTPUTS) <= set(TEMPLATE["Outputs"])
    assert set(OUTPUTS.values()) <= set(variables)
    # and none is left out that functions are told of; the destination that they know is another account's
    told = {name for name in TEMPLATE["Outputs"] if _variable(name) in variables} - {"LogDestination"}
    assert told <= set(OUTPUTS)


def _variable(output: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", output).upper()


def test_every_name_of_a_check_is_its_own_and_every_check_is_offered() -> None:
    names = [check.name for check in table.CHECKS]

    assert len(names) == len(set(names))
    assert tuple(names) == doctor.NAMES
    assert all(check.needs and check.about for check in table.CHECKS)


def test_every_name_of_a_check_is_one_word_for_the_shell() -> None:
    assert all(name.replace("-", "").isalnum() for name in doctor.NAMES)


def _result(*findings: Finding) -> Result:
    return Result("x", findings)


@pytest.mark.parametrize(
    ("others", "code"),
    [([], 2), ([skipped("x")], 2), ([ok("x")], 1), ([failed("x", "y")], 1), ([warning("x", "y")], 1)],
)
def test_where_aws_gave_no_answer_to_any_check_nothing_could_be_looked_at(others: list[Finding], code: int) -> None:
    [unreached] = _run(_check("a", _raising_at_once(EndpointConnectionError(endpoint_url="https://x"))))

    assert unreached.status == FAILED
    assert doctor.code_of([unreached, *map(_result, others)]) == code


def test_an_answer_of_aws_is_something_that_was_looked_at() -> None:
    assert doctor.code_of(_run(_check("a", _raising_at_once(_client_error("Throttling"))))) == 1


def test_people_see_findings_beneath_their_check(capsys: pytest.CaptureFixture[str]) -> None:
    from watchpost_cli.terminal import console  # noqa: PLC0415  # after standard output was captured

    doctor.show(console(), [Result("stack", (ok("a\x1b[2J"), failed("b", "do c"))), Result("clock", (skipped("d"),))])

    assert capsys.readouterr().out.splitlines() == [
        "✗ stack          failed",
        "    ✓ a\\x1b[2J",
        "    ✗ b",
        "        → do c",
        "- clock          d",
        "",
        "2 checks: 1 failed, 1 skipped.",
    ]
