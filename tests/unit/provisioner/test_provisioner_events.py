"""Which event asks for what."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from provisioner.events import DEPLOYMENT, Order, most_seconds, order_of
from watchpost.errors import PayloadError, ProvisioningError


@pytest.mark.parametrize(
    ("event", "order"),
    [
        ({}, Order("apply")),
        ({"action": "apply"}, Order("apply")),
        ({"action": "plan"}, Order("plan")),
        ({"allow_mass_deletion": True}, Order("apply", allow_mass_deletion=True)),
        ({"action": "plan", "allow_mass_deletion": True}, Order("plan", allow_mass_deletion=True)),
        ({"detail-type": "Scheduled Event", "source": "aws.events", "detail": {}}, Order("apply")),
        ({"detail-type": "Tag Change on Resource", "detail": {"action": "plan"}}, Order("apply")),
        ({"detail-type": "CloudFormation Stack Status Change", "source": "aws.cloudformation"}, Order("apply")),
        # What lies in a message counts for nothing: whoever may send one may ask for a run, and for nothing else.
        ({"Records": [{"eventSource": "aws:sqs", "body": '{"allow_mass_deletion": true}'}]}, Order("apply")),
    ],
)
def test_an_event_is_understood(event: dict[str, Any], order: Order) -> None:
    assert order_of(event) == order


@pytest.mark.parametrize(
    "event",
    [
        {"action": "destroy"},
        {"action": None},
        {"acton": "plan"},
        {"allow_mass_deletion": "true"},
        {"allow_mass_deletion": 1},
        {"Records": []},
        {"Records": "aws:sqs"},
        {"Records": [{"eventSource": "aws:s3"}]},
        {"Records": [{"eventSource": "aws:sqs"}, "message"]},
        [],
        "plan",
        None,
    ],
)
def test_an_event_that_is_not_understood_does_nothing_and_says_so(event: Any) -> None:
    """A misspelt plan must never become a run that writes."""
    with pytest.raises(PayloadError):
        order_of(event)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["action", "allow_mass_deletion", "Records", "x"]), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(JSON)
def test_mass_deletion_is_allowed_by_true_only(event: Any) -> None:
    try:
        order = order_of(event)
    except PayloadError:
        return
    assert order.allow_mass_deletion is (event.get("allow_mass_deletion") is True)


@pytest.mark.parametrize(
    ("event", "seconds"),
    [
        ({"RequestType": "Create", "ResponseURL": "https://x"}, DEPLOYMENT),
        ({"RequestType": "Update", "ResponseURL": "https://x"}, DEPLOYMENT),
        ({"RequestType": "Delete", "ResponseURL": "https://x"}, float("inf")),
        ({"detail-type": "Scheduled Event"}, float("inf")),
        (None, float("inf")),
    ],
)
def test_nobody_who_deploys_waits_for_a_whole_first_run(event: Any, seconds: float) -> None:
    """What is not done by then, the schedule does; what is not deleted by then, nobody does."""
    assert most_seconds(event) == seconds


def test_the_error_at_the_end_names_what_failed_and_counts_the_rest() -> None:
    five = [{"name": f"alarm-{n}", "reason": "refused"} for n in range(5)]
    six = [*five, {"name": "alarm-5", "reason": "refused"}]
    assert "alarm-4 (refused)" in str(ProvisioningError(five))
    assert "more" not in str(ProvisioningError(five))
    assert str(ProvisioningError(six)).startswith("6 not done: alarm-0 (refused)")
    assert str(ProvisioningError(six)).endswith("1 more")
    assert ProvisioningError(six).failed == six
