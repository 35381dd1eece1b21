"""The preview's graphs: drawn from the data, with gaps, units, thresholds and deployments, in the page's colours."""

from __future__ import annotations

import re

import pytest
from watchpost_cli.preview.charts import short, unit_of
from watchpost_cli.preview.model import Graph, Line

from tests.integration.preview_world import Page, html, line, parsed
from tests.unit.provisioner.pages import alarm, function, resource


def test_every_graph_over_time_is_drawn_with_title_unit_legend_and_axis() -> None:
    found = parsed()
    graphs = found.of("article", "metric")
    drawn = [text for _, text in graphs if "In the last hour" not in text and "USD a month" not in text]
    assert len(found.of("figure")) == len(drawn) > 5
    for text in drawn:
        assert "count" in text  # the unit
        assert re.search(r"\d\d:\d\d", text)  # the time
        assert "errors" in text  # the legend


def test_colours_are_the_pages_own_so_that_light_and_dark_have_theirs() -> None:
    text = html()
    drawings = "".join(re.findall(r"<svg.*?</svg>", text, re.DOTALL))
    assert "var(--line0)" in drawings
    assert not re.search(r"#[0-9a-f]{6}|rgb\(", drawings)
    assert "prefers-color-scheme: dark" in text
    used = set(re.findall(r"var\((--[a-z0-9-]+)\)", text)) - {"--x", "--y", "--w", "--h"}
    light, dark = (
        set(re.findall(r"(--[a-z0-9-]+):", block)) for block in re.findall(r":root \{(.*?)\}", text, re.DOTALL)
    )
    assert used <= light
    assert light == dark


def test_ids_are_not_shared_by_drawings_that_differ() -> None:
    text = html()
    parts = re.findall(r'<(?:clipPath|path|g|marker) id="([^"]+)"(.*?)(?:</clipPath>|/>)', text, re.DOTALL)
    contents: dict[str, set[str]] = {}
    for name, content in parts:
        contents.setdefault(name, set()).add(content)
    assert contents
    assert all(len(each) == 1 for each in contents.values())


def _strokes(text: str) -> list[str]:
    """The drawn paths of the first line of each graph."""
    return re.findall(r'<path d="([^"]*)"[^>]*stroke: var\(--line0\)', text)


def test_where_there_is_no_data_the_line_has_a_gap() -> None:
    # given points with an hour missing in the middle
    whole_line = line()
    gap = Line("errors", tuple(point for n, point in enumerate(whole_line.points) if not 60 <= n < 120))
    whole, broken = (html(Graph((each,))) for each in (whole_line, gap))
    # then the pen is lifted once in the second one
    assert _strokes(whole)[0].count("M") == 1
    assert _strokes(broken)[0].count("M") == 2


def test_a_point_without_neighbours_is_seen() -> None:
    def marked(text: str) -> list[bool]:
        return ["<use " in figure for figure in re.findall(r"<figure>.*?</figure>", text, re.DOTALL)]

    assert all(marked(html(Graph((line(minutes=range(90, 91)),)))))
    assert not any(marked(html()))


def test_a_graph_without_data_says_so_and_one_that_was_refused_says_why() -> None:
    for _, text in parsed(Graph((Line("errors", ()),))).of("article", "metric"):
        assert "No data in these" in text
    for _, text in parsed(Graph(trouble="<AccessDenied>")).of("article", "metric"):
        assert "CloudWatch gave no data: <AccessDenied>" in text


def test_thresholds_and_deployments_are_drawn_and_named() -> None:
    text = html()
    found = Page(text)
    assert "stroke: var(--critical)" in text
    legend = [item for _, item in found.of("ul", "legend")]
    assert any("Title of errors5" in item for item in legend)
    assert all("v1.2.3" in item for item in legend)  # deployed at 14:03, within the three hours until 15:00


@pytest.mark.parametrize(("threshold", "drawn"), [(20.0, True), (2000.0, False)])
def test_a_threshold_far_above_the_line_is_told_and_does_not_flatten_it(threshold: float, drawn: bool) -> None:
    text = html(alarms=(alarm("errors", "Errors", Threshold=threshold),))
    assert ("stroke: var(--critical)" in text) is drawn
    assert any("Title of errors" in item for _, item in Page(text).of("ul", "legend"))


def _heights(text: str, title: str) -> list[float]:
    """The distances from the top at which the first line of a graph runs."""
    path = _strokes(text[text.index(f">{title}<") :])[0]
    return [float(y) for _, y in re.findall(r"([\d.]+) ([\d.]+)", path)]


def test_a_graph_whose_axis_begins_at_zero_is_drawn_so() -> None:
    # given values between 1,000 and 1,006 in a graph from zero and in one of a service's own metric
    points = tuple((time, value + 1000) for time, value in line().points)
    resources = (function("orders-api"), resource("metric", "placed", metric_name="OrdersPlaced"))
    text = html(Graph((Line("x", points),)), resources=resources)
    # then the first one is a flat line at the top, and the other fills its graph
    flat, full = (_heights(text, title) for title in ("Invocations", "placed"))
    assert max(flat) - min(flat) < 5
    assert max(full) - min(full) > 100


def test_a_deployment_before_the_time_shown_is_not_named() -> None:
    legend = [item for _, item in parsed(deployments=(("2026-11-20T11:59:00Z", "v0"),)).of("ul", "legend")]
    assert legend
    assert not any("v0" in item for item in legend)


def test_figures_tell_the_last_value_with_a_small_line() -> None:
    (figures, _) = parsed().of("ul", "figures")
    assert figures[1].startswith(f"{179 % 7}errors")


@pytest.mark.parametrize(
    ("value", "told"),
    [(0, "0"), (0.25, "0.25"), (0.00042, "4.2e-04"), (999, "999"), (12_340, "12.3k"), (5e6, "5M"), (-1500, "-1.5k")],
)
def test_figures_are_short(value: float, told: str) -> None:
    assert short(value) == told


@pytest.mark.parametrize(
    ("units", "told"),
    [(["Milliseconds"], "ms"), (["Count", "Count"], "count"), (["Count", "Bytes"], ""), (["None"], ""), ([""], "")],
)
def test_the_axis_tells_the_unit_that_all_lines_have(units: list[str], told: str) -> None:
    assert unit_of([line(unit=unit) for unit in units]) == told
