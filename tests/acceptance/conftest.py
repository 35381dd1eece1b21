"""What the acceptance tests look at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from local.account import Account


@pytest.fixture(scope="session")
def account(local_account: Account) -> Account:
    """The account with the deployed stack."""
    return local_account
