"""Charges cards: fails now and then, and then logs the traceback and lets the invocation fail."""

import json
import time
import traceback


class PaymentProviderError(Exception):
    """The provider did not take the payment."""


def log(level, message, **fields):
    print(json.dumps({"level": level, "message": message, "service": "payment-worker", **fields}))


def charge(card, amount):
    if card == "unreachable":
        raise PaymentProviderError(f"payment provider did not answer within 3 s (amount {amount})")
    if card == "expired":
        raise PaymentProviderError("card is expired")


def handler(event, context):
    order = event["order"]
    common = {"function_request_id": context.aws_request_id, "correlation_id": event["correlation_id"]}
    log("INFO", f"charging order {order}", **common)
    try:
        charge(event["card"], event["amount"])
    except PaymentProviderError as error:
        print(f"MONITORING|{time.time():.3f}|1|count|payments-failed")
        exception = {"exception_name": type(error).__name__, "exception": traceback.format_exc()}
        log("ERROR", f"payment of order {order} failed: {error}", **exception, **common)
        raise
    print(f"MONITORING|{time.time():.3f}|{event['amount']}|gauge|payment-amount")
    log("INFO", f"order {order} paid", **common)
