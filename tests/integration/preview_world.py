"""Pages of the preview with made-up data, and a parser that finds what is in them."""

from __future__ import annotations

import functools
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

from provisioner.dashboard import all_dashboards
from watchpost_cli.preview import page
from watchpost_cli.preview.model import Data, Graph, Line

from tests.unit.provisioner.pages import CONTEXT, function, resource, service_page

if TYPE_CHECKING:
    from collections.abc import Mapping

END = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
VOID = {"meta", "br", "hr", "input", "path", "rect", "use"}


class Page(HTMLParser):
    """The elements of a page, each with its attributes, its depth's path and its text."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str], list[str]]] = []
        self._open: list[tuple[str, list[str]]] = []
        self.feed(text)
        self.close()
        assert not self._open, f"elements that are not closed: {[tag for tag, _ in self._open]}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        text: list[str] = []
        self.elements.append((tag, {name: value or "" for name, value in attrs}, text))
        if tag not in VOID:
            self._open.append((tag, text))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}, []))

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        opened, _ = self._open.pop()
        assert opened == tag

    def handle_data(self, data: str) -> None:
        for _, text in self._open:
            text.append(data)

    def of(self, tag: str, style: str = "") -> list[tuple[dict[str, str], str]]:
        """The attributes and the text of elements, of a CSS class where one is given."""
        return [
            (attributes, "".join(text))
            for name, attributes, text in self.elements
            if name == tag and style in ("", *attributes.get("class", "").split())
        ]


def bodies_of(**fields: Any) -> dict[str, dict[str, Any]]:
    resources = (function("orders-api"), resource("sqs", "orders-queue"), resource("logs"))
    return all_dashboards([service_page(**({"resources": resources} | fields))], CONTEXT).bodies


def line(label: str = "errors", minutes: range = range(180), unit: str = "Count") -> Line:
    start = END - timedelta(hours=3)
    return Line(label, tuple((start + timedelta(minutes=n), float(n % 7)) for n in minutes), unit)


def read(bodies: Mapping[str, Any], graph: Graph, state: str = "OK") -> Data:
    """The same graph for every widget, and one state for all alarms."""
    widgets = {(name, index): graph for name, body in bodies.items() for index in range(len(body["widgets"]))}
    arns = {arn for body in bodies.values() for w in body["widgets"] for arn in w["properties"].get("alarms", ())}
    return Data(END, widgets, dict.fromkeys(arns, state))


@functools.cache  # drawing takes a second, and most tests look at the same page
def _plain() -> str:
    bodies = bodies_of()
    return page(bodies, lambda asked: read(asked, Graph((line(),))))


def html(graph: Graph | None = None, state: str = "OK", **fields: Any) -> str:
    if graph is None and state == "OK" and not fields:
        return _plain()
    bodies = bodies_of(**fields)
    return page(bodies, lambda asked: read(asked, graph or Graph((line(),)), state))


def parsed(graph: Graph | None = None, state: str = "OK", **fields: Any) -> Page:
    return Page(html(graph, state, **fields))
