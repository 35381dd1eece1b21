"""Says what an item costs."""

import json

from watchpost_client import handler, logger, metrics

PRICES = {"book": 12, "lamp": 49, "chair": 180, "desk": 420}

log = logger()


@handler
def lambda_handler(event, context):
    item = event["pathParameters"]["item"]
    order = {"id": int(event["queryStringParameters"]["order"]), "item": item}
    log.debug("looking for %s among %s prices", item, len(PRICES), extra={"order": order})
    metrics.count("prices-asked")
    log.info("%s costs %s", item, PRICES[item], extra={"order": order})
    return {"statusCode": 200, "body": json.dumps({"item": item, "price": PRICES[item]})}
