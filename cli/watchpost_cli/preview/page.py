"""The page: every dashboard with its computed layout, in one file that loads nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from watchpost_cli.preview.model import shown_range
from watchpost_cli.preview.style import STYLE
from watchpost_cli.preview.text import escaped
from watchpost_cli.preview.widgets import drawn

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from watchpost_cli.preview.model import Body, Data

# The page is of text and drawings alone: nothing in it may be fetched or run, whatever the definitions say.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def page(
    dashboards: Mapping[str, Body],
    data: Callable[[Mapping[str, Body]], Data],
    title: str = "Dashboards",
) -> str:
    """HTML of all dashboards.

    dashboards: decoded bodies by name, drawn in this order. data: reads what they show, such as CloudWatch of
    watchpost_cli.preview.reading.
    """
    read = data(dashboards)
    entries = "".join(f'<li><a href="#{escaped(name)}">{escaped(name)}</a></li>' for name in dashboards)
    sections = "\n".join(_dashboard(name, body, read) for name, body in dashboards.items())
    trouble = f'<p class="trouble">States of alarms are missing: {escaped(read.trouble)}</p>' if read.trouble else ""
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<title>{escaped(title)}</title>
<style>
{STYLE}</style>
</head>
<body>
<header><h1>{escaped(title)}</h1><p>Data until {read.end:%Y-%m-%d %H:%M} UTC</p><nav><ul>{entries}</ul></nav></header>
{trouble}<main>
{sections}
</main>
</body>
</html>
"""


def _dashboard(name: str, body: Body, data: Data) -> str:
    widgets = enumerate(body["widgets"])
    # In a narrow window they stand below each other, in the order in which they are read.
    ordered = sorted(widgets, key=lambda pair: (pair[1]["y"], pair[1]["x"]))
    start = data.end - shown_range(body)
    inside = "\n".join(_widget(widget, drawn((name, index), widget, data, start)) for index, widget in ordered)
    hours = int((data.end - start).total_seconds() // 3600)
    told = " · ".join(
        [f"the last {hours} hours", f"{len(ordered)} widgets", *map(_variable, body.get("variables", ()))]
    )
    return f"""<section class="dashboard" id="{escaped(name)}">
<h2>{escaped(name)}</h2><p class="about">{told}</p>
<div class="grid">
{inside}
</div>
</section>"""


def _widget(widget: Mapping[str, Any], inside: str) -> str:
    x, y, width, height = (int(widget[field]) for field in ("x", "y", "width", "height"))
    size = "small" if width <= 8 else "large"
    place = f"--x:{x + 1};--y:{y + 1};--w:{width};--h:{height}"
    return f'<article class="widget {escaped(widget["type"])} {size}" style="{place}">{inside}</article>'


def _variable(variable: Mapping[str, Any]) -> str:
    values = [str(value.get("label", value.get("value", ""))) for value in variable.get("values", ())]
    chosen = variable.get("defaultValue", "")
    label = variable.get("label", variable.get("id", ""))
    offered = f" ({escaped(', '.join(values))})" if values else ""
    return f'<span class="variable">{escaped(label)}: <b>{escaped(chosen)}</b>{offered}</span>'
