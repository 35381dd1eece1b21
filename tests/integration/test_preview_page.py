"""The preview's page: one file that loads nothing, every widget at its computed place, with the data it was given."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from watchpost_cli.preview import page
from watchpost_cli.preview.model import Data, Graph

from tests.integration.preview_world import END, Page, bodies_of, html, line, parsed, read
from tests.unit.provisioner.pages import CONTEXT, function, resource

if TYPE_CHECKING:
    from pathlib import Path

# Elements that fetch something by themselves, or could run.
LOADING = {"script", "link", "img", "iframe", "object", "embed", "video", "audio", "source", "image", "base", "form"}


def test_nothing_is_loaded_when_the_page_is_opened() -> None:
    text = html()
    found = Page(text)
    assert not {tag for tag, _, _ in found.elements} & LOADING
    for tag, attributes, _ in found.elements:
        assert not attributes.keys() & {"src", "srcset", "data", "poster", "background"}
        assert tag == "a" or all(attributes.get(name, "#").startswith("#") for name in ("href", "xlink:href")), (
            f"{tag} refers to something outside"
        )
        assert not [name for name in attributes if name.startswith("on")]
    assert not re.search(r"url\((?!#)|@import", text)
    policy = [a["content"] for a, _ in found.of("meta") if a.get("http-equiv") == "Content-Security-Policy"]
    assert policy[0].startswith("default-src 'none';")


def test_every_widget_stands_at_its_computed_place() -> None:
    bodies = bodies_of()
    found = Page(page(bodies, lambda asked: read(asked, Graph((line(),)))))
    shown = sorted(attributes["style"] for attributes, _ in found.of("article", "widget"))
    wanted = sorted(
        f"--x:{w['x'] + 1};--y:{w['y'] + 1};--w:{w['width']};--h:{w['height']}"
        for body in bodies.values()
        for w in body["widgets"]
    )
    assert shown == wanted
    assert [attributes["id"] for attributes, _ in found.of("section")] == list(bodies)


@pytest.mark.parametrize(
    ("state", "told"),
    [("ALARM", "in alarm"), ("OK", "OK"), ("INSUFFICIENT_DATA", "without enough data"), ("", "not made yet")],
)
def test_every_alarm_is_shown_with_its_state(state: str, told: str) -> None:
    found = parsed(state=state)
    tiles = [text for attributes, text in found.of("li") if "title" in attributes and text.endswith(told)]
    assert len(tiles) == 3  # the composite and the alarm of the service's page, and the composite in the overview
    assert any(f"2 {told}" in text for _, text in found.of("h3"))


def test_alarms_that_ring_come_first() -> None:
    # given a ringing alarm that stands behind the composite one in its widget
    bodies = bodies_of()
    data = read(bodies, Graph((line(),)))
    ringing = CONTEXT.alarm_arn("wp/orders/orders-api/errors")
    found = Page(page(bodies, lambda _: Data(END, data.graphs, dict(data.states) | {ringing: "ALARM"})))
    # then it is the first tile of the widget
    lists = [text for _, text in found.of("ul", "states")]
    assert [text[:6] for text in lists if "errors" in text] == ["errors"]


def test_the_query_of_a_log_widget_is_shown() -> None:
    (query,) = (text for _, text in parsed().of("pre"))
    assert query.startswith("SOURCE '/aws/lambda/orders-api' | fields")


def test_names_from_aws_stay_text() -> None:
    evil = '<script>alert(1)</script>"onload="x'
    graph = Graph((line(label=evil),))
    found = parsed(graph, resources=(function(evil), resource("logs")), log_groups=(), alarms=(), composite=evil)
    assert not {tag for tag, _, _ in found.elements} & LOADING
    assert any(evil in text for _, text in found.of("ul", "legend"))


def test_variables_are_told_with_their_values() -> None:
    told = [text for _, text in parsed().of("span", "variable")]
    assert told == ["Period: 60 (1 minute, 5 minutes, 15 minutes, 1 hour, 1 day)"]


def test_a_hundred_graphs_make_a_page_that_can_be_mailed() -> None:
    # given a page with 108 graphs of two lines
    resources = tuple(function(f"f{n:02}") for n in range(26))
    graph = Graph((line(), line("other")))
    text = html(graph, resources=resources)
    assert text.count("<svg") >= 104
    assert len(text.encode()) < 3_000_000


@pytest.mark.skipif(shutil.which("chromium") is None, reason="no Chromium; the page's structure is tested above")
def test_chromium_draws_the_page(tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    file.write_text(html(), encoding="utf-8")
    made = subprocess.run(
        ["chromium", "--headless=new", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}",
         "--dump-dom", file.as_uri()],
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    assert made.stdout.count("<article") == html().count("<article")
    assert "Refused to" not in made.stderr
