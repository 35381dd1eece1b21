"""Mistakes in `dashboards/kibana/`: each is found when the files are read, with its place and what was expected."""

from __future__ import annotations

import importlib.resources

import pytest
from hypothesis import given
from hypothesis import strategies as st
from provisioner import templates
from provisioner.kibana import loader
from watchpost.errors import DefinitionError

FOLDER = importlib.resources.files("dashboards")
TEMPLATES = templates.load(FOLDER / "elasticsearch")
FILES = {file.name: file.read_bytes() for file in (FOLDER / "kibana").iterdir()}


class _File:
    def __init__(self, name: str, content: bytes) -> None:
        self.name, self._content = name, content

    def read_text(self, encoding: str) -> str:
        return self._content.decode(encoding)


class _Folder:
    """The definitions of the repository, some of them other ones, in memory."""

    def __init__(self, **others: bytes | None) -> None:
        self._files = {**FILES, **{f"{name}.yaml": content for name, content in others.items()}}

    def __truediv__(self, name: str) -> _File:
        content = self._files.get(name)
        if content is None:
            raise FileNotFoundError(name)
        return _File(name, content)


def _fault(**others: bytes | None) -> DefinitionError:
    with pytest.raises(DefinitionError) as caught:
        loader.load(_Folder(**others), TEMPLATES)  # type: ignore[arg-type]  # as much of a folder as is needed
    return caught.value


def _changed(name: str, right: str, wrong: str) -> DefinitionError:
    text = FILES[f"{name}.yaml"].decode()
    assert right in text
    return _fault(**{name: text.replace(right, wrong, 1).encode()})


def test_the_definitions_of_the_repository_have_no_mistake() -> None:
    loaded = loader.load(FOLDER / "kibana", TEMPLATES)
    assert loaded.views.keys() == {"logs", "app", "platform", "line"}
    assert loaded.searches.keys() == {"errors", "slow", "cold", "correlation", "invalid-metric-lines", "own"}


def test_no_file_lies_there_unread() -> None:
    assert FILES.keys() == {
        *("views.yaml", "searches.yaml", "formulas.yaml", "overview.yaml", "service.yaml"),
    }


@pytest.mark.parametrize("name", ["views", "searches", "formulas", "overview", "service"])
@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (None, "the file: found nothing, expected a file"),
        (b"\xff", "the document: found no UTF-8"),
        (b"a: [", "the document: found text that is not YAML"),
        (b"a: 1\na: 2", "a is there twice"),
        (b"", "expected an object"),
        (b"[1]", "expected an object"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(name: str, content: bytes | None, fault: str) -> None:
    error = str(_fault(**{name: content}))
    assert error.startswith(f"kibana/{name}.yaml: ")
    assert fault in error


MISTAKES = [
    # Places on the grid.
    ("service", "at: [0, 4, 12, 6]", "at: [40, 4, 12, 6]", "panels[1].at: found one that ends at 52, expected a pan"),
    ("service", "at: [0, 4, 12, 6]", "at: [48, 4, 1, 6]", "panels[1].at[0]: found 48, expected a whole number from"),
    ("service", "at: [0, 4, 12, 6]", "at: [0, 4, 12]", "panels[1].at: found [0, 4, 12], expected a list with at lea"),
    ("service", "at: [0, 4, 12, 6]", "at: [0, 4, 12, 6, 1]", "panels[1].at: found [0, 4, 12, 6, 1], expected column"),
    ("service", "at: [12, 4, 12, 6]", "at: [11, 4, 12, 6]", "panels[2].at: found [11, 4, 12, 6], expected a place t"),
    ("service", "at: [0, 4, 12, 6]", "at: [0, 3, 12, 6]", "expected a place that no other panel has, but [0, 0, 48,"),
    # What a panel shows.
    ("service", "    search: slow", "    search: slo", 'panels[9].search: found "slo", expected one of cold,'),
    ("service", "    search: slow", "    search: slow\n    view: logs", "panels[9].view: found \"logs\", expected n"),
    ("service", "    search: slow", "", "panels[9]: found none of them, expected exactly one of text, search and ch"),
    ("service", "    search: slow", "    search: slow\n    text: x", "panels[9]: found text and search, expected ex"),
    ("service", "  - title: Lines\n", "  - titel: Lines\n", "panels[1].titel: found an unknown field, expected one"),
    ("service", "chart: number\n    view: app", "chart: pie\n    view: app", 'chart: found "pie", expected one of n'),
    ("service", "chart: number\n    view: app", "chart: number\n    view: ap", 'view: found "ap", expected one of a'),
    # Fields, and what can be calculated of them.
    ("service", "{terms: log.level,", "{terms: log.lvl,", 'columns.Level.terms: found "log.lvl", expected a field o'),
    ("service", "{terms: error.message.keyword,", "{terms: error.message,", "Message.terms: found error.message of"),
    ("service", "{time: \"@timestamp\"}", "{time: log.level}", "Time.time: found log.level of type keyword, expecte"),
    ("service", "{median: aws.lambda.metrics.duration_ms}", "{median: faas.name}", "Median.median: found faas.name"),
    ("service", "of: aws.lambda.metrics.duration_ms", "of: \"@timestamp\"", "p95.of: found @timestamp of type date,"),
    ("service", "percentile: 95", "percentile: 100", "p95.percentile: found 100, expected a number above 0, at most"),
    ("service", "{terms: metric.name,", "{terms: faas.name, sum: metric.value,", "found terms and sum, expected exa"),
    ("service", "{count: all}", "{}", "columns.Lines: found none of them, expected exactly one of time, terms,"),
    ("service", "{count: all}", "{count: some}", 'columns.Lines.count: found "some", expected one of all'),
    ("service", "top: 6, by: Lines", "by: Lines", "Level.top: found nothing, expected a whole number from 1 to 1000"),
    ("service", "top: 6, by: Lines", "top: 1001, by: Lines", "Level.top: found 1001, expected a whole number from 1"),
    ("service", "top: 6, by: Lines", "top: 6, by: Lins", "Level.by: found \"Lins\", expected one of Lines"),
    ("service", "top: 50, by: Billed milliseconds", "top: 50, by: USD", "Function.by: found \"USD\", expected one o"),
    ("service", "top: 6, by: Lines", "top: 6, by: Lines, where: x", "Level.where: found \"x\", expected no where fo"),
    ("service", "Lines: {count: all}", "Lines: {count: all, top: 3}", "Lines.top: found 3, expected no top for coun"),
    # Charts that could not show their columns.
    ("service", "Lines: {count: all}", "Lines: {count: all}\n      More: {count: all}", "expected one metric, and t"),
    ("service", "Lines: {count: all}", "Level: {terms: log.level, top: 3}", "found none, expected at least one colu"),
    ("service", "missing: true}\n", "missing: true}\n      Two: {terms: log.level, top: 6}\n", "found 1 time and 2"),
    ("service", "{max: aws.lambda.metrics.init_duration_ms, axis: right}", "{max: metric.value}", "expected a field"),
    ("service", "Lines: {count: all}", "Lines: {count: all, total: true}", "Lines.total: found true, expected no to"),
    ("service", "Lines: {count: all}", "Lines: {count: all, axis: right}", "expected no axis, which only a graph ha"),
    # Formulas.
    ("service", "{formula: memory_share,", "{formula: memory,", "found \"memory\", expected one of cost, error_shar"),
    ("formulas", "max(aws.lambda.metrics.max_memory_used_mb)", "max(faas.name)", "formula.max: found faas.name of t"),
    ("formulas", "gb_seconds: sum(", "gb_seconds: total(", "gb_seconds: found the function total, which is none of"),
    ("formulas", "gb_seconds: sum(", "gb_seconds: sum((", "gb_seconds: found "),
    ("formulas", 'log.level: ("error"', 'log.lvl: ("error"', "formula: found the field log.lvl, expected fields of"),
    # KQL.
    ("service", "event.action: \"report\"", "event.actoin: \"report\"", "query: found the field event.actoin, expec"),
    ("service", "event.action: \"report\"", "event.action: (\"report\"", "expected KQL with"),
    ("service", "service.name: {service}", "service.name: {servcie}", "query: found {servcie}, expected placeholder"),
    ("service", "service.name: {service}", "servcie.name: {service}", "query: found the field servcie.name, expecte"),
    ("searches", "correlation.id: *", "corelation.id: *", "correlation.query: found the field corelation.id, expect"),
    # Saved searches and data views.
    ("searches", "[service.name, log.level,", "[service.nam, log.level,", 'errors.columns[0]: found "service.nam",'),
    ("searches", 'sort: ["@timestamp", desc]', "sort: [message, desc]", "errors.sort[0]: found message of type text"),
    ("searches", 'sort: ["@timestamp", desc]', 'sort: ["@timestamp", down]', 'errors.sort[1]: found "down", expecte'),
    ("searches", 'sort: ["@timestamp", desc]', 'sort: ["@timestamp", desc, 1]', "errors.sort: found "),
    ("searches", "  view: logs", "  view: log", 'errors.view: found "log", expected one of app, line, logs, platfor'),
    ("searches", "own:\n", "Own:\n", "Own: found the name Own, expected a name of at most 40 lower-case letters"),
    ("views", "app-{namespace}", "app-{namespce}", "found {namespce}, expected placeholders that are namespace, sta"),
    ("views", "streams: [logs-watchpost.app]", "streams: [logs-watchpost.ap]", 'app.streams[0]: found "logs-watchpo'),
    ("views", "app:\n", "ap:\n", "expected one of ap, line, logs, platform"),
    # Texts.
    ("service", "{owner}", "{onwer}", "panels[0].text: found {onwer}, expected placeholders that are cloudwatch,"),
    ("service", "{owner}", "{owner", "panels[0].text: found a brace that is no placeholder's"),
    ("service", "since: now-24h", "since: yesterday", 'since: found "yesterday", expected a time such as now-24h'),
    ("overview", '"{services}"', '"{service}"', "text: found {service}, expected placeholders that are namespace, s"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "right", "wrong", "fault"), MISTAKES)
def test_a_mistake_is_told_with_file_place_value_and_expectation(name: str, right: str, wrong: str, fault: str) -> None:
    error = _changed(name, right, wrong)
    assert fault in str(error)
    assert error.file.startswith("kibana/")
    assert all((error.path, error.found, error.expected))


def test_a_data_view_that_the_overview_does_not_use_is_a_mistake() -> None:
    """Kibana is asked for what refers to our data views: one that nothing refers to would be imported each hour."""
    more = FILES["views.yaml"] + (
        b'unused: {title: x, pattern: "metrics-watchpost.line-{namespace}", streams: [metrics-watchpost.line]}\n'
    )
    assert str(_fault(views=more)).startswith("kibana/views.yaml: unused: found the view unused, expected a data view")


@pytest.mark.parametrize("most", [60, 61])
def test_a_dashboard_has_at_most_sixty_panels(most: int) -> None:
    rows = "".join(f"- {{at: [0, {row}, 48, 1], text: x}}\n" for row in range(most))
    text = f'title: "{{stack}}"\ndescription: x\nquery: ""\nsince: now-1h\npanels:\n{rows}'.encode()
    if most == 60:
        loader.load(_Folder(service=text), TEMPLATES)  # type: ignore[arg-type]
    else:
        assert "panels: found 61 panels, expected at most 60 panels" in str(_fault(service=text))


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
        max_leaves=8,
    )
)
def test_whatever_a_file_holds_is_right_or_a_mistake_with_a_place(value: object) -> None:
    for name in ("views", "searches", "formulas", "overview", "service"):
        assert _fault(**{name: repr_yaml(value)}).file.startswith("kibana/")


def repr_yaml(value: object) -> bytes:
    import yaml  # noqa: PLC0415  # only here

    return yaml.safe_dump(value, allow_unicode=False).encode()
