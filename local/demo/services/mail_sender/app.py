"""Sends mails: prints plain text, as many small services do."""


def handler(event, context):
    order = event["order"]
    print(f"mail for order {order} queued, request={event['correlation_id']}")
    print("MONITORING|1|Count|mails-sent|mail|template=order-received")
    print(f"mail for order {order} sent")
