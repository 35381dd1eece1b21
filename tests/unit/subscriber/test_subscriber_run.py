"""Which events the subscriber takes."""

from __future__ import annotations

from typing import Any, NoReturn

import pytest
from hypothesis import given
from hypothesis import strategies as st
from subscriber.run import Surroundings, run
from subscriber.sweep import RESERVE
from watchpost.errors import PayloadError


def _never() -> NoReturn:
    raise AssertionError("nothing may be asked for")


AROUND = Surroundings(account=_never, configuration=_never, remaining=lambda: RESERVE, log_stream="stream")
CREATED: dict[str, Any] = {"eventSource": "logs.amazonaws.com", "eventName": "CreateLogGroup"}


def _cloudtrail(**detail: Any) -> dict[str, Any]:
    return {"detail-type": "AWS API Call via CloudTrail", "detail": {**CREATED, **detail}}


@pytest.mark.parametrize(
    "event",
    [
        None,
        [],
        "sweep",
        {"action": "delete"},
        {"something": "else"},
        {"next_token": 7},
        {"detail-type": "AWS API Call via CloudTrail"},
        _cloudtrail(),
        _cloudtrail(requestParameters=None),
        _cloudtrail(requestParameters={"logGroupName": ""}),
        _cloudtrail(eventName="DeleteLogGroup", requestParameters={"logGroupName": "/x"}),
        _cloudtrail(eventSource="ec2.amazonaws.com", requestParameters={"logGroupName": "/x"}),
    ],
)
def test_an_event_of_no_known_kind_is_refused_before_anything_is_called(event: Any) -> None:
    with pytest.raises(PayloadError):
        run(event, AROUND)


@pytest.mark.parametrize("parameters", [{"logGroupName": "/x"}, None])
def test_a_call_that_failed_created_no_group_and_is_skipped_with_the_reason(parameters: Any) -> None:
    event = _cloudtrail(errorCode="ResourceAlreadyExistsException", requestParameters=parameters)

    [skipped] = run(event, AROUND)["skipped"]

    assert skipped["log_group"] == ("/x" if parameters else "")
    assert "ResourceAlreadyExistsException" in skipped["reason"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["detail", "detail-type", "x", "action"]), JSON, min_size=1))
def test_no_event_that_is_none_of_ours_causes_anything_but_a_clear_refusal(event: dict[str, Any]) -> None:
    with pytest.raises(PayloadError):
        run({"x": 1, **event}, AROUND)
