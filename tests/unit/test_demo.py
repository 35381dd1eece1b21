"""The demonstration tells the truth: what did not arrive is named, and makes it fail."""

from __future__ import annotations

import ast
import io
import json
from typing import TYPE_CHECKING, Any

import pytest
import requests
import yaml

from local.demo import report, run, traffic
from local.demo.evidence import Lines, MetricSum, unfinished, written_at
from local.demo.receiver import receiving
from local.demo.traffic import EXPIRED, UNREACHABLE, VALID, Order
from local.state import CHECKOUT

if TYPE_CHECKING:
    from pathlib import Path

DEMO = CHECKOUT / "local" / "demo"


def _lines(expected: dict[str, int], found: dict[str, int]) -> Lines:
    lines = Lines(written=sum(expected.values()))
    lines.expected.update(expected)
    lines.found.update(found)
    return lines


def test_equal_counts_are_no_problem() -> None:
    assert run._line_problems({"orders": _lines({"a": 2}, {"a": 2})}) == []


@pytest.mark.parametrize(
    ("expected", "found", "problem"),
    [
        ({"a": 2, "b": 1}, {"a": 1, "b": 1}, "orders: 1 documents missing (1 in a)"),
        ({"a": 2}, {}, "orders: 2 documents missing (2 in a)"),
        ({"a": 1}, {"a": 2}, "orders: 1 documents too many (1 in a)"),
        ({}, {}, "orders wrote no line"),
    ],
)
def test_a_count_that_is_not_equal_is_told_with_its_stream(
    expected: dict[str, int], found: dict[str, int], problem: str
) -> None:
    assert run._line_problems({"orders": _lines(expected, found)}) == [problem]


@pytest.mark.parametrize(
    ("found_samples", "found_sum", "equal"),
    [(3, 60.0, True), (3, 60.0 + 1e-9, True), (3, 60.1, False), (2, 60.0, False), (0, 0.0, False)],
)
def test_a_metric_is_equal_when_both_its_sum_and_its_samples_are(
    found_samples: float, found_sum: float, equal: bool
) -> None:
    assert MetricSum("orders", "latency", 3, 60.0, found_samples, found_sum).equal is equal


def test_a_conclusion_names_every_problem(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "console", report.Console(width=report.WIDTH))

    report.conclude(["one is missing", "another [bold]is[/bold] too"], 1.0)

    printed = capsys.readouterr().out
    assert "✗ one is missing" in printed
    assert "✗ another [bold]is[/bold] too" in printed
    assert "2 of its promises did not hold" in printed


def test_the_picture_of_the_demonstration_needs_nothing_from_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "console", report.Console(width=report.WIDTH, record=True, file=io.StringIO()))
    report.heading(1, "Every line became a document")

    report.save_picture(tmp_path / "demo.svg")

    picture = (tmp_path / "demo.svg").read_text()
    assert "became" in picture
    assert "url(http" not in picture.replace('"', "")


def test_the_webhook_keeps_what_it_receives_and_is_gone_afterwards() -> None:
    with receiving() as receiver:
        assert requests.post(receiver.url, data=json.dumps({"text": "hello"}), timeout=5).status_code == 204
        assert receiver.messages == [{"text": "hello"}]

    with pytest.raises(requests.ConnectionError):
        requests.post(receiver.url, data="{}", timeout=5)


def _document(service: str, number: int | None, at: str = "2026-11-21 18:33:16,910+0000") -> dict[str, Any]:
    own = {"timestamp": at} | ({"order": {"id": number}} if number is not None else {})
    return {"@timestamp": "2026-11-21T18:33:17.000Z", "service": {"name": service}, "app": own, "message": "m"}


def test_a_transaction_is_no_problem_when_each_service_has_a_line_of_it() -> None:
    documents = [_document(service, 7) for service in traffic.SERVICES]
    documents.append(_document("payment-worker", None))  # a line that names no order

    assert run._transaction_problems(Order(7, VALID, "c-7"), documents) == []


def test_a_service_without_a_line_of_the_transaction_and_a_line_of_another_order_are_told() -> None:
    documents = [_document(service, 7) for service in traffic.SERVICES if service != "mail-sender"]
    documents.append(_document("stock-keeper", 8))

    assert run._transaction_problems(Order(7, VALID, "c-7"), documents) == [
        "the request c-7 was not found in mail-sender",
        "the request c-7 is on a line of order 8",
    ]


def test_a_payment_that_fails_reaches_no_service_behind_it() -> None:
    assert Order(7, VALID, "c").services == tuple(traffic.SERVICES)
    assert Order(7, EXPIRED, "c").services == ("orders-api", "payment-worker", "price-list")
    assert Order(7, UNREACHABLE, "c").services == ("orders-api", "payment-worker", "price-list")


ENDS = [
    (VALID, "mail-sender", {"message": "mail for order 7 sent"}),
    (EXPIRED, "payment-worker", {"message": "payment of order 7 refused", "exception_name": "CardRefusedError"}),
    (UNREACHABLE, "payment-worker", {"message": "it failed", "exception_name": "PaymentProviderError"}),
]


@pytest.mark.parametrize(("card", "service", "line"), ENDS)
def test_an_order_is_finished_when_its_last_service_says_so(card: str, service: str, line: dict[str, str]) -> None:
    order = Order(7, card, "c-7")

    assert unfinished({service: [("stream", json.dumps(line | {"correlation_id": "c-7"}))]}, [order]) == []


@pytest.mark.parametrize(("card", "service", "line"), ENDS)
def test_an_order_is_not_finished_by_lines_of_others_or_of_another_kind(
    card: str, service: str, line: dict[str, str]
) -> None:
    order = Order(7, card, "c-7")
    lines = [
        json.dumps(line | {"correlation_id": "c-8"}),
        json.dumps({"message": "charging order 7", "correlation_id": "c-7"}),
        json.dumps(line),
        json.dumps([*line.values(), "c-7"]),
        f"MONITORING|1|1|count|{line['message']}|#id:c-7",
        "END RequestId: c-7",
    ]

    assert unfinished({service: [("stream", text) for text in lines]}, [order]) == [order]
    assert unfinished({}, [order]) == [order]
    other = next(name for name in traffic.SERVICES if name != service)
    assert unfinished({other: [("stream", json.dumps(line | {"correlation_id": "c-7"}))]}, [order]) == [order]


def test_lines_are_in_the_order_of_the_services_own_clocks_and_then_of_the_transaction() -> None:
    late, early = _document("orders-api", 7, "2026-11-21 18:33:16,911+0000"), _document("mail-sender", 7)
    same = _document("payment-worker", 7)
    without = _document("price-list", 7)
    del without["app"]

    ordered = sorted([without, late, early, same], key=written_at)

    assert ordered == [same, early, late, without]


def test_the_amounts_that_are_expected_are_those_of_the_price_list() -> None:
    tree = ast.parse((DEMO / "services" / "price_list" / "app.py").read_text())
    assigned = {node.targets[0].id: node.value for node in tree.body if isinstance(node, ast.Assign)}  # type: ignore[attr-defined]

    assert ast.literal_eval(assigned["PRICES"]) == traffic.PRICES
    assert Order(5, VALID, "c").item == "lamp"
    assert Order(5, VALID, "c").amount == 3 * 49


class _Template(yaml.SafeLoader):
    """CloudFormation's short forms, each as {its name: its value}."""


def _short_form(loader: yaml.SafeLoader, name: str, node: yaml.Node) -> dict[str, Any]:
    if isinstance(node, yaml.ScalarNode):
        return {name: loader.construct_scalar(node)}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    raise AssertionError(node)


_Template.add_multi_constructor("!", _short_form)


def test_each_service_of_the_shop_has_a_role_and_a_name_of_its_own_and_the_layer() -> None:
    template = yaml.load((DEMO / "template.yaml").read_text(), _Template)  # noqa: S506  # a SafeLoader with more tags
    resources = template["Resources"].values()
    functions = [one["Properties"] for one in resources if one["Type"] == "AWS::Serverless::Function"]

    assert template["Globals"]["Function"]["Layers"] == [{"Ref": "ClientLayer"}]
    assert {one["FunctionName"] for one in functions} == set(traffic.SERVICES.values())
    assert len({one["Role"]["GetAtt"] for one in functions}) == len(functions)
    for one in functions:
        service = one["Tags"]["service"]
        assert traffic.SERVICES[service] == one["FunctionName"]
        assert one["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"] == service
        source = (DEMO / one["CodeUri"] / "app.py").read_text()
        assert "from watchpost_client import" in source
        assert "print(" not in source
