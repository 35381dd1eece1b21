"""A shop that attaches the client layer, while fifty requests run at once: each is one transaction, in all services."""

from __future__ import annotations

import json
import os
import re
import subprocess
import threading
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from local import stack
from local.demo import evidence, traffic
from local.demo.traffic import EXPIRED, LOG_GROUPS, SERVICES, UNREACHABLE, VALID, Order
from local.state import tool
from tests.acceptance.helpers import block_writes, dead_letters, eventually, every_line, unanswered

if TYPE_CHECKING:
    from local.account import Account

ORDERS = 50
FIRST = 1_000  # number of the first order; no other test has such
REFUSED = FIRST + ORDERS
SAMPLED, NOT_SAMPLED = FIRST + 20, FIRST + 21  # decided by who sends them, and not by the shop


@dataclass(frozen=True)
class Fifty:
    """What was ordered at once, and what came of it."""

    orders: list[Order]
    documents: list[dict[str, Any]]  # of the shop's log groups, written since
    not_done: int  # messages that were added to the queue of failed payments, or will be

    @property
    def lines(self) -> list[dict[str, Any]]:
        """The services' own lines, which are no metrics and none of the platform's."""
        return [one for one in self.documents if one["data_stream"]["dataset"] == "watchpost.app"]

    def of(self, order: Order) -> list[dict[str, Any]]:
        """The documents that have an order's id anywhere."""
        return [one for one in self.documents if order.correlation_id in json.dumps(one)]

    def with_card(self, *cards: str) -> list[Order]:
        return [order for order in self.orders if order.card in cards]


@pytest.fixture(scope="module")
def fifty(account: Account, shop: str) -> Fifty:
    """Fifty orders at once, most of which are paid, and all of their documents."""
    began = datetime.now(UTC)
    not_done = _not_done(account)
    together = threading.Barrier(ORDERS)

    def send(number: int) -> Order:
        card = {3: EXPIRED, 7: UNREACHABLE}.get(number % 10, VALID)
        debug = {SAMPLED: True, NOT_SAMPLED: False}.get(number)
        together.wait()
        return traffic.order(shop, number, card, debug=debug)

    with ThreadPoolExecutor(ORDERS) as threads:
        orders = list(threads.map(send, range(FIRST, FIRST + ORDERS)))
    # Two environments at once take three orders each, and each asks the price list: on a busy machine that is long.
    eventually(
        *(lambda: evidence.at_rest(account, orders), "the end of every order"),
        patience=420,
        about=lambda: _unfinished(account, orders),
    )
    counted = every_line(account)
    assert all(lines.expected == lines.found for lines in counted.values()), counted
    return Fifty(orders, _documents(account, began), _not_done(account) - not_done)


def _unfinished(account: Account, orders: list[Order]) -> dict[str, list[str]]:
    """What was written of the orders that have no end, and errors of any order."""
    written = evidence.written(account)
    missing = {order.correlation_id for order in evidence.unfinished(written, orders)}
    return {
        service: [
            message
            for _, message in events
            if any(one in message for one in missing) or "Traceback" in message or '"ERROR"' in message
        ]
        for service, events in written.items()
    }


def _not_done(account: Account) -> int:
    """Messages of failed payments: aside already, or still in their queue until they can be seen again."""
    queues, sqs = account.outputs(stack.DEMO_STACK), account.client("sqs")
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    answers = [
        sqs.get_queue_attributes(QueueUrl=queues[output], AttributeNames=names)["Attributes"]
        for output in ("PaymentQueueUrl", "FailedPaymentsUrl")
    ]
    return sum(int(attributes[name]) for attributes in answers for name in names)


def _documents(account: Account, began: datetime) -> list[dict[str, Any]]:
    filters = [
        {"terms": {"aws.cloudwatch.log_group": list(LOG_GROUPS.values())}},
        {"range": {"@timestamp": {"gte": began.isoformat()}}},
    ]
    body = {"size": 10_000, "query": {"bool": {"filter": filters}}, "sort": ["@timestamp"]}
    return [hit["_source"] for hit in evidence.search(account, body)["hits"]["hits"]]


def _numbers(document: dict[str, Any]) -> set[int]:
    """The orders that a line is about: of its fields, and of its texts."""
    texts = f"{document['message']} {document.get('error', {}).get('message', '')}"
    numbers = {int(number) for number in re.findall(r"\border (\d+)", texts)}
    return numbers | ({document["app"]["order"]["id"]} if "order" in document.get("app", {}) else set())


def test_each_transaction_is_found_in_every_service_on_its_way_and_nowhere_else(account: Account, fifty: Fifty) -> None:
    for order in fifty.orders:
        found = fifty.of(order)

        assert {one["service"]["name"] for one in found} == set(order.services), order
        # no line of another order has its id, and none of its own has another one
        assert {number for one in found for number in _numbers(one)} == {order.number}
        assert {one["correlation"]["id"] for one in found} == {order.correlation_id}
    about = {one.number: one.correlation_id for one in fifty.orders}
    for line in fifty.lines:
        assert {about[number] for number in _numbers(line)} <= {line["correlation"]["id"]}, line

    ids = [order.correlation_id for order in fifty.orders]
    by_group = {"terms": {"field": "aws.cloudwatch.log_group", "size": 100}}
    body = {"size": 0, "query": {"terms": {"correlation.id": ids}}, "aggs": {"groups": by_group}}
    groups = evidence.search(account, body)["aggregations"]["groups"]["buckets"]
    assert {bucket["key"] for bucket in groups} == set(LOG_GROUPS.values())


def test_each_line_of_the_services_belongs_to_a_transaction(fifty: Fifty) -> None:
    ids = {order.correlation_id for order in fifty.orders}

    assert fifty.lines
    assert [line for line in fifty.lines if line.get("correlation", {}).get("id") not in ids] == []
    assert all(line["faas"]["execution"] for line in fifty.lines)


def test_each_service_writes_as_many_lines_for_a_transaction_as_it_should(fifty: Fifty) -> None:
    for order in fifty.orders:
        own = [one for one in fifty.of(order) if one["log"]["level"] != "debug"]
        expected = dict.fromkeys(order.services, 1) | {"payment-worker": 2}

        assert Counter(one["service"]["name"] for one in own) == expected, order


def test_the_debug_lines_of_a_transaction_are_there_in_all_services_or_in_none(fifty: Fifty) -> None:
    debug: dict[str, Counter[str]] = defaultdict(Counter)
    for line in fifty.lines:
        if line["log"]["level"] == "debug":
            debug[line["correlation"]["id"]][line["service"]["name"]] += 1

    for order in fifty.orders:
        assert debug[order.correlation_id] in (Counter(), Counter(order.services)), order
    by_number = {order.number: debug[order.correlation_id] for order in fifty.orders}
    assert by_number.pop(SAMPLED)
    assert not by_number.pop(NOT_SAMPLED)
    # the others are decided by the rate of the shop's environment, which is neither 0 nor 1
    assert 0 < sum(1 for services in by_number.values() if services) < len(by_number)


def test_metrics_are_what_the_services_counted_and_what_was_sent(account: Account, fifty: Fifty) -> None:
    paid, failed = fifty.with_card(VALID), fifty.with_card(EXPIRED, UNREACHABLE)
    amount = sum(order.amount for order in paid)
    written: dict[str, list[float]] = defaultdict(list)
    for one in fifty.documents:
        if "metric" in one:
            written[one["metric"]["name"]].append(one["metric"]["value"])

    sums = {name: sum(values) for name, values in written.items()}
    assert {name: sums[name] for name in sums if name not in {"order-latency", "charge"}} == {
        "orders-received": ORDERS,
        "prices-asked": ORDERS,
        "revenue": amount,
        "payment-amount": amount,
        "payments-failed": len(failed),
        "batch-records-failed": len(fifty.with_card(UNREACHABLE)),
        "items-reserved": sum(order.quantity for order in paid),
        "mails-sent": len(paid),
    }
    samples = {name: len(values) for name, values in written.items()}
    assert {name: samples[name] for name in ("order-latency", "payment-amount")} == {
        "order-latency": ORDERS,
        "payment-amount": len(paid),
    }
    # CloudWatch has all that was ever written, and once unless it did not answer
    found = evidence.metric_sums(account)
    assert sums.keys() <= {one.name for one in found}
    assert [one for one in found if not one.equal and one.found_samples <= one.samples] == []
    assert sum(one.found_samples - one.samples for one in found) <= unanswered(account, since=0), found


def test_only_the_payments_that_failed_are_kept_back_of_their_batches(fifty: Fifty) -> None:
    assert fifty.not_done == len(fifty.with_card(UNREACHABLE))


@pytest.mark.parametrize(
    ("card", "kind", "text"),
    [
        (EXPIRED, "CardRefusedError", "card is expired (order {})"),
        (UNREACHABLE, "PaymentProviderError", "payment provider did not answer within 3 s (order {})"),
    ],
)
def test_a_failure_says_what_it_was_where_and_of_which_transaction(
    fifty: Fifty, card: str, kind: str, text: str
) -> None:
    for order in fifty.with_card(card):
        errors = [one for one in fifty.of(order) if one["log"]["level"] == "error"]

        assert [one["service"]["name"] for one in errors] == ["payment-worker"]
        assert (errors[0]["error"]["type"], errors[0]["error"]["message"]) == (kind, text.format(order.number))
        assert "in charge" in errors[0]["error"]["stack_trace"]


def test_watchpost_follow_shows_a_transaction_through_all_of_its_services(account: Account, fifty: Fifty) -> None:
    """From the first one on. That the others follow in their order is shown where lines have times of their own.

    The emulator gives lines the time at which it collected them: with fifty orders at once that of a service may be
    later than the first line of the next one. See test_evidence.py.
    """
    order = next(one for one in fifty.orders if one.number == SAMPLED)

    environment = {
        "PATH": os.environ["PATH"],
        "ELASTICSEARCH_URL": account.elasticsearch_url,
        **stack.aws_environment(account.endpoint),
    }
    done = subprocess.run(
        [tool("project", "watchpost"), "follow", order.correlation_id, "--json", "--stack", stack.STACK],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    shown = json.loads(done.stdout)
    assert shown["services"][0] == next(iter(SERVICES))
    assert sorted(shown["services"]) == sorted(SERVICES)
    lines = [line for invocation in shown["invocations"] for line in invocation["lines"]]
    assert {line["correlationId"] for line in lines if line["kind"] == "app"} <= {order.correlation_id}, done.stdout
    assert sum(1 for line in lines if line["level"] == "debug") == len(SERVICES)


def test_what_elasticsearch_does_not_take_is_replayed_before_it_is_counted(account: Account, shop: str) -> None:
    # given lines that are dead letters, all of them
    block_writes(account, evidence.STREAMS, blocked=True)
    try:
        order = traffic.order(shop, REFUSED)
        eventually(lambda: evidence.at_rest(account, [order]), "the end of the order")
        eventually(lambda: _missing(account) == _waiting(account), "a dead letter for each line without document")
        assert _missing(account) >= len(SERVICES)
    finally:
        block_writes(account, evidence.STREAMS, blocked=None)

    # when Elasticsearch takes documents again, and somebody counts
    counted = evidence.settled(account, seconds=20)

    # then nothing is missing, and there is nothing twice
    assert all(lines.expected == lines.found for lines in counted.values()), counted
    assert _waiting(account) == 0


def _missing(account: Account) -> int:
    """Lines of the shop that have no document."""
    return sum(lines.missing.total() for lines in evidence.count_lines(account).values())


def _waiting(account: Account) -> int:
    """Documents of the shop that are dead letters."""
    return sum(1 for letter in dead_letters(account) if "/aws/lambda/shop-" in json.dumps(letter["original"]))
