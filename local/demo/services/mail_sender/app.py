"""Sends mails about orders: the last service."""

from watchpost_client import handler, logger, metrics

log = logger()


@handler
def lambda_handler(event, context):
    order = {name: event["detail"][name] for name in ("id", "item", "quantity", "amount")}
    log.debug("writing the mail for order %s", order["id"], extra={"order": order})
    metrics.count("mails-sent", template="order-confirmed")
    log.info("mail for order %s sent", order["id"], extra={"order": order})
