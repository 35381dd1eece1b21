"""Reserves what was paid for, and tells everybody who wants to know."""

import base64
import functools
import json
import os

import boto3
from watchpost_client import handler, instrument, logger, metrics, records

log = logger()
instrument()


@functools.lru_cache(maxsize=1)
def events():
    return boto3.client("events")


def reserve(record):
    paid = json.loads(base64.b64decode(record["kinesis"]["data"]))
    order = {name: paid[name] for name in ("id", "item", "quantity", "amount")}
    log.debug("looking for %s of %s", order["quantity"], order["item"], extra={"order": order})
    metrics.count("items-reserved", order["quantity"])
    entry = {
        "EventBusName": os.environ["SHOP_BUS"],
        "Source": "shop.stock",
        "DetailType": "order-reserved",
        "Detail": json.dumps(order),
    }
    answer = events().put_events(Entries=[entry])
    if answer["FailedEntryCount"]:
        raise RuntimeError(f"order {order['id']} was not told: {answer['Entries'][0].get('ErrorCode')}")
    log.info("order %s reserved", order["id"], extra={"order": order})


@handler
def lambda_handler(event, context):
    return records.for_each(event, reserve)
