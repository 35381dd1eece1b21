"""What the acceptance tests look at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from local import stack
from local.demo import evidence, traffic
from tests.acceptance.helpers import eventually, every_line

if TYPE_CHECKING:
    from local.account import Account

DEBUG_SAMPLE_RATE = 0.3


@pytest.fixture(scope="session")
def account(local_account: Account) -> Account:
    """The account with the deployed stack."""
    return local_account


@pytest.fixture(scope="session")
def shop(account: Account) -> str:
    """The URL of the demo's shop, deployed and subscribed, with one order that went all the way."""
    stack.deploy_demo(account.state, account.endpoint, DebugSampleRate=str(DEBUG_SAMPLE_RATE))
    traffic.announce_log_groups(account)
    eventually(lambda: all(traffic.subscriptions(account).values()), "the subscription of the shop's log groups")
    url = traffic.shop(account)
    first = traffic.order(url, 1)
    eventually(lambda: evidence.at_rest(account, [first]), "the end of the first order")
    every_line(account)
    return url
