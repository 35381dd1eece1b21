"""Aliases of functions in the AWS emulator, as far as it forgets about them. Imported by emulator_main alone.

A filter or policy that names an alias has the function itself invoked; the weights of an alias are stored and not
followed; reserved concurrency holds for the function itself, not for its versions; and an asynchronous invocation of an
alias knows neither the retries nor the on-failure destination that the alias has. Besides, an update of a function
kills what runs of it at that moment; Lambda lets it end. And it answers nobody while it removes the files of what it
has killed: up to 14 seconds were seen on a busy machine, in which callers give up and send their requests again.
"""

from __future__ import annotations

import contextvars
import functools
import queue
import random
import shutil
import threading
import time
from typing import TYPE_CHECKING, Any

from ministack.core import lambda_runtime
from ministack.services import lambda_svc

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

_update_alias = lambda_svc._update_alias  # noqa: SLF001
_reserved = lambda_svc._reserved_concurrency  # noqa: SLF001
_invoke_later = lambda_svc.invoke_async_with_retry
_kill_workers = lambda_runtime.kill_workers
_unused: queue.SimpleQueue[str] = queue.SimpleQueue()  # folders
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


def with_alias(destination: str) -> str:
    """The ARN of a filter's destination in a form of which the emulator does not cut the alias off."""
    name, qualifier = lambda_svc._lambda_function_name_and_qualifier_from_arn(destination)  # noqa: SLF001
    return f"{destination.removesuffix(f':{name}:{qualifier}')}:{name}/{qualifier}" if qualifier else destination


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
    _invoke_later(function, event)


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


def _discard_files_beside(worker: Any) -> None:
    folder, worker._tmpdir = worker._tmpdir, None  # noqa: SLF001  # it takes a new one when it starts again
    if folder:
        _unused.put(folder)


def _remove_files() -> None:
    while True:
        shutil.rmtree(_unused.get(), ignore_errors=True)


def mend() -> None:
    """Have the emulator follow aliases."""
    lambda_svc._functions.__class__ = _FunctionsAndAliases  # noqa: SLF001
    lambda_svc._update_alias = _update_alias_and_weights  # noqa: SLF001
    lambda_svc._reserved_concurrency = _reserved_of_all_versions  # noqa: SLF001
    lambda_svc.invoke_async_with_retry = _invoke_alias_later
    lambda_svc._update_code = _said(_updating, lambda_svc._update_code)  # noqa: SLF001
    lambda_svc._update_config = _said(_updating, lambda_svc._update_config)  # noqa: SLF001
    lambda_svc.invalidate_worker = _said(_replacing, lambda_svc.invalidate_worker)
    threading.Thread(target=_remove_files, daemon=True).start()  # what is left at the end goes with the account
    lambda_runtime.Worker._discard_tmpdir = _discard_files_beside  # noqa: SLF001
    lambda_runtime.kill_workers = _kill_workers_beside
