"""One account for the whole session, started by the first test that asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from local import account as accounts
from local.state import TESTS, lock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.account import Account


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
