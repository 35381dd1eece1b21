"""The strict check of dashboards refuses what CloudWatch refuses, and takes what stands at the limit."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

import pytest
from provisioner.dashboard_service import service_dashboards

from tests.unit.provisioner.dashboard_limits import check
from tests.unit.provisioner.limits import LimitError
from tests.unit.provisioner.pages import CONTEXT, service_page

if TYPE_CHECKING:
    from collections.abc import Callable


def _body() -> dict[str, Any]:
    (body,) = service_dashboards(service_page(), CONTEXT).values()
    return deepcopy(body)


def _first(body: dict[str, Any], kind: str) -> dict[str, Any]:
    found: dict[str, Any] = next(widget for widget in body["widgets"] if widget["type"] == kind)["properties"]
    return found


def _many(body: dict[str, Any], count: int, metrics: int = 0) -> None:
    properties = {"markdown": "m"} if not metrics else _first(_body(), "metric")
    if metrics:
        properties["metrics"] = [["N", "M", {"stat": "Sum"}]] * metrics
    kind = "metric" if metrics else "text"
    body["variables"] = []
    body["widgets"] = [
        {"type": kind, "x": 0, "y": y, "width": 24, "height": 1, "properties": properties} for y in range(count)
    ]


def _arn(number: int) -> str:
    return f"arn:aws:cloudwatch:eu-west-1:123456789012:alarm:a{number}"


TAKEN: list[Callable[[dict[str, Any]], object]] = [
    dict.copy,  # as it is
    lambda body: _many(body, 500),
    lambda body: _many(body, 5, 500),
    lambda body: _first(body, "alarm").update(alarms=[_arn(n) for n in range(100)]),
    lambda body: body["widgets"][0].update(height=3),
]
REFUSED: list[Callable[[dict[str, Any]], object]] = [
    lambda body: _many(body, 501),
    lambda body: _many(body, 1, 501),
    lambda body: _many(body, 6, 417),
    lambda body: _first(body, "alarm").update(alarms=[_arn(n) for n in range(101)]),
    lambda body: _first(body, "alarm").update(alarms=[]),
    lambda body: _first(body, "alarm").update(alarms=[_arn(1), _arn(1)]),
    lambda body: _first(body, "alarm").update(alarms=["a name"]),
    lambda body: body["widgets"][0].update(height=4),  # onto the next
    lambda body: body["widgets"][0].update(width=25),
    lambda body: body["widgets"][0].update(x=1),
    lambda body: body["widgets"][0].update(y=-1),
    lambda body: body["widgets"][0].update(type="explorer"),
    lambda body: body["widgets"][0].update(colour="red"),
    lambda body: body.update(start="yesterday"),
    lambda body: body.update(periodOverride="always"),
    lambda body: _first(body, "text").update(markdown=""),
    lambda body: _first(body, "log").update(query="fields @message"),
    lambda body: _first(body, "log").update(query="SOURCE 'a'b' | fields @message"),
    lambda body: _first(body, "log").update(query=" | ".join(f"SOURCE '{n}'" for n in range(51))),
    lambda body: _first(body, "metric").update(period=61),
    lambda body: _first(body, "metric").update(view="picture"),
    lambda body: _first(body, "metric").update(region=""),
    lambda body: _first(body, "metric").update(yAxis={"left": {"from": 0}}),
    lambda body: _first(body, "metric").update(metrics=[]),
    lambda body: _first(body, "metric").update(metrics=[["N", "M", "Name", {"stat": "Sum"}]]),
    lambda body: _first(body, "metric").update(metrics=[["N", "M", "A", "1", "A", "2", {"stat": "Sum"}]]),
    lambda body: _first(body, "metric").update(metrics=[["N", "M", {"stat": "Median"}]]),
    lambda body: _first(body, "metric").update(metrics=[["N", "M", {"stat": "Sum", "label": "${AVG}"}]]),
    lambda body: _first(body, "metric").update(metrics=[["N", "M", {"stat": "Sum", "visible": False}]]),
    lambda body: _first(body, "metric").update(metrics=[["N", "M", {"stat": "Sum", "id": "a"}]] * 2),
    lambda body: _first(body, "metric").update(metrics=[["N", "M", {"stat": "Sum", "id": "Upper"}]]),
    lambda body: _first(body, "metric").update(metrics=[[{"expression": "SEARCH('x', 'Sum')", "id": "e"}]]),
    lambda body: _first(body, "metric")["annotations"]["vertical"][0].update(value="2026-11-20T14:03:12"),
    lambda body: _first(body, "metric")["annotations"]["horizontal"][0].update(color="red"),
    lambda body: _first(body, "metric").update(view="singleValue"),
    lambda body: body["variables"][0].update(property="nothing of this name"),
    lambda body: body["variables"][0].update(pattern="period"),
    lambda body: body["variables"][0].update(values=[]),
    lambda body: body["variables"][0].update(defaultValue="7"),
    lambda body: body["variables"].append(body["variables"][0]),
]


@pytest.mark.parametrize("change", TAKEN)
def test_what_cloudwatch_takes_passes(change: Callable[[dict[str, Any]], object]) -> None:
    body = _body()
    change(body)
    check("a" * 255, body)


@pytest.mark.parametrize("change", REFUSED)
def test_what_cloudwatch_refuses_or_shows_wrongly_does_not_pass(change: Callable[[dict[str, Any]], object]) -> None:
    body = _body()
    change(body)
    with pytest.raises(LimitError):
        check("d", body)


@pytest.mark.parametrize("name", ["", "a" * 256, "a/b", "ä"])
def test_a_name_that_no_dashboard_can_have_does_not_pass(name: str) -> None:
    with pytest.raises(LimitError):
        check(name, _body())
