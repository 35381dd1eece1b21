"""Aliases of functions in the AWS emulator, as far as it forgets about them. Imported by emulator_main alone.

A filter or policy that names an alias has the function itself invoked; the weights of an alias are stored and not
followed; reserved concurrency holds for the function itself, not for its versions; and an asynchronous invocation of an
alias knows neither the retries nor the on-failure destination that the alias has, and ends where there is no room for
it. Besides, an update of a function kills what runs of it at that moment; Lambda lets it end.
"""

from __future__ import annotations

import contextvars
import functools
import random
import threading
import time
import types
from typing import TYPE_CHECKING, Any

from ministack.core import lambda_runtime
from ministack.services import lambda_svc

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

MAXIMUM_AGE = 21_600  # seconds that Lambda keeps an event unless it is told otherwise
_update_alias = lambda_svc._update_alias  # noqa: SLF001
_reserved = lambda_svc._reserved_concurrency  # noqa: SLF001
_invoke_later = lambda_svc.invoke_async_with_retry
_kill_workers = lambda_runtime.kill_workers
_updating = contextvars.ContextVar("updating", default=False)
_replacing = contextvars.ContextVar("replacing", default=False)
_Functions = type(lambda_svc._functions)  # noqa: SLF001


class _WeightedAlias(dict[str, Any]):
    """An alias that says another version each time, as its weights have it; it is stored and shown as it is."""

    def get(self, key: str, default: Any = None) -> Any:
        weights: Mapping[str, float] = dict.get(self, "RoutingConfig", {}).get("AdditionalVersionWeights", {})
        if key == "FunctionVersion" and weights:
            rest = 1 - sum(weights.values())
            return random.choices([*weights, self["FunctionVersion"]], [*weights.values(), rest])[0]  # noqa: S311
        return dict.get(self, key, default)


class _FunctionsAndAliases(_Functions):  # type: ignore[misc, valid-type]  # the emulator has no types
    """The functions by their names; `name/alias` is what the alias stands for."""

    __slots__ = ()

    def get(self, key: str, default: Any = None) -> Any:
        name, slash, qualifier = key.partition("/")
        function = super().get(name, default)
        if not slash or function is None:
            return function
        found = lambda_svc._effective_func_record_for_qualifier(function, qualifier)[0]  # noqa: SLF001
        if found is None:
            return default
        arn = f"{function['config']['FunctionArn']}:{qualifier}"
        return {**found, "config": {**found["config"], "FunctionArn": arn}}


def found(destination: str) -> dict[str, Any] | None:
    """The function that the ARN of a filter's destination names, or what its alias stands for."""
    name, qualifier = lambda_svc._lambda_function_name_and_qualifier_from_arn(destination)  # noqa: SLF001
    there: dict[str, Any] | None = lambda_svc._functions.get(f"{name}/{qualifier}" if qualifier else name)  # noqa: SLF001
    return there


def _update_alias_and_weights(name: str, alias: str, data: dict[str, Any]) -> Any:
    answer = _update_alias(name, alias, data)
    there = (lambda_svc._functions.get(name) or {}).get("aliases", {})  # noqa: SLF001
    if alias in there:
        there[alias] = _WeightedAlias(there[alias])
    return answer


def _reserved_of_all_versions(function: dict[str, Any], config: dict[str, Any]) -> Any:
    return _reserved(lambda_svc._functions.get(config.get("FunctionName", "")) or function, config)  # noqa: SLF001


def _invoke_alias_later(function: dict[str, Any], event: Any) -> None:
    arn = (function.get("config") or function).get("FunctionArn", "")
    name, qualifier = lambda_svc._lambda_function_name_and_qualifier_from_arn(arn)  # noqa: SLF001
    if qualifier:
        whole = lambda_svc._functions.get(name) or {}  # noqa: SLF001
        options = whole.get("event_invoke_configs", {}).get(qualifier, {})
        function = {**function, "event_invoke_config": options}
    age = (function.get("event_invoke_config") or {}).get("MaximumEventAgeInSeconds") or MAXIMUM_AGE
    in_turn = functools.partial(_execute_when_there_is_room, time.monotonic() + age)
    # The same function, with nothing but this one replaced that it calls.
    types.FunctionType(_invoke_later.__code__, {**_invoke_later.__globals__, "_execute_function": in_turn})(
        function, event
    )


def _execute_when_there_is_room(until: float, function: dict[str, Any], event: Any) -> dict[str, Any]:
    # An event that is throttled stays in Lambda's queue until it is too old; that is none of its attempts.
    pause = 0.2
    while True:
        result: dict[str, Any] = lambda_svc._execute_function(function, event)  # noqa: SLF001
        if not result.get("throttle") or time.monotonic() > until:
            return result
        time.sleep(pause)
        pause = min(2 * pause, 5.0)


def _said(variable: contextvars.ContextVar[bool], call: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(call)
    def saying(*args: Any, **kwargs: Any) -> Any:
        token = variable.set(True)
        try:
            return call(*args, **kwargs)
        finally:
            variable.reset(token)

    return saying


def _kill_workers_beside(workers: Iterable[Any]) -> None:
    if not _replacing.get():
        _kill_workers(workers)
        return
    # None of them is given another invocation: they are out of the pool.
    kill = _kill_as_they_end if _updating.get() else _kill_workers
    threading.Thread(target=kill, args=(list(workers),), daemon=True).start()


def _kill_as_they_end(workers: list[Any]) -> None:
    while workers:
        ended = [worker for worker in workers if not worker.in_use]
        _kill_workers(ended)
        workers = [worker for worker in workers if worker not in ended]
        time.sleep(0.05)


def mend() -> None:
    """Have the emulator follow aliases."""
    lambda_svc._functions.__class__ = _FunctionsAndAliases  # noqa: SLF001
    lambda_svc._update_alias = _update_alias_and_weights  # noqa: SLF001
    lambda_svc._reserved_concurrency = _reserved_of_all_versions  # noqa: SLF001
    lambda_svc.invoke_async_with_retry = _invoke_alias_later
    lambda_svc._update_code = _said(_updating, lambda_svc._update_code)  # noqa: SLF001
    lambda_svc._update_config = _said(_updating, lambda_svc._update_config)  # noqa: SLF001
    lambda_svc.invalidate_worker = _said(_replacing, lambda_svc.invalidate_worker)
    lambda_runtime.kill_workers = _kill_workers_beside
