"""Takes orders over HTTP and publishes them."""

import functools
import json
import os

import boto3
from watchpost_client import handler, instrument, logger, metrics

log = logger()
instrument()


@functools.lru_cache(maxsize=1)
def sns():
    return boto3.client("sns")


@handler
@metrics.timer("order-latency")
def lambda_handler(event, context):
    order = json.loads(event["body"])
    about = {name: order[name] for name in ("id", "item", "quantity")}  # not the card
    log.debug("order %s is for %s of %s", *about.values(), extra={"order": about})
    metrics.count("orders-received", channel=order["channel"])
    sns().publish(TopicArn=os.environ["ORDERS_TOPIC"], Message=json.dumps(order))
    log.info("order %s accepted", order["id"], extra={"order": about})
    return {"statusCode": 202, "body": json.dumps({"id": order["id"], "request_id": context.aws_request_id})}
