"""Neither a piece of ours that fails nor anything that Lambda hands over breaks the service."""

from __future__ import annotations

import contextvars
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from watchpost_client import context as contexts
from watchpost_client import correlation, entry, failures, handler, metrics

from .spoken import ANSWERED, REQUEST, lambda_context, request, spoken

if TYPE_CHECKING:
    Captured = pytest.CaptureFixture[str]


class _OwnError(Exception):
    pass


class _Hostile(dict[str, Any]):
    """An event that raises on every access."""

    def _raise(self, *_args: Any, **_options: Any) -> Any:
        raise RuntimeError("hostile")

    get = __getitem__ = __contains__ = __iter__ = items = keys = values = __len__ = __bool__ = _raise  # type: ignore[assignment]
    __str__ = __repr__ = _raise


class _HostileObject:
    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError(name)


# Made in the test: pytest itself looks at what it is given.
_EVENTS = [_Hostile, _HostileObject, object, int, bytes, lambda: None]
_CONTEXTS = [_HostileObject, object, lambda: None, lambda_context, lambda: lambda_context(7)]  # type: ignore[arg-type]


@pytest.mark.parametrize("new_event", _EVENTS)
@pytest.mark.parametrize("new_context", _CONTEXTS)
def test_no_event_and_no_context_keeps_the_service_from_working(
    new_event: Any, new_context: Any, capsys: Captured
) -> None:
    event, context = new_event(), new_context()
    seen: list[Any] = []

    @handler
    def service(event: Any, context: Any) -> dict[str, int]:
        seen.append((event, context))
        assert correlation.current() is not None
        metrics.count("orders")
        return ANSWERED

    assert service(event, context) is ANSWERED
    assert [id(one) for one in seen[0]] == [id(event), id(context)]
    assert "|1|count|orders" in capsys.readouterr().out


@pytest.mark.parametrize("new_event", [_Hostile, _HostileObject])
def test_the_error_about_a_hostile_event_is_logged_all_the_same(new_event: Any, capsys: Captured) -> None:
    @handler
    def fails(event: Any, context: Any) -> None:
        raise _OwnError

    with pytest.raises(_OwnError):
        fails(new_event(), lambda_context())

    [line] = spoken(capsys)
    assert line["exception_name"] == "_OwnError"
    assert line["function_request_id"] == REQUEST


class _BrokenStream:
    def __init__(self, error: type[Exception]) -> None:
        self._error = error

    def write(self, *_text: str) -> int:
        raise self._error("broken")

    flush = write


@pytest.mark.parametrize(
    "stream", [_BrokenStream(OSError), _BrokenStream(RuntimeError), _BrokenStream(ValueError), None]
)
@pytest.mark.parametrize("fails", [False, True])
def test_a_broken_standard_output_does_not_break_the_service(
    monkeypatch: pytest.MonkeyPatch,
    stream: Any,
    fails: bool,
) -> None:
    @handler
    def service(event: Any, context: Any) -> dict[str, int]:
        metrics.count("orders")
        if fails:
            raise _OwnError
        return ANSWERED

    monkeypatch.setattr(sys, "stdout", stream)
    try:
        answer = service({}, lambda_context())
    except _OwnError:
        answer = None
    finally:
        monkeypatch.undo()

    assert answer is (None if fails else ANSWERED)


@pytest.mark.parametrize(
    ("piece", "where"),
    [
        ("correlation.from_event", "correlation"),
        ("sampling.decided", "sampling"),
        ("warmup.is_ping", "warm-up"),
        ("metrics.begin", "metrics"),
        ("metrics.end", "metrics"),
        ("contexts.invoked", "handler"),
        ("failures.tell", "handler"),
    ],
)
def test_a_piece_of_ours_that_breaks_is_told_once_and_the_others_go_on(
    monkeypatch: pytest.MonkeyPatch, capsys: Captured, piece: str, where: str
) -> None:
    def broken(*_args: Any, **_options: Any) -> Any:
        raise RuntimeError("ours")

    module, name = piece.split(".")
    monkeypatch.setattr(failures if module == "failures" else getattr(entry, module), name, broken)

    @handler
    def service(event: Any, context: Any) -> dict[str, int]:
        if event.get("fails"):
            raise _OwnError
        return ANSWERED

    for _ in range(2):
        assert service(request(), lambda_context()) is ANSWERED
        with pytest.raises(_OwnError):
            service(request() | {"fails": True}, lambda_context())

    out = capsys.readouterr().out
    assert out.count(f"watchpost-client-failures|#where:{where}") == 1
    monkeypatch.undo()
    for _ in range(4):
        metrics.end()  # what did not end above
    assert correlation.current() is None


def test_leaving_cannot_break_the_service_either(monkeypatch: pytest.MonkeyPatch) -> None:
    """The service may have changed what we put back."""

    @handler
    def service(event: Any, context: Any) -> dict[str, int]:
        contexts._running.clear()
        return ANSWERED

    assert contextvars.copy_context().run(service, {}, lambda_context()) is ANSWERED


def test_a_process_that_ends_within_the_service_ends(tmp_path: Any) -> None:
    """`sys.exit` of a service is not held back, and its error line is written before."""
    script = "import sys\nfrom watchpost_client import handler\nhandler(lambda event, context: sys.exit(3))({}, None)\n"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}

    ended = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=False)

    assert ended.returncode == 3
    assert '"exception_name":"SystemExit"' in ended.stdout
