"""Passing the context on: with everything that a service sends to others, after one call.

instrument(http_hosts=["*.shop.example"])
"""

from __future__ import annotations

import gc
import os
from typing import TYPE_CHECKING, Any

from watchpost_client import context as contexts
from watchpost_client import wire
from watchpost_client.guard import guarded
from watchpost_client.outgoing import eventbridge, http, kinesis, lambda_, sns, sqs, stepfunctions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

HOSTS = "WATCHPOST_HTTP_HOSTS"  # patterns with commas or spaces between them

# By the names that botocore's events have for services and operations.
OPERATIONS: dict[str, Callable[[dict[str, Any], Mapping[str, str]], None]] = {
    "sns.Publish": sns.publish,
    "sns.PublishBatch": sns.publish_batch,
    "sqs.SendMessage": sqs.send,
    "sqs.SendMessageBatch": sqs.send_batch,
    "kinesis.PutRecord": kinesis.put,
    "kinesis.PutRecords": kinesis.put_batch,
    "eventbridge.PutEvents": eventbridge.put,
    "lambda.Invoke": lambda_.invoke,
    "lambda.InvokeWithResponseStream": lambda_.invoke,
    "sfn.StartExecution": stepfunctions.start,
    "sfn.StartSyncExecution": stepfunctions.start,
}


def instrument(
    session: Any = None, *, http_hosts: Iterable[str] | str = (), boto: bool = True, http: bool = True
) -> None:
    """Have the context of the running code carried by what it sends. Call it once; more often changes nothing.

    boto: SNS (messages to topics), SQS, Kinesis, EventBridge, Lambda and Step Functions, single and in batches, of
    every client and resource of a session, also those made before. session: one of boto3 or botocore; without one, the
    default session of boto3, which `boto3.client` uses. Another session has its own call, and so has a default session
    that takes the place of this one. Not covered: aioboto3, and what does not go through clients.

    http: requests of `requests`, `urllib3` and `httpx` (sync and async), also when they are imported later, to the
    hosts that http_hosts and the environment's WATCHPOST_HTTP_HOSTS name. These are names of hosts without ports, such
    as `orders.internal` or `*.shop.example`; more of them may be added by another call. To others nothing is passed
    on, also when a request is redirected to one.

    Values that are there already stay, and under another correlation id nothing is added. What has no room for all of
    a context carries its more important names, or none; this is told once. What is no JSON object is left as it is.
    A block can keep its context to itself: `with correlation.not_passed_on():`. Nothing here raises.
    """
    if boto:
        with guarded("passing-boto"):
            _instrument_boto(session)
    if http:
        with guarded("passing-http"):
            _instrument_http(http_hosts)


def _instrument_http(hosts: Iterable[str] | str) -> None:
    named = hosts.split(",") if isinstance(hosts, str) else list(hosts)
    http.allow([*named, *os.environ.get(HOSTS, "").replace(",", " ").split()])


def _instrument_boto(session: Any) -> None:
    import boto3  # noqa: PLC0415  # a service that only sends by HTTP pays nothing for it

    if session is None:
        if boto3.DEFAULT_SESSION is None:
            boto3.setup_default_session()
        session = boto3.DEFAULT_SESSION
    inner = getattr(session, "_session", session)  # boto3's sessions have one of botocore
    _register(inner.get_component("event_emitter"))
    for client in _clients(inner):
        _register(client.meta.events)


def _clients(session: Any) -> Iterator[Any]:
    """The clients that a session has made: each has a copy of its events, so what is registered now is not in it.

    Each client has a class of its own, so where there is none the rest, which is not for nothing, is not done.
    """
    from botocore.client import BaseClient  # noqa: PLC0415  # boto3 has imported it

    classes = BaseClient.__subclasses__()
    if not classes:
        return
    loader = session.get_component("data_loader")  # a client shares it with its session, and with no other one
    for found in gc.get_referrers(*classes):
        if isinstance(found, BaseClient) and getattr(found, "_loader", None) is loader:
            yield found


def _register(events: Any) -> None:
    for operation, put in OPERATIONS.items():
        # Behind all others, so that what they put there counts as there. The same id is registered once.
        event = f"before-parameter-build.{operation}"
        events.register_last(event, _hook(operation, put), unique_id=f"watchpost-client-{operation}")


def _hook(operation: str, put: Callable[[dict[str, Any], Mapping[str, str]], None]) -> Callable[..., None]:
    def before_parameter_build(params: Any, **_: Any) -> None:
        # `params` are the keyword arguments of the call: a dictionary of botocore's own, with the service's values.
        context = contexts.to_pass_on()
        if context is not None:
            with guarded(f"passing-{operation}"):
                put(params, wire.write(context))

    return before_parameter_build
