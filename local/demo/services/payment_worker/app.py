"""Charges cards for orders that wait in a queue: a card may be refused, and the provider may be away."""

import functools
import json
import os

import boto3
import urllib3
from watchpost_client import handler, instrument, logger, metrics, records

log = logger()
instrument()


class PaymentProviderError(Exception):
    """The provider did not take the payment."""


class CardRefusedError(Exception):
    """Trying again would not help."""


@functools.lru_cache(maxsize=1)
def kinesis():
    return boto3.client("kinesis")


@functools.lru_cache(maxsize=1)
def http():
    # An API of AWS answers within 30 s; on a busy machine the price list alone may take longer to start.
    return urllib3.PoolManager(timeout=75, retries=False)


def price(order):
    answer = http().request("GET", f"{os.environ['SHOP_URL']}/prices/{order['item']}?order={order['id']}")
    if answer.status != 200:
        raise RuntimeError(f"order {order['id']}: the price list answered {answer.status} for {order['item']}")
    return json.loads(answer.data)["price"]


@metrics.timer("charge")
def charge(order):
    if order["card"] == "unreachable":
        raise PaymentProviderError(f"payment provider did not answer within 3 s (order {order['id']})")
    if order["card"] == "expired":
        raise CardRefusedError(f"card is expired (order {order['id']})")


def pay(record):
    order = json.loads(json.loads(record["body"])["Message"])
    about = {name: order[name] for name in ("id", "item", "quantity")}
    log.info("charging order %s", order["id"], extra={"order": about})
    about["amount"] = price(order) * order["quantity"]
    log.debug("order %s costs %s", order["id"], about["amount"], extra={"order": about})
    try:
        charge(order)
    except CardRefusedError:
        metrics.count("payments-failed", reason="refused")
        log.exception("payment of order %s refused", order["id"], extra={"order": about})
        return
    except PaymentProviderError:
        metrics.count("payments-failed", reason="provider")
        raise  # of the batch only this record fails
    metrics.count("revenue", about["amount"])
    metrics.gauge("payment-amount", about["amount"])
    data = json.dumps(about)
    kinesis().put_record(StreamName=os.environ["PAYMENTS_STREAM"], Data=data, PartitionKey=str(order["id"]))
    log.info("order %s paid", order["id"], extra={"order": about})


@handler
def lambda_handler(event, context):
    return records.for_each(event, pay)
