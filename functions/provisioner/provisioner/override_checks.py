"""Checks that what the configuration says about alarms is about alarms that there are. Pure."""

from __future__ import annotations

import fnmatch
import json
from typing import TYPE_CHECKING

from watchpost.errors import ConfigurationError

from provisioner.loader_alarms import EVALUATION_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from watchpost.configuration import AlarmOverride, AlarmRule, Alarms

    from provisioner.definitions import AlarmDefinition, KindDefinition

_Named = list[tuple[str, "AlarmDefinition"]]


def check(kinds: Sequence[KindDefinition], alarms: Alarms) -> None:
    """Every override must mean an alarm that exists, and what it changes must be something that alarm has.

    Raises ConfigurationError for the first that does not.
    """
    known = {f"{kind.kind}.{alarm.id}": alarm for kind in kinds for alarm in kind.alarms}
    for name, override in alarms.by_name.items():
        path = f"configuration.alarms.{name}"
        if name not in known:
            raise ConfigurationError(path, "an unknown alarm", "one of " + ", ".join(sorted(known)))
        _check_change(path, override, [(name, known[name])])
    for index, rule in enumerate(alarms.overrides):
        path = f"configuration.alarms.overrides[{index}]"
        _check_change(path, rule.change, _meant(path, rule, kinds))


def _meant(path: str, rule: AlarmRule, kinds: Sequence[KindDefinition]) -> _Named:
    """The alarms that a rule is about, for whatever resources."""
    of_kind = [kind for kind in kinds if _matches(kind.kind, rule.kind)]
    if not of_kind:
        raise _no_match(f"{path}.kind", rule.kind, (kind.kind for kind in kinds))
    meant = [(f"{kind.kind}.{one.id}", one) for kind in of_kind for one in kind.alarms if _matches(one.id, rule.alarm)]
    if not meant:
        raise _no_match(f"{path}.alarm", rule.alarm, {alarm.id for kind in of_kind for alarm in kind.alarms})
    return meant


def _matches(text: str, glob: str | None) -> bool:
    return glob is None or fnmatch.fnmatchcase(text, glob)


def _no_match(path: str, glob: str | None, known: Iterable[str]) -> ConfigurationError:
    return ConfigurationError(path, json.dumps(glob)[:100], "a glob that matches one of " + ", ".join(sorted(known)))


def _check_change(path: str, change: AlarmOverride, meant: _Named) -> None:
    if change.threshold is not None and all(alarm.anomaly for _, alarm in meant):
        raise ConfigurationError(
            f"{path}.threshold", "a threshold", "none: this alarm follows a band of expected values"
        )
    periods = change.evaluation_periods or 0
    for name, alarm in meant:
        if periods * alarm.period > EVALUATION_SECONDS:
            most = f"at most {EVALUATION_SECONDS // alarm.period}: {name} has periods of {alarm.period} s, a day in all"
            raise ConfigurationError(f"{path}.evaluation_periods", str(periods), most)
