"""Attributes that are on a message already are kept, whoever put them there."""

from __future__ import annotations

from typing import Any

import pytest
from watchpost_client import correlation, instrument, wire
from watchpost_client.context import Context

from .deliveries import CALLS, Cloud

PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
OTHER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
CONTEXT = Context("c-1", {"tenant": "t-1"}, True, PARENT, "a=1", "k=v")


@pytest.fixture(scope="module")
def cloud() -> Cloud:
    made = Cloud()
    instrument(made.session, http=False)
    return made


def _sent(cloud: Cloud, name: str, attributes: dict[str, Any]) -> Any:
    """The attributes that are sent where these are given."""
    call = CALLS[name]
    with correlation.use(CONTEXT):
        sent = cloud.sent(call.service, call.operation, **call.params("hello"), MessageAttributes=attributes)
    return sent["MessageAttributes"]


def _attribute(value: str) -> dict[str, str]:
    return {"DataType": "String", "StringValue": value}


@pytest.mark.parametrize("name", ["sqs", "sns"])
def test_an_attribute_that_is_there_stays_whatever_case_its_name_has(cloud: Cloud, name: str) -> None:
    theirs = {"X-Correlation-Tenant": _attribute("theirs"), "Debug-Log-Enabled": _attribute("false")}

    sent = _sent(cloud, name, theirs)

    assert {key: item["StringValue"] for key, item in sent.items()} == {
        "X-Correlation-Tenant": "theirs",
        "Debug-Log-Enabled": "false",
        **{key: value for key, value in wire.write(CONTEXT).items() if "tenant" not in key and key != wire.DEBUG},
    }


@pytest.mark.parametrize(("there", "added"), [("c-1", True), ("theirs", False)])
@pytest.mark.parametrize("name", ["sqs", "sns"])
def test_under_the_id_of_another_transaction_nothing_is_added(cloud: Cloud, name: str, there: str, added: bool) -> None:
    theirs = {"X-Correlation-ID": _attribute(there)}

    sent = _sent(cloud, name, theirs)

    assert (len(sent) > 1) is added
    assert sent["X-Correlation-ID"] == _attribute(there)
    assert wire.ID not in sent


@pytest.mark.parametrize("there", [{"traceparent": OTHER}, {"TraceState": "x=1"}])
def test_a_trace_that_somebody_else_put_there_is_not_mixed_with_ours(cloud: Cloud, there: dict[str, str]) -> None:
    """OpenTelemetry and X-Ray put theirs into the same places, before us."""
    theirs = {key: _attribute(value) for key, value in there.items()}

    sent = _sent(cloud, "sqs", theirs)

    trace = {key: item["StringValue"] for key, item in sent.items() if key.lower().startswith("trace")}
    assert trace == there
    assert wire.BAGGAGE in sent
