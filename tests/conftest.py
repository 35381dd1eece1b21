"""What all tests have in common: one account for the session, and how hypothesis looks for examples."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import hypothesis
import pytest

from local import account as accounts
from local.state import lock, of_tests
from tests import secret_search, tables

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.account import Account


# How long an example takes says nothing on a machine that others use too. The examples are the same for everybody, so
# that a run says something of the change it is made for; `make fuzz` looks at new ones, and at more of them.
EXPLORING = os.environ.get("WATCHPOST_FUZZ")
hypothesis.settings.register_profile(
    "watchpost", deadline=None, derandomize=not EXPLORING, max_examples=int(EXPLORING or 100)
)
hypothesis.settings.load_profile("watchpost")


# More than the processors of a small machine: the acceptance tests wait most of the time.
WORKERS = 4
MEMORY = 3 * 2**30  # bytes for each of them: it has an account of its own, of about 1.5 GB
# Who names a cluster or ports has one account only.
ONE_ONLY = ("ELASTICSEARCH_URL", "WATCHPOST_AWS_PORT", "WATCHPOST_ELASTICSEARCH_PORT", "WATCHPOST_TRANSPORT_PORT")


def pytest_xdist_auto_num_workers() -> int:
    """How many processes share the tests; 0: this one runs them all."""
    if any(os.environ.get(name) for name in ONE_ONLY):
        return 0
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return max(1, min(WORKERS, memory // MEMORY))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The tables that tests have made, whichever process they ran in."""
    for title, lines in tables.printed(terminalreporter.stats):
        terminalreporter.section(title)
        for line in lines:
            terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def local_account(request: pytest.FixtureRequest) -> Iterator[Account]:
    """Elasticsearch and AWS with IAM enforced and Watchpost deployed, apart from the user's own account."""
    capture = request.config.pluginmanager.getplugin("capturemanager")
    state = of_tests(os.environ.get("PYTEST_XDIST_WORKER", ""))
    with lock(state.root):
        with capture.global_and_fixture_disabled():
            context = accounts.started(state, keep=False)
            running = context.__enter__()
        try:
            yield running
            secret_search.check(running)
        finally:
            with capture.global_and_fixture_disabled():
                context.__exit__(None, None, None)
