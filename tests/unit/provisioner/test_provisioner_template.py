"""The template gives the provisioner what its code counts on."""

from __future__ import annotations

import json
import re

from provisioner.events import Order, order_of
from watchpost.names import OWNER_TAG

from tests.unit.template import number, resource


def test_requests_for_a_run_are_one_message_however_many_events_there_are() -> None:
    queue = resource("ProvisioningQueue")

    assert "FifoQueue: true" in queue
    assert "ContentBasedDeduplication: true" in queue
    # equal messages are dropped for five minutes (SQS Developer Guide): none is handed out before they are over
    assert number("ProvisioningQueue", "DelaySeconds") == 300
    assert "Input: '{" in resource("StackDeployedRule")
    assert "*provisioning-target" in resource("ResourceTaggedRule")


def test_what_the_rules_send_asks_for_a_run() -> None:
    text = re.search(r"Input: '(\{.*\})'", resource("StackDeployedRule"))
    assert text
    record = {"eventSource": "aws:sqs", "messageId": "1", "body": text[1]}

    assert json.loads(text[1])
    assert order_of({"Records": [record]}) == Order("apply")


def test_tags_that_the_provisioner_puts_itself_do_not_call_it_again() -> None:
    services = re.findall(r"^ {12}- (\S+)$", resource("ResourceTaggedRule"), re.MULTILINE)

    assert "lambda" in services
    assert not {"cloudwatch", "monitoring"} & set(services)
    assert OWNER_TAG not in resource("ResourceTaggedRule")


def test_a_request_is_not_given_to_a_second_run_while_the_first_one_works_on_it() -> None:
    assert number("ProvisioningQueue", "VisibilityTimeout") > number("ProvisionerFunction", "Timeout")


def test_cloudformation_waits_longer_than_a_run_takes() -> None:
    assert number("Provisioning", "ServiceTimeout") > number("ProvisionerFunction", "Timeout")
