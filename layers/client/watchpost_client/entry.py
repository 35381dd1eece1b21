"""What a function is entered by."""

from __future__ import annotations

import functools
import inspect
import os
from contextlib import ExitStack
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, overload

from watchpost_client import context as contexts
from watchpost_client import correlation, metrics, sampling, warmup
from watchpost_client.context import Invocation
from watchpost_client.guard import guarded

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    Handler = Callable[..., Any]

_LONGEST_ID = 256  # characters of a request id
_cold = True


@overload
def handler(function: Handler) -> Handler: ...
@overload
def handler(
    function: None = None, *, service: str | None = None, warm_up: bool = True, log_errors: bool = True
) -> Callable[[Handler], Handler]: ...
def handler(
    function: Handler | None = None, *, service: str | None = None, warm_up: bool = True, log_errors: bool = True
) -> Handler | Callable[[Handler], Handler]:
    """Decorate a function's handler, `async` or not; of several decorators this is the outermost.

    It answers warm-up pings; takes the transaction from the event, or begins one and decides whether it is sampled;
    puts it on each line; logs the error of an invocation with its event, redacted and bounded, and lets it go on;
    writes the metrics at the end. What the service returns or raises is not touched.

    service: the name on the line about an error, that of POWERTOOLS_SERVICE_NAME where none is given. warm_up: whether
    pings are answered here. log_errors: whether errors are logged; Lambda itself writes a line about each, without its
    event.
    """

    def decorate(inner: Handler) -> Handler:
        @functools.wraps(inner)
        def wrapped(event: Any, context: Any = None, *args: Any, **kwargs: Any) -> Any:
            raw = _raw(event)
            if warm_up and _is_ping(raw):
                return dict(warmup.ANSWER)
            around = ExitStack()
            _begin(around, raw, context)
            try:
                answer = inner(event, context, *args, **kwargs)
                return _awaited(answer) if inspect.iscoroutine(answer) else answer
            except BaseException as error:
                if log_errors:
                    _tell(service, raw, error)
                raise
            finally:
                # Not with `with`: an error of the service goes nowhere through code of ours.
                with guarded("handler"):
                    around.close()

        return wrapped

    return decorate(function) if function is not None else decorate


def _awaited(answer: Coroutine[Any, Any, Any]) -> Any:
    import asyncio  # noqa: PLC0415  # only who is async pays for it

    return asyncio.run(answer)


def _raw(event: Any) -> Any:
    """The event as Lambda hands it over, out of Powertools' data classes."""
    with guarded("handler"):
        return event if isinstance(event, dict) else getattr(event, "raw_event", event)
    return event


def _is_ping(event: Any) -> bool:
    found = False
    with guarded("warm-up"):
        found = warmup.is_ping(event)
    if found:
        _is_cold()  # what comes after it finds a warm process
    return found


def _begin(around: ExitStack, event: Any, context: Any) -> None:
    """Enter an invocation, piece by piece: where one fails the others still work."""
    begun = _invocation(event, context)
    with guarded("handler"):
        around.enter_context(contexts.invoked(begun))
    with guarded("metrics"):
        metrics.begin()
        around.callback(_end)


def _invocation(event: Any, context: Any) -> Invocation:
    request_id = ""
    with guarded("handler"):
        given = getattr(context, "aws_request_id", "")
        request_id = given[:_LONGEST_ID] if isinstance(given, str) else ""
    found = contexts.new(request_id)
    with guarded("correlation"):
        found = correlation.from_event(event, SimpleNamespace(aws_request_id=request_id))
    with guarded("sampling"):
        found = sampling.decided(found)
    return Invocation(found, request_id, _is_cold())


def _is_cold() -> bool:
    """Whether this is the first invocation of the process, and the process was not made ready before it."""
    global _cold  # the first invocation of a process is one thing, in all modules
    cold, _cold = _cold, False
    return cold and os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") != "provisioned-concurrency"


def _end() -> None:
    with guarded("metrics"):
        metrics.end()


def _tell(service: str | None, event: Any, error: BaseException) -> None:
    with guarded("handler"):
        from watchpost_client import failures  # noqa: PLC0415  # only who fails pays for it

        failures.tell(service, event, error)
