"""Two runs of the provisioner at once: one in the middle of the other, at every moment of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration.cloudwatch_account.account import ANY, CloudAccount
from tests.unit.provisioner.world import copied_definitions

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def _at_request(account: CloudAccount, number: int, act: Callable[[], None]) -> None:
    """Have something happen in the middle of a run, once."""
    count = 0

    def come(_: object) -> None:
        nonlocal count
        count += 1
        if count == number:
            act()

    account.before(ANY, come)


def _requests_of_a_run(folder: Path) -> int:
    account = _changing(folder)
    account.requests.clear()
    account.run()
    return account.requests.total()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Definitions of functions only: these tests run often."""
    return copied_definitions(tmp_path)


def _changing(folder: Path) -> CloudAccount:
    """An account in which something is to create, to change and to delete, and something is foreign."""
    made = CloudAccount(definitions=folder)
    for name in ("api", "old", "worker"):
        made.services.function(name, "orders")
    made.run()
    made.services.function("api", "orders", timeout=10)
    made.services.delete_function("old")
    made.services.function("new", "mailing")
    made.put_foreign("wp/orders/mine/alarm")
    return made


def test_a_second_run_at_any_moment_of_a_first_one_does_no_harm(folder: Path) -> None:
    expected = _changing(folder)
    expected.run()
    moments = _requests_of_a_run(folder)
    assert moments > 20
    for moment in range(1, moments + 1):
        # given a run, in the middle of which another one comes and goes
        account = _changing(folder)
        others: list[list[dict[str, str]]] = []

        def other(account: CloudAccount = account, others: list[list[dict[str, str]]] = others) -> None:
            result = account.run()
            others.append(result.alarms.failed + result.dashboards.failed)

        _at_request(account, moment, other)
        result = account.run()
        account.allow(ANY)

        # then both found nothing wrong, and all is as one run makes it
        assert others == [[]], moment
        assert result.alarms.failed + result.dashboards.failed == [], moment
        assert account.state() == expected.state(), moment
        account.run()
        assert account.writes == [], moment


def test_a_run_that_knows_less_deletes_nothing_that_another_one_just_made(folder: Path) -> None:
    moments = _requests_of_a_run(folder)
    for moment in range(1, moments + 1):
        # given a run, in the middle of which a service appears and another run finds it
        account = _changing(folder)

        def appear(account: CloudAccount = account) -> None:
            account.services.function("latest", "latest")
            account.run()

        _at_request(account, moment, appear)
        account.run()
        account.allow(ANY)

        # then its alarms and its dashboard are there
        assert "wp/latest/latest/errors" in account.alarms.stored, moment
        assert "wp/latest/service/unhealthy" in account.alarms.stored, moment
        assert "wp-latest" in account.dashboards.stored, moment
        # and what is left to do, a run later nothing is
        account.run()
        result = account.run()
        assert account.writes == [], moment
        assert result.alarms.failed == [], moment
