"""One tree of errors, and secrets that are never shown."""

from __future__ import annotations

import inspect
import json
import re
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from watchpost import errors
from watchpost.custom_resource import is_request
from watchpost.dead_letters import DeadLetter, key_of
from watchpost.secrets import Secret

CLASSES = [item for _, item in inspect.getmembers(errors, inspect.isclass) if item.__module__ == errors.__name__]
BRANCHES = (errors.RetryableError, errors.PermanentError)


@pytest.mark.parametrize("error", [item for item in CLASSES if item not in (errors.WatchpostError, *BRANCHES)])
def test_every_error_is_on_one_branch_and_drawn_in_the_tree(error: type[Exception]) -> None:
    [branch] = [item for item in BRANCHES if issubclass(error, item)]

    tree = str(errors.__doc__)
    drawn = tree.index(branch.__name__), tree.index(f"{error.__name__} ")
    assert drawn[0] < drawn[1]
    assert (branch is errors.RetryableError) == (drawn[1] < tree.index("PermanentError"))


@pytest.mark.parametrize(
    ("error", "facts"),
    [
        (errors.ClusterUnavailableError(503, "busy"), {"status": 503, "reason": "busy"}),
        (errors.ClusterRefusedError(400, "bad"), {"status": 400, "reason": "bad"}),
        (errors.DeadLetterError("a/b", "denied"), {"key": "a/b", "reason": "denied"}),
        (errors.LedgerError(["/a", "/b"]), {"left": ["/a", "/b"]}),
        (errors.ConfigurationError("a.b", "1", "2"), {"path": "a.b", "found": "1", "expected": "2"}),
        (
            errors.DefinitionError("f.yaml", "a", "1", "2"),
            {"file": "f.yaml", "path": "a", "found": "1", "expected": "2"},
        ),
        (errors.PayloadError("malformed", "json"), {"what": "malformed", "expected": "json"}),
        (errors.NotificationError("ops", 500, "HTTP 500"), {"channel": "ops", "status": 500}),
    ],
)
def test_an_error_carries_its_facts_and_says_them(error: Exception, facts: dict[str, object]) -> None:
    assert {name: getattr(error, name) for name in facts} == facts
    said = [text for fact in facts.values() for text in (fact if isinstance(fact, dict | list) else [fact])]
    assert [text for text in said if str(text) not in str(error)] == []


@pytest.mark.parametrize(("count", "more"), [(5, False), (6, True)])
def test_the_message_about_the_ledger_names_five_and_counts_the_others(count: int, more: bool) -> None:
    error = errors.LedgerError([f"/group/{number}/" for number in range(count)])

    assert len(re.findall(r"/group/\d+/", str(error))) == 5
    assert ("1 more" in str(error)) == more
    assert len(error.left) == count


@given(
    st.dictionaries(st.sampled_from(["api_key", "password"]), st.text(alphabet="0123456789", min_size=8), min_size=1)
)
def test_a_secret_shows_the_names_of_its_fields_only(values: dict[str, str]) -> None:
    secret = Secret("reference", values)

    for shown in (repr(secret), str(secret), f"{secret}"):
        assert all(name in shown for name in values)
        assert not any(value in shown for value in values.values())
    assert not hasattr(secret, "__dict__")


def test_a_field_that_a_secret_has_not_is_the_default() -> None:
    secret = Secret("reference", {"a": 1})

    assert (secret.get("a"), secret.get("b"), secret.get("b", 2)) == (1, None, 2)


def test_the_key_of_a_dead_letter_is_its_day_in_utc_and_its_invocation() -> None:
    evening = datetime(2026, 11, 21, 20, 0, tzinfo=timezone(timedelta(hours=-8)))

    assert key_of("id", evening) == "dead-letters/2026/11/22/id.ndjson.gz"
    assert key_of("id", datetime(2026, 1, 2, tzinfo=UTC)) == "dead-letters/2026/01/02/id.ndjson.gz"


def test_a_dead_letter_cannot_be_changed_after_the_fact() -> None:
    letter = DeadLetter("document", "refused", 1, {})

    with pytest.raises(AttributeError):
        letter.reason = "other"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("event", "request_"),
    [
        ({"RequestType": "Create", "ResponseURL": "https://x"}, True),
        ({"RequestType": "Create"}, False),
        ({"ResponseURL": "https://x"}, False),
        ([], False),
        (None, False),
        (json.dumps({"RequestType": "Create", "ResponseURL": "x"}), False),
    ],
)
def test_a_request_of_cloudformation_is_told_by_its_fields(event: object, request_: bool) -> None:
    assert is_request(event) == request_
