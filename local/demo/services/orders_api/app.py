"""Takes orders: logs structured JSON, hands payment and mail to the other services."""

import functools
import json
import os
import time

import boto3


@functools.lru_cache(maxsize=1)
def client():
    return boto3.client("lambda")


def log(level, message, **fields):
    print(json.dumps({"level": level, "message": message, "service": "orders-api", **fields}))


def hand_over(function, payload):
    client().invoke(FunctionName=os.environ[function], InvocationType="Event", Payload=json.dumps(payload))


def handler(event, context):
    started = time.time()
    request_id = context.aws_request_id
    order = event["order"]
    common = {"function_request_id": request_id, "correlation_id": request_id}
    log("INFO", f"order {order} received", order={"id": order, "amount": event["amount"]}, **common)
    print(f"MONITORING|{started:.3f}|1|count|orders-received|#channel:{event['channel']}")
    if event["amount"] > 900:
        log("WARNING", f"order {order} is unusually large", order={"id": order, "amount": event["amount"]}, **common)
    payload = {"order": order, "amount": event["amount"], "card": event["card"], "correlation_id": request_id}
    hand_over("PAYMENT_WORKER", payload)
    hand_over("MAIL_SENDER", payload)
    print(f"MONITORING|{time.time():.3f}|{(time.time() - started) * 1000:.1f}|latency|order-latency")
    log("INFO", f"order {order} accepted", **common)
    return {"statusCode": 202, "request_id": request_id}
