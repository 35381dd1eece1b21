"""Configuration and secrets of a service, from Parameter Store and Secrets Manager.

    config.get("payments/timeout", default=3.0, type=float)     # /watchpost/<stack>/services/payments/timeout
    config.secret("payments/api-key")                           # secret watchpost/<stack>/services/payments/api-key
    config.tree("payments")                                     # {"timeout": "3", "retry/attempts": "2"}

Values are kept for five minutes. When one cannot be read, the last good one stays, with one warning. With a default
nothing here raises.
"""

from __future__ import annotations

import contextlib
import os
import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from watchpost_client import config_values, own_lines
from watchpost_client.guard import guarded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from watchpost_client.config_source import Source

STACK, PREFIX = "WATCHPOST_STACK", "WATCHPOST_CONFIG_PREFIX"  # environment variables
PAUSE = 30  # seconds after a failure in which nobody asks again
PAUSE_GONE = 300  # seconds, where there is no value
_PATH = re.compile(r"[A-Za-z0-9_.+=@!-]+(?:/[A-Za-z0-9_.+=@!-]+)*")
_NONE: Any = object()
_clock = time.monotonic


class ConfigError(Exception):
    """A value is not there, cannot be read, or is not what was wanted. The message never holds a value."""


def get(path: str, *, default: Any = _NONE, type: type = str) -> Any:  # noqa: A002  # it reads well where it is called
    """The value of a parameter.

    path: below the services' values, such as `payments/timeout`. type: str, int, float, bool, dict or list, see
    config_values. default: what is returned, as it is, when there is no usable value. Raises ConfigError without one.
    """
    return _value("parameter", path, default, type)


def secret(path: str, *, default: Any = _NONE, type: type = str) -> Any:  # noqa: A002  # as above
    """The value of a secret; else as `get`."""
    return _value("secret", path, default, type)


def tree(path: str, *, default: Any = _NONE, types: Mapping[str, type] | None = None) -> dict[str, Any]:
    """All parameters below a path, by their names below it: {"timeout": "3", "retry/attempts": "2"}.

    types: of some of the names; the others are str. default: as for `get`; nothing below the path is an empty dict.
    Raises ConfigError without a default.
    """
    kinds = dict(types or {})

    def usable(stored: Any) -> Any:
        return {name: _converted(text, kinds.get(name, str), name) for name, text in stored.items()}

    given = _overridden_below(path)
    if given:
        return {name: _typed(value, kinds.get(name, str), f"{path}/{name}") for name, value in given.items()}
    found: dict[str, Any] = _state.resolve(_Wanted("tree", path, default, usable))
    return found


def prefetch(paths: Iterable[str] = (), *, secrets: Iterable[str] = ()) -> None:
    """Read several values at once, so that asking for them later takes no call. Never raises.

    Ten parameters, and twenty secrets, take one call of AWS.
    """
    with guarded("config"):
        wanted = [_named("parameter", path) for path in paths if not _is_overridden(path) and _fits(path)]
        hidden = [_named("secret", path) for path in secrets if not _is_overridden(path) and _fits(path)]
        _state.source().prefetch(wanted, hidden)


@contextlib.contextmanager
def override(values: Mapping[str, Any]) -> Iterator[None]:
    """Run a block with values by path, for tests: nothing is read from AWS for them.

    They stand for parameters and secrets, in all threads. A str is converted as a stored one would be; what is of the
    wanted type already is returned as it is. A path that is given has all of its tree given.
    """
    given = {path.strip("/"): value for path, value in values.items()}
    _overrides.append(given)
    try:
        yield
    finally:
        _overrides.remove(given)


def forget() -> None:
    """Forget all values and clients, as a new process has none. For tests."""
    _state.clear()


_overrides: list[dict[str, Any]] = []


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What somebody asks for."""

    kind: str  # parameter, secret or tree
    path: str
    default: Any
    usable: Callable[[Any], Any]  # makes the value of what is stored; raises ValueError

    @property
    def key(self) -> tuple[str, str]:
        return self.kind, _named(self.kind, str(self.path))


@dataclass(frozen=True, slots=True)
class _Trouble:
    """Why there is no value."""

    reason: str
    gone: bool = False  # whether none is stored, which is an answer
    until: float = 0.0  # nobody asks again before


class _State:
    """What this process knows: the last good values, and what could not be read lately."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        self._source: Source | None = None
        self._good: dict[tuple[str, str], Any] = {}  # as stored, by kind and full name
        self._troubles: dict[tuple[str, str], _Trouble] = {}
        self._told: set[tuple[str, str]] = set()

    def source(self) -> Source:
        if self._source is None:
            from watchpost_client.config_source import Source  # noqa: PLC0415  # only who reads pays for it

            self._source = Source()
        return self._source

    def resolve(self, wanted: _Wanted) -> Any:
        """The value, else the last good one or the default. Raises ConfigError when there is neither."""
        if not _fits(wanted.path):
            return self._instead(wanted, _Trouble("it is no path such as payments/timeout"))
        key = wanted.key
        stored, trouble = self._read(key)
        if trouble:
            return self._instead(wanted, trouble)
        try:
            found = wanted.usable(stored)
        except ValueError as error:
            return self._instead(wanted, _Trouble(str(error)))
        self._good[key] = stored
        self._told.discard(key)
        return found

    def _read(self, key: tuple[str, str]) -> tuple[Any, _Trouble | None]:
        known = self._troubles.get(key)
        if known and _clock() < known.until:
            return None, known
        trouble = _Trouble("it failed unexpectedly", until=_clock() + PAUSE)
        with guarded("config"):
            source = self.source()
            from watchpost_client.config_source import UnreadableError  # noqa: PLC0415  # as above

            try:
                stored = getattr(source, key[0])(key[1])
            except UnreadableError as error:
                trouble = _Trouble(str(error), error.gone, _clock() + (PAUSE_GONE if error.gone else PAUSE))
            else:
                self._troubles.pop(key, None)
                return stored, None
        self._troubles[key] = trouble
        return None, trouble

    def _instead(self, wanted: _Wanted, trouble: _Trouble) -> Any:
        """What takes the place of a value that is not there or not usable."""
        key = wanted.key
        if trouble.gone and wanted.default is not _NONE:
            return wanted.default  # it was taken away, which is an answer
        if key in self._good:
            with contextlib.suppress(ValueError):  # it was good for another type
                found = wanted.usable(self._good[key])
                self._warn(wanted, trouble, "the last good value stays")
                return found
        if wanted.default is _NONE:
            raise ConfigError(f"the {wanted.kind} {own_lines.fitting(key[1], 1_000)} cannot be used: {trouble.reason}")
        self._warn(wanted, trouble, "the default is used")
        return wanted.default

    def _warn(self, wanted: _Wanted, trouble: _Trouble, instead: str) -> None:
        """Say it once, until the value is good again."""
        if wanted.key in self._told:
            return
        self._told.add(wanted.key)
        with guarded("config"):
            message = f"config: the {wanted.kind} {wanted.path} cannot be used ({trouble.reason}), {instead}"
            own_lines.write(own_lines.line("WARNING", own_lines.fitting(message, 1_000)))


_state = _State()


def _value(kind: str, path: str, default: Any, wanted: type) -> Any:
    for given in reversed(_overrides):
        if (bare := str(path).strip("/")) in given:
            return _typed(given[bare], wanted, path)
    return _state.resolve(_Wanted(kind, path, default, lambda stored: config_values.converted(stored, wanted)))


def _converted(text: Any, wanted: type, name: str) -> Any:
    try:
        return config_values.converted(text, wanted)
    except ValueError as error:
        raise ValueError(f"of {name}: {error}") from None


def _typed(given: Any, wanted: type, path: str) -> Any:
    """A value of `override`: what a test means by it is its own business, but for texts."""
    if not isinstance(given, str):
        return given
    try:
        return config_values.converted(given, wanted)
    except ValueError as error:
        raise ConfigError(f"the given value of {path} cannot be used: {error}") from None


def _is_overridden(path: str) -> bool:
    return any(str(path).strip("/") in given for given in _overrides)


def _overridden_below(path: str) -> dict[str, Any]:
    beginning = str(path).strip("/") + "/"
    merged = {name: value for given in _overrides for name, value in given.items()}
    return {name.removeprefix(beginning): value for name, value in merged.items() if name.startswith(beginning)}


def _fits(path: Any) -> bool:
    return isinstance(path, str) and len(path) <= 500 and _PATH.fullmatch(path.strip("/")) is not None


def _named(kind: str, path: str) -> str:
    """The full name: of a parameter with a slash in front, of a secret without."""
    prefix = os.environ.get(PREFIX) or f"watchpost/{os.environ.get(STACK) or 'watchpost'}/services"
    name = f"{prefix.strip('/')}/{path.strip('/')}"
    return name if kind == "secret" else f"/{name}"
