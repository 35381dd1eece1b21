"""The table of default alarms in `docs/alarms.md`, made from the definitions.

`python -m tests.unit.provisioner.alarm_table` (with layers/core and functions/provisioner in PYTHONPATH) prints it.
"""

from __future__ import annotations

import importlib.resources
import sys
from typing import TYPE_CHECKING

from provisioner import loader

if TYPE_CHECKING:
    from collections.abc import Iterable

    from provisioner.definitions import AlarmDefinition, KindDefinition

BEGIN = "<!-- made from dashboards/services: python -m tests.unit.provisioner.alarm_table -->"
END = "<!-- end of the table -->"
SIGNS = {
    "GreaterThanThreshold": ">",
    "GreaterThanOrEqualToThreshold": ">=",
    "LessThanThreshold": "<",
    "LessThanOrEqualToThreshold": "<=",
}
SIDES = {"upper": "above", "lower": "below", "both": "outside"}


def table(kinds: Iterable[KindDefinition]) -> str:
    """The table in Markdown, kinds in the order of a dashboard, with its marks around it."""
    lines = [
        BEGIN,
        "| Kind | Alarm | Metric | Statistic | Threshold | M of N | Severity |",
        "|---|---|---|---|---|---|---|",
    ]
    for kind in sorted(kinds, key=lambda kind: (kind.order, kind.kind)):
        lines += [_row(kind, alarm) for alarm in kind.alarms]
    return "\n".join([*lines, END])


def _row(kind: KindDefinition, alarm: AlarmDefinition) -> str:
    returned = next(metric for metric in alarm.metrics if metric.returned)
    period = "" if alarm.period == 60 else f", {alarm.period} s"
    demand = "" if alarm.enabled else " (on demand)"
    condition = ""
    if alarm.when:
        condition = f" if {'not ' if alarm.when.negated else ''}{alarm.when.fact}"
    cells = [
        f"`{kind.kind}`",
        f"`{alarm.id}`{condition}{demand}",
        f"`{returned.expression or returned.name}`",
        returned.statistic or ", ".join(sorted({metric.statistic for metric in alarm.metrics if metric.statistic})),
        _threshold(alarm),
        f"{alarm.datapoints_to_alarm} of {alarm.evaluation_periods}{period}",
        alarm.severity,
    ]
    return f"| {' | '.join(cells)} |"


def _threshold(alarm: AlarmDefinition) -> str:
    if alarm.anomaly:
        return f"{SIDES[alarm.anomaly.side]} a band of {alarm.anomaly.band:g} deviations"
    assert alarm.threshold
    missing = ", no data as well" if alarm.treat_missing_data == "breaching" else ""
    return f"{SIGNS[alarm.comparison]} {alarm.threshold.text}{missing}"


if __name__ == "__main__":
    sys.stdout.write(table(loader.load(importlib.resources.files("dashboards") / "services")) + "\n")
