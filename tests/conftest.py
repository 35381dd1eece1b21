"""What all tests have in common: one account for the session, and how hypothesis looks for examples."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import hypothesis
import pytest

from local import account as accounts
from local.state import TESTS, lock

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


@pytest.fixture(scope="session")
def local_account(request: pytest.FixtureRequest) -> Iterator[Account]:
    """Elasticsearch and AWS with IAM enforced and Watchpost deployed, apart from the user's own account."""
    capture = request.config.pluginmanager.getplugin("capturemanager")
    with lock(TESTS.root):
        with capture.global_and_fixture_disabled():
            context = accounts.started(TESTS, keep=False)
            running = context.__enter__()
        try:
            yield running
        finally:
            with capture.global_and_fixture_disabled():
                context.__exit__(None, None, None)
