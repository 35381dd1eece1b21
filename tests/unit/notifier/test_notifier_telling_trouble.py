"""A story is told whatever happens: without Elasticsearch, without AWS, from any message, and without secrets."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from notifier.story import DISCOVER, EVENTS, KEY, SEVERITIES
from notifier.telling import tell
from watchpost.errors import ClusterUnavailableError

from tests.unit.notifier.facts import Aws, Elasticsearch, around, composite, hit, message, refused, sns

if TYPE_CHECKING:
    from collections.abc import Iterator

    from notifier.story import Story

ERRORS = "watchpost/orders/orders-api/errors"
AWAY = Elasticsearch([ClusterUnavailableError(0, "ConnectionError: refused")])


def _told(body: dict[str, Any] | str, *answers: Any, aws: Aws | None = None, **changes: Any) -> Story:
    cluster = Elasticsearch(list(answers)) if answers else AWAY
    return tell(sns(body), around(cluster, aws or Aws(), **changes))


def test_without_elasticsearch_the_story_is_told_with_the_reason_and_all_the_rest() -> None:
    story = _told(message())

    assert story.evidence
    assert story.evidence.problem == "Elasticsearch does not answer."
    assert (story.evidence.errors, story.evidence.failing) == ((), None)
    assert story.words == "Sum of LogErrors over 1 minute was 7, the alarm is at 1 or more."
    assert story.graph
    assert DISCOVER in [link.label for link in story.links]


@pytest.fixture
def release() -> Iterator[threading.Event]:
    """Lets what hangs go on at the end of a test."""
    event = threading.Event()
    yield event
    event.set()


def test_an_elasticsearch_that_does_not_answer_in_time_holds_nothing_up(release: threading.Event) -> None:
    # given a cluster that answers when the test is over
    def hangs() -> list[dict[str, Any]]:
        release.wait()
        return []

    # when a story is told that may take a fifth of a second
    story = _told(message(), hangs, limit=0.2)

    # then it says so, and Elasticsearch still waits
    assert not release.is_set()
    assert story.evidence
    assert story.evidence.problem == "Elasticsearch gave no usable answer within 0.16 seconds."


def test_an_aws_that_does_not_answer_in_time_holds_nothing_up(release: threading.Event) -> None:
    class Hangs(Aws):
        def client(self, name: str) -> Aws:
            release.wait()
            return super().client(name)

    story = _told(composite(ERRORS), [hit("card declined")], aws=Hangs(), limit=0.2)

    assert not release.is_set()
    assert (story.graph, story.deployments) == (None, ())
    assert [child.name for child in story.children] == [ERRORS]


@pytest.mark.parametrize("error", [ValueError("a bug"), KeyError("a bug"), RecursionError()])
def test_a_mistake_of_our_own_does_not_keep_an_alarm_from_being_told(error: Exception) -> None:
    class Broken(Aws):
        def client(self, name: str) -> Aws:
            raise type(error)(name)

    story = _told(message(), error, aws=Broken())

    assert story.words.startswith("Sum of LogErrors")
    assert story.evidence
    assert story.evidence.problem == "Elasticsearch gave no usable answer within 4 seconds."


def test_secrets_in_the_alarms_own_texts_are_redacted() -> None:
    secret = "AKIAABCDEFGHIJKLMNOP"

    story = _told(message(AlarmDescription=f"use {secret}", NewStateReason=f"by {secret}", Trigger=None))
    plain = _told(f"the key is {secret}")

    for told in (story, plain):
        assert secret not in f"{told.description}{told.reason}{told.words}{told.headline}{told.notification!r}"


def test_half_a_secret_at_the_end_of_a_text_that_was_cut_is_not_shown() -> None:
    story = _told(f"{'x' * 1000} AKIAABCDEFGHIJKLMNOP AKIAABCDEFGHIJKLMNOP")

    assert "AKIA" not in story.reason


HOSTILE = st.text(alphabet=st.sampled_from("\x1b[]0;m\x07\x9d\n\u202e\ud800<>&!@é🔥/%#?\"'()"), max_size=40) | st.text()
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | HOSTILE,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(HOSTILE, inner, max_size=3),
    max_leaves=6,
)
MESSAGES = st.dictionaries(
    st.sampled_from([*message(), *composite(), "Trigger"]),
    VALUES | st.sampled_from(["watchpost/a/b/c", "watchpost/a/service/unhealthy", "ALARM", "0001-01-01T00:00:00"]),
).map(lambda changes: json.dumps({**message(), **changes}))


@given(MESSAGES | HOSTILE, st.sampled_from([[hit("card declined")], [], ClusterUnavailableError(0, "x"), OSError("x")]))
def test_no_message_is_too_strange_to_be_told(body: str, answer: Any) -> None:
    story = _told(body, answer, aws=Aws(picture=refused("GetMetricWidgetImage")))

    assert story.event in EVENTS
    assert story.severity in SEVERITIES
    assert story.headline
    assert len(story.key) <= KEY
    assert story.key.isascii()
    assert all(link.url.startswith("https://") for link in story.links)
