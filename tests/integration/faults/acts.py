"""What a fault does with a bulk request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.integration.faults.proxy import JSON, Answer, Exchange, Fault, answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.integration.faults.world import World

HTML = b"<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"
BUSY = {"error": {"type": "es_rejected_execution_exception", "reason": "rejected execution"}, "status": 429}
AWAY = {"error": {"type": "cluster_block_exception", "reason": "no master"}, "status": 503}
FOREVER = float("inf")


def refuse(status: int, body: Any, content_type: str = JSON) -> Callable[[Exchange], None]:
    """Answer instead of Elasticsearch, which never sees the request."""

    def act(exchange: Exchange) -> None:
        assert exchange.body
        exchange.send(answer(status, body, content_type))

    return act


def too_large(max_items: int, max_bytes: int = 10**9) -> Callable[[Exchange], None]:
    """413 for more items or bytes than this; what is smaller passes."""
    body = {"error": {"type": "content_too_long_exception", "reason": "entity content is too long"}, "status": 413}

    def act(exchange: Exchange) -> None:
        if len(exchange.items) > max_items or len(exchange.body) > max_bytes:
            exchange.send(answer(413, body))
        else:
            exchange.send(exchange.forward())

    return act


def reset_while_sending(exchange: Exchange) -> None:
    """End the connection when the head has been read and the body has not."""
    exchange.reset()


def reset_before_answering(exchange: Exchange) -> None:
    """Have it done, and end the connection without a word."""
    exchange.forward()
    exchange.reset()


def reset_while_answering(exchange: Exchange) -> None:
    """Have it done, answer half, and end the connection."""
    raw = exchange.forward().raw()
    exchange.send_part(raw[: len(raw) // 2])
    exchange.reset()


def truncated(exchange: Exchange) -> None:
    """Have it done and answer with half of the JSON, as if that were all."""
    reply = exchange.forward()
    body = reply.unpacked()
    reply.headers.pop("content-encoding", None)
    exchange.send(Answer(reply.status, reply.headers, body[: len(body) // 2]))


def never_answered(exchange: Exchange) -> None:
    """Have it done and say nothing."""
    exchange.forward()
    exchange.wait_until_closed()


def break_bulk(act: Callable[[Exchange], None], times: float = FOREVER) -> Callable[[World], None]:
    """Have this done with the next bulk requests."""

    def arm(world: World) -> None:
        world.proxy.fault = Fault(act, times)

    return arm


def refuse_connections(world: World) -> None:
    """Nobody listens."""
    world.proxy.stop()


def break_tls(world: World) -> None:
    """Show a certificate of somebody else's authority."""
    world.proxy.break_tls = True


def lift(world: World) -> None:
    """Everything works again."""
    world.proxy.fault = None
    world.proxy.break_tls = False
    if not world.proxy.listens:
        world.proxy.start()
    world.aws.refuse_puts = world.aws.refuse_parameters = 0
    world.aws.silent_puts = False
    world.aws.heard.set()
    world.aws.cloudwatch.before = world.aws.cloudwatch.after = None


def struck(world: World) -> bool:
    """Whether the fault was met at all: a case without it would show nothing."""
    if not world.proxy.listens:
        return True
    return world.proxy.handshakes_failed > 0 or (world.proxy.fault is not None and world.proxy.fault.struck > 0)


def refuse_metrics(refusal: Exception, times: float = FOREVER) -> Callable[[int], None]:
    """Have CloudWatch refuse so many calls."""

    def before(number: int) -> None:
        if number <= times:
            raise refusal

    return before
