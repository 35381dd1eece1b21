"""The text for the fallback topic: every story once, with who was not told, and never more than SNS takes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from notifier.alarm import Notification
from notifier.fallback import MESSAGE, NAMED, Undelivered, text
from notifier.story import Story

STORY = Story(
    event="plain",
    key="plain/1",
    severity="critical",
    headline="the deploy is over",
    words="",
    description="",
    reason="version 13",
    notification=Notification("the deploy is over", "version 13", region="eu-west-1"),
    since=datetime(2026, 11, 21, 6, 0, tzinfo=UTC),
    lasted=None,
    times=1,
    owner=None,
    runbook=None,
)


def _undelivered(story: Story = STORY, receiver: str = "ops", reason: str = "HTTP 400") -> Undelivered:
    return Undelivered(story, receiver, reason, None, lambda _: None)


def test_a_story_that_several_did_not_take_is_told_once() -> None:
    told = text([_undelivered(), _undelivered(receiver="pager", reason="HTTP 500, 3 tries")])

    assert told.startswith("Not told:\n  ops: HTTP 400\n  pager: HTTP 500, 3 tries\n\n")
    assert told.count("the deploy is over") == 1


def test_two_stories_are_told_one_after_the_other() -> None:
    told = text([_undelivered(), _undelivered(replace(STORY, headline="another"), receiver="")])

    assert told.count("Not told:") == 2
    assert told.index("the deploy is over") < told.index("  nobody: HTTP 400") < told.index("another")


@pytest.mark.parametrize(("count", "more"), [(NAMED, False), (NAMED + 1, True)])
def test_of_very_many_receivers_the_first_are_named(count: int, *, more: bool) -> None:
    told = text([_undelivered(receiver=f"receiver-{number}") for number in range(count)])

    assert f"receiver-{NAMED - 1}: " in told
    assert ("and 1 more" in told) is more
    assert f"receiver-{NAMED}: " not in told


def test_what_does_not_fit_into_a_message_is_said_to_be_in_the_bucket() -> None:
    long = replace(STORY, event="digest", items=("é" * 500,) * 50)
    stories = [replace(long, headline=f"story {number}") for number in range(40)]

    told = text([_undelivered(story) for story in stories])

    whole = told.count("Not told:")
    assert 0 < whole < 40
    assert told.endswith(f"{40 - whole} more are in the dead-letter bucket under notifications/")
    assert MESSAGE - 40_000 < len(told.encode()) <= MESSAGE


@given(st.lists(st.tuples(st.text(max_size=100), st.integers(0, 40_000)), min_size=1, max_size=20))
def test_whatever_was_not_taken_it_is_a_text_that_sns_takes(found: list[tuple[str, int]]) -> None:
    told = text([_undelivered(replace(STORY, description="x" * size), reason=reason) for reason, size in found])

    assert 0 < len(told.encode()) <= MESSAGE
