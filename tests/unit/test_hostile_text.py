"""What a line, a name or a tag holds is data in every output: one promise for each of them, over one table of attacks.

What is particular to an output is tested where it is: tests/unit/notifier (each receiver), tests/unit/provisioner
(dashboards, alarms, Kibana), tests/integration/test_logs_cli_*.py (each command).
"""

from __future__ import annotations

import dataclasses
import html.parser
import importlib.resources
import json
import logging
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from markdown_it import MarkdownIt
from notifier.channels import requests_for, safe
from notifier.channels.email import SUBJECT, subject
from notifier.receivers import Receiver
from notifier.result import Result as Told
from provisioner import kibana, markdown, templates
from provisioner.kibana import objects
from replay.result import Outcome
from replay.result import Result as Replayed
from shipper import recursion
from shipper.counts import Counts
from watchpost import dead_letters, names
from watchpost.dead_letters import DeadLetter
from watchpost_cli import completion
from watchpost_cli.main import main
from watchpost_cli.preview import text as preview_text
from watchpost_cli.terminal import harmless

from tests.hostile import ATTACKS, BULK, EMF, REPORT, steers
from tests.integration.receivers import stories
from tests.unit.provisioner import kibana_rules
from tests.unit.shipper.conftest import SETTINGS, Shipper

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 11, 21, 8, tzinfo=UTC)
every_attack = pytest.mark.parametrize("attack", ATTACKS.values(), ids=list(ATTACKS))


def without_halves(text: str) -> str:
    """A text as UTF-8 can carry it: halves of characters are replaced."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


# ------------------------------------------------------------------------------------------------ Elasticsearch


@every_attack
def test_a_bulk_request_has_two_lines_for_each_log_line_and_the_second_holds_the_text(attack: str) -> None:
    """No text becomes an action, another document, or another field."""
    shipped = Shipper().ship(attack, json.dumps({"message": attack, "level": "INFO", attack: attack}))

    for item in shipped.items:
        assert item.count(b"\n") == 2
        assert item.endswith(b"\n")
    assert [list(json.loads(item.split(b"\n")[0])) for item in shipped.items] == [["create"]] * len(shipped.items)
    assert {action["_index"] for action in shipped.actions} <= {
        names.data_stream(kind, SETTINGS.environment) for kind in ("app", "platform", "line")
    }
    assert all(re.fullmatch(r"[0-9a-z-]+", action["_id"]) for action in shipped.actions)
    for document in shipped.documents:
        assert document["data_stream"]["dataset"].startswith("watchpost.")
        assert document["cloud"]["account"]["id"] == "123456789012"
        assert document["aws"]["cloudwatch"]["log_group"] == "/aws/lambda/orders-api"


@every_attack
def test_names_of_groups_and_streams_are_values_in_documents(attack: str) -> None:
    """Whoever names a log group or a stream names nothing else: not the index, the id, or the account."""
    shipped = Shipper().ship("x", logGroup=attack or "-", logStream=attack, subscriptionFilters=[attack], owner="1")

    [item] = shipped.items
    [document] = shipped.documents
    assert item.count(b"\n") == 2
    assert document["aws"]["cloudwatch"] == {
        "log_group": without_halves(attack or "-"),
        "log_stream": without_halves(attack),
    }
    assert document["message"] == "x"


# ------------------------------------------------------------------------------------------------ metrics


@every_attack
def test_names_and_dimensions_of_metrics_are_plain_ascii(attack: str) -> None:
    """CloudWatch refuses other ones, and with them all that is in the same call."""
    line = attack.replace("|", "")
    shipped = Shipper().ship(
        f"MONITORING|1|Count|{line}|x|{line}={line}",
        json.dumps({"message": f"MONITORING|1|Count|page|x|a={line}", "service": attack}),
        attack,
    )

    for entry in shipped.entries:
        assert entry.keys() <= {"MetricName", "Dimensions", "Values", "Counts", "Unit", "Timestamp"}
        for text in (entry["MetricName"], *(item[part] for item in entry["Dimensions"] for part in ("Name", "Value"))):
            assert text
            assert all(" " <= character <= "~" for character in text)
            assert not text.startswith(":")
            assert len(text) <= 1024


@pytest.mark.parametrize("line", [json.dumps(EMF), "x\n" + json.dumps(EMF)])
def test_a_line_that_looks_like_metrics_of_ours_publishes_none(line: str) -> None:
    """Only CloudWatch makes metrics of such lines, and only of those that a function writes into its own log."""
    shipped = Shipper().ship(line)

    assert {entry["MetricName"] for entry in shipped.entries} <= {"LogLines", "LogErrors"}
    [dimensions] = {json.dumps(entry["Dimensions"]) for entry in shipped.entries}
    assert json.loads(dimensions) == [{"Name": "Service", "Value": "orders-api"}]


def test_a_metric_line_chooses_no_namespace() -> None:
    """The namespace is the stack's: what a line says of it is a field of its document."""
    shipped = Shipper().ship("MONITORING|1|Count|page-view|AWS/Lambda|FunctionName=other")

    assert not [entry for entry in shipped.entries if "Namespace" in entry]
    assert {dimension["Name"] for entry in shipped.entries for dimension in entry["Dimensions"]} == {"Service"}


def test_a_line_of_the_platform_behind_a_break_is_text() -> None:
    """Who can have a line broken cannot forge what Lambda says of an invocation."""
    [document] = Shipper().ship(f"x\n{REPORT}").documents

    assert document["data_stream"]["dataset"] == "watchpost.app"
    assert "execution" not in document["faas"]


# ------------------------------------------------------------------------------------------------ our own logs


@every_attack
def test_what_the_functions_print_of_their_work_is_one_line_of_json(attack: str) -> None:
    """A name in a count, or a reason, ends no line and adds no metric."""
    counts = Counts()
    counts.filter(without_halves(attack), 1)
    replayed = Replayed(NOW, outcome=Outcome())
    replayed.outcome.count(DeadLetter(attack, attack, 1, {}), "failed")

    for printed in (counts.emf("watchpost", 1), replayed.emf("watchpost", NOW), Told().emf("watchpost", NOW)):
        assert printed.splitlines() == [printed] or "\n" not in printed
        read = json.loads(printed)
        assert read["Stack"] == "watchpost"
        assert [one["Namespace"] for one in read["_aws"]["CloudWatchMetrics"]] == ["Watchpost/Pipeline"]
        assert {type(read[one["Name"]]) for one in read["_aws"]["CloudWatchMetrics"][0]["Metrics"]} <= {int, float}


@every_attack
def test_a_log_group_that_is_named_in_a_warning_steers_nothing(attack: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        recursion.warn({attack: 3})

    [record] = caplog.records
    assert steers(record.getMessage(), lines=False) == []


# ------------------------------------------------------------------------------------------------ dead letters


@every_attack
def test_a_dead_letter_is_one_line_of_ascii_that_gives_back_what_it_holds(attack: str) -> None:
    original = {"index": attack, "id": attack, "document": {"message": attack, attack: attack}}
    stored = dead_letters.encode([DeadLetter("document", attack, 1, original), DeadLetter("payload", "x", 1, attack)])

    contents = dead_letters.decode(stored)

    text, complete = dead_letters._inflate(stored, dead_letters.LARGEST)
    assert complete
    assert text.isascii()
    assert text.count(b"\n") == 2
    assert [letter.original for letter in contents.letters] == [original, attack]
    assert contents.unreadable == 0


# ------------------------------------------------------------------------------------------------ notifications

RECEIVERS = (
    Receiver("a", "slack", url="https://hooks.example.com/services/T/B/x"),
    Receiver("b", "slack", url="https://slack.example.com/api", credential="xoxb-1", channel="C1"),
    Receiver("c", "teams", url="https://x.example.com/0"),
    Receiver("d", "pagerduty", url="https://events.example.com/v2/enqueue", credential="h" * 32),
    Receiver("e", "opsgenie", url="https://api.example.com", credential="key"),
    Receiver("f", "webhook", url="https://hooks.example.com/0"),
)


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for part in (*value, *value.values()) for text in _texts(part)]
    if isinstance(value, list):
        return [text for part in value for text in _texts(part)]
    return [value] if isinstance(value, str) else []


@every_attack
@pytest.mark.parametrize("receiver", RECEIVERS, ids=lambda one: f"{one.type} {one.name}")
def test_a_message_is_json_whose_texts_steer_nothing(receiver: Receiver, attack: str) -> None:
    """Whom it mentions and what becomes a link is judged by the strict receivers of tests/integration/receivers."""
    call = requests_for(receiver, stories.everywhere(attack), {})
    assert call is not None

    texts = _texts(json.loads(call.body))  # type: ignore[union-attr]  # none of these is e-mail

    assert [text for text in texts if steers(text)] == []


@every_attack
def test_the_subject_of_a_mail_is_one_line_of_ascii(attack: str) -> None:
    """No line break, so no header of its own (SNS API, Publish, Subject)."""
    told = subject(safe.story(dataclasses.replace(stories.OPENED, headline=attack)))

    assert told.isascii()
    assert told.isprintable()
    assert 0 < len(told) <= SUBJECT


# ------------------------------------------------------------------------------------------------ CloudWatch, Kibana


@every_attack
def test_names_of_alarms_and_dashboards_hold_no_more_than_cloudwatch_takes(attack: str) -> None:
    """And no quotation mark, so that a composite alarm's rule cannot be left."""
    assert re.fullmatch(r"[ !#-\[\]-~]{1,255}", names.alarm("watchpost", attack, attack, "errors"))
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,255}", names.dashboard("watchpost", attack))
    assert re.fullmatch(r"[A-Za-z0-9_.-]{1,255}", names.kibana_object("watchpost", "eu-west-1", "1", attack))


@every_attack
def test_markdown_of_dashboards_shows_a_text_and_nothing_of_it_is_markup(attack: str) -> None:
    tokens = MarkdownIt("commonmark").enable("table").parse(f"x {markdown.escaped(attack)}")

    kinds = {child.type for token in tokens for child in token.children or ()}
    assert kinds <= {"text", "text_special"}
    assert "${" not in markdown.plain(attack)


@every_attack
def test_objects_of_kibana_are_right_whatever_a_service_is_called(attack: str) -> None:
    folder = importlib.resources.files("dashboards")
    definitions = kibana.load(folder / "kibana", templates.load(folder / "elasticsearch"))
    service = kibana.Service(without_halves(attack)[:200] or "-", owner=without_halves(attack)[:200], runbook=attack)

    built = list(objects.build(definitions, [service], SETTINGS))

    prefix = names.kibana_owner(SETTINGS.stack, SETTINGS.aws_region, SETTINGS.account)
    assert kibana_rules.check(built, prefix) == []
    assert "javascript:" not in re.sub(r"\\+", "", json.dumps(built)) or "javascript:" in attack


# ------------------------------------------------------------------------------------------------ pages, terminals


class _Page(html.parser.HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("href", "src") or name.startswith("on")]


@every_attack
def test_the_preview_page_runs_and_loads_nothing_of_a_text(attack: str) -> None:
    text = preview_text.escaped(attack)

    page = _Page(f'{preview_text.rendered(attack)}<p title="{text}">{text}</p>')

    assert not {"script", "img", "iframe", "object", "link", "form", "base", "svg"} & {*page.tags}
    assert all(address.startswith(("https://", "#")) for address in page.addresses)


@every_attack
def test_a_terminal_gets_one_line_that_does_nothing(attack: str) -> None:
    assert steers(harmless(attack), lines=False) == []


@pytest.mark.parametrize("options", [[], ["--json"]], ids=["people", "machines"])
def test_a_command_prints_hostile_lines_without_being_steered(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str]
) -> None:
    """`watchpost parse` shows every line of a file; what machines read is one right object a line."""
    log = tmp_path / "app.log"
    log.write_bytes("\n".join(ATTACKS.values()).encode("utf-8", "replace"))

    assert main(["parse", *options, str(log)]) == 0

    shown = capsys.readouterr().out
    if options:
        assert all(isinstance(json.loads(line), dict) for line in shown.splitlines())
    assert steers(shown) == []


@pytest.mark.parametrize("shell", completion.SHELLS)
def test_completion_asks_nobody_while_somebody_types(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    """It knows commands and options only: no name out of an account is ever offered to a shell."""
    assert main(["completion", shell]) == 0

    script = capsys.readouterr().out
    assert "aws " not in script
    assert not re.search(r"\$\(\s*(?:command\s+)?watchpost", script)


def test_the_table_holds_what_it_says() -> None:
    """Else none of the tests above would try anything."""
    assert any(steers(attack) for attack in ATTACKS.values())
    assert any(BULK in attack and "\n" in attack for attack in ATTACKS.values())
    assert steers("a\nb\tc") == []
    assert steers("a\nb", lines=False) == ["\n"]
    assert steers("\x1b[2J\u202e\ud800\u2028") == ["\x1b", "\u202e", "\ud800", "\u2028"]
