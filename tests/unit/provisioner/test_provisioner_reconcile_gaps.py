"""What is not known, asked about many alarms at once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from provisioner.gaps import Gaps
from provisioner.inventory import Unknown
from provisioner.tags import KIND_TAG, RESOURCE_TAG, SERVICE_KIND, resource_tag

NAMES = ["", "api", "api/", "other", "ä name that no tag may have"]
UNKNOWN = st.builds(
    Unknown,
    st.just("reason"),
    st.sampled_from(["", "lambda", "sqs"]),
    st.sampled_from(["", "orders", "größe"]),
    st.sampled_from(NAMES),
)


@given(
    st.lists(UNKNOWN, max_size=4),
    st.sampled_from(["lambda", "sqs", "logs", SERVICE_KIND]),
    st.sampled_from(["api", "api/prod", "other", "orders", "größe", NAMES[-1]]),
)
def test_all_together_say_what_each_says(unknown: list[Unknown], kind: str, name: str) -> None:
    tags = {KIND_TAG: kind, RESOURCE_TAG: resource_tag(name)}
    expected = any(gap.covers_alarm(kind, tags[RESOURCE_TAG]) for gap in unknown)
    everything = any(not (gap.kind or gap.resource) for gap in unknown)
    assert Gaps(unknown).cover(tags) is (expected or everything)


@pytest.mark.parametrize("unknown", [[], [Unknown("reason", "lambda", "orders", "api")]])
def test_an_alarm_that_does_not_say_what_it_is_about_stays_when_anything_is_not_known(unknown: list[Unknown]) -> None:
    assert Gaps(unknown).cover({}) is bool(unknown)


def test_a_service_that_was_not_looked_at_covers_everything() -> None:
    gaps = Gaps([Unknown("later", service="orders")])
    assert gaps.everything
    assert gaps.cover({KIND_TAG: "lambda", RESOURCE_TAG: "api"})
    assert gaps.cover({KIND_TAG: SERVICE_KIND, RESOURCE_TAG: "another"})
