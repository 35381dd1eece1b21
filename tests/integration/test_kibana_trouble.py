"""A Kibana that is away, refuses or answers nonsense: the run says why and raises nothing, and the next one goes on."""

from __future__ import annotations

import logging
import re
import socket
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from provisioner import kibana
from provisioner.kibana import keeper
from watchpost.errors import ConfigurationError
from watchpost.times import retry_after

from tests.integration.kibana_server.server import Kibana, Scripted
from tests.integration.kibana_world import OWN, World

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

JSON = {"content-type": "application/json"}


@pytest.fixture
def world() -> Iterator[World]:
    server = Kibana()
    yield World(server)
    server.close()


def test_without_a_kibana_nothing_is_done_and_nothing_is_wrong(world: World) -> None:
    def no_secret() -> Any:
        raise AssertionError("nobody needs credentials")

    around = world.around(kibana_url="none", secret=no_secret)
    assert kibana.reconcile([kibana.Service("orders")], around) == kibana.KibanaResult()
    assert kibana.remove(around) == kibana.KibanaResult()


def test_a_kibana_that_is_down_is_told_and_the_next_run_does_everything(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    # given an address where nobody listens
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nowhere = f"http://127.0.0.1:{free.getsockname()[1]}"

    with caplog.at_level(logging.WARNING):
        result = world.run("orders", kibana_url=nowhere)

    assert result.created == ()
    assert result.failed is not None
    assert "no answer" in result.failed
    assert [record.reason for record in caplog.records] == [result.failed]  # type: ignore[attr-defined]
    assert world.slept == [1.0, 3.0]
    assert world.run("orders").failed is None


@pytest.mark.parametrize(
    ("script", "slept"),
    [
        ([Scripted(503)], [1.0]),
        ([Scripted(503), Scripted(502)], [1.0, 3.0]),
        ([Scripted(429, headers={"retry-after": "7"})], [7.0]),
        ([Scripted(503, headers={"retry-after": "nonsense"})], [1.0]),
        ([Scripted(0)], [1.0]),
    ],
)
def test_a_busy_kibana_is_asked_again_when_it_says(world: World, script: list[Scripted], slept: list[float]) -> None:
    world.kibana.script.extend(script)
    assert world.run("orders").failed is None
    assert world.slept == slept


@pytest.mark.parametrize("at", [0, 1, 2, 3])
def test_a_kibana_that_stays_busy_is_left_to_the_next_run(world: World, at: int) -> None:
    """At the export, the import, the second export or the second import."""
    world.kibana.script.extend([*([None] * at), *([Scripted(503)] * 3)])
    result = world.run("orders")
    assert result.failed == "Kibana (503): HTTP 503 without a word of Kibana"
    assert len(world.kibana.requests) == at + 3

    assert world.run("orders").failed is None
    assert world.run("orders").unchanged == world.run("orders").unchanged != ()
    assert world.run("orders").updated == ()


def test_kibana_is_not_waited_for_longer_than_there_is_time(world: World) -> None:
    world.kibana.script.append(Scripted(503, headers={"retry-after": "100"}))
    result = world.run("orders")
    assert world.slept == []
    assert result.failed == "Kibana (503): HTTP 503, and no time was left to wait 100 s"


def test_without_time_nothing_is_begun(world: World) -> None:
    world.seconds = 0.0
    result = world.run("orders")
    assert result.failed is not None
    assert "no time was left" in result.failed
    assert world.kibana.requests == []


def test_when_time_ends_in_the_middle_what_was_done_is_told_and_the_next_run_does_the_rest(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a clock that moves on with each look, and small imports
    monkeypatch.setattr(keeper, "MOST_OBJECTS", 11)
    world.ticks = 1.0
    world.seconds = 14.0
    first = world.run("orders", "payments", "shipping")
    assert first.failed is not None
    assert "no time was left" in first.failed
    assert 0 < len(first.created) < 14

    world.seconds = 1000.0
    second = world.run("orders", "payments", "shipping")
    assert second.failed is None
    assert set(second.unchanged) == set(first.created)
    assert len(world.kibana.store.objects) == 14


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Scripted(200, b"<html>hello</html>"), "an export with a line that is no saved object"),
        (Scripted(200, b'{"type": "dashboard"}'), "an export with a line that is no saved object"),
        (Scripted(200, b"[1, 2]"), "an export with a line that is no saved object"),
        (Scripted(200, b""), "an export without its last line"),
        (Scripted(200, b'{"exportedCount": 0}\n{"exportedCount": 0}'), "an export with a line that is no saved object"),
        (Scripted(204), "an export without its last line"),
        (Scripted(500, b"oops"), "HTTP 500 without a word of Kibana"),
        (Scripted(302, headers={"location": "https://elsewhere.example/login"}), "to another address"),
        (Scripted(404, b"not here"), "is there such a space?"),
        (Scripted(403, b'{"message": "no \\u001b[31mentry\\n"}', JSON), "no [31mentry, has the user all privileges?"),
        (Scripted(200, b'{"exported', {"content-length": "1000"}), "broke off"),
        (Scripted(200, b"\xff\xfe{"), "an export with a line that is no saved object"),
    ],
)
def test_nonsense_is_told_in_one_line(world: World, answer: Scripted, reason: str) -> None:
    world.kibana.script.append(answer)
    result = world.run("orders")
    assert result.created == ()
    assert result.failed is not None
    assert reason in result.failed
    assert result.failed.isprintable()


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"success": "yes"}', b'{"success": 1}', b"<html>"])
def test_an_import_counts_only_when_kibana_says_that_it_succeeded(world: World, body: bytes) -> None:
    world.kibana.script.extend([None, Scripted(200, body)])
    result = world.run("orders")
    assert result.created == ()
    assert result.failed == "Kibana (200): an answer to an import that does not say whether it succeeded"


@pytest.mark.parametrize(
    ("errors", "told"),
    [
        ("[]", "an import failed, and Kibana does not say why"),
        ("7", "an import failed, and Kibana does not say why"),
        ('["x"]', "an import failed, and Kibana does not say why"),
        (
            '[{"type": "dashboard", "id": "a", "error": {"type": "missing_references", '
            '"references": [{"type": "search", "id": "b"}]}}]',
            "1 not imported: dashboard a (missing_references, search b)",
        ),
        ('[{"type": "search", "id": "a"}]', "1 not imported: search a (unknown)"),
    ],
)
def test_status_200_with_success_false_is_a_failure_and_its_errors_are_told(
    world: World, errors: str, told: str
) -> None:
    body = f'{{"success": false, "successCount": 0, "errors": {errors}}}'.encode()
    world.kibana.script.extend([None, Scripted(200, body)])
    result = world.run("orders")
    assert result.created == ()
    assert result.failed == f"Kibana (200): {told}"


def test_only_the_first_of_many_errors_are_told(world: World) -> None:
    error = '{"type": "dashboard", "id": "%s", "error": {"type": "unknown"}}'
    body = '{"success": false, "errors": [%s]}' % ", ".join(error % number for number in range(7))  # noqa: UP031
    world.kibana.script.extend([None, Scripted(200, body.encode())])
    failed = world.run("orders").failed
    assert failed is not None
    assert failed.count("dashboard") == 5
    assert failed.endswith("; 2 more")


def test_a_batch_that_is_refused_does_not_stop_the_next_one(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeper, "MOST_OBJECTS", 11)
    refused = b'{"success": false, "errors": [{"type": "dashboard", "id": "x", "error": {"type": "unknown"}}]}'
    # given that the second of three imports is refused: export, import, export, import, and then it
    world.kibana.script.extend([None] * 4 + [Scripted(200, refused)])
    result = world.run(*(f"service-{number}" for number in range(15)))
    assert len(result.created) == 11 + 4
    assert result.failed == "Kibana (200): 1 not imported: dashboard x (unknown)"


def test_refused_credentials_are_told_without_them(world: World) -> None:
    world.secret = {"api_key": "d3Jvbmc6a2V5"}
    failed = world.run("orders").failed
    assert failed is not None
    assert failed.startswith("Kibana (401): ")
    assert "credentials" in failed
    assert "d3Jvbmc6a2V5" not in failed


def test_a_space_that_is_not_there_is_told(world: World) -> None:
    assert world.run("orders", kibana_space="nowhere").failed == "Kibana (404): Not Found, is there such a space?"


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ConfigurationError("secret", "no credentials", "some"), "secret: found no credentials, expected some"),
        (ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "GetSecretValue"), "AccessDenied: no"),
    ],
)
def test_a_secret_that_cannot_be_read_is_told(world: World, error: Exception, told: str) -> None:
    def secret() -> Any:
        raise error

    result = kibana.reconcile([], world.around(secret=secret))
    assert result.failed is not None
    assert told in result.failed


@pytest.mark.parametrize("url", ["kibana.example", "http://", "https://[::1"])
def test_an_address_that_cannot_be_called_is_told(world: World, url: str) -> None:
    assert world.run("orders", kibana_url=url).failed is not None
    assert world.kibana.requests == []


def test_a_deletion_of_what_is_gone_already_is_no_failure_and_a_refused_one_is(world: World) -> None:
    world.run("orders", "payments")
    gone = b'{"statusCode": 404, "error": "Not Found", "message": "Saved object not found"}'
    world.kibana.script.extend([None, None, None, None, Scripted(404, gone, JSON)])
    assert world.run("orders").failed is None

    world.kibana.script.extend([None, Scripted(404, b"no such path")])
    refused = world.run("orders")
    assert refused.deleted == ()
    assert refused.failed is not None

    assert world.run("orders").deleted == (f"{OWN}service-payments",)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0.0),
        (" 120 ", 120.0),
        ("9" * 12, float("inf")),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0),
        (None, None),
        ("", None),
        ("-3", None),
        ("soon", None),
        ("٣", None),
        ("Wed, 99 Oct 99999 07:28:00 GMT", None),
    ],
)
def test_retry_after_is_a_number_or_a_date(value: str | None, seconds: float | None) -> None:
    assert retry_after(value) == seconds


def test_kibanas_own_words_are_cut_and_on_one_line(world: World) -> None:
    message = "x" * 10_000 + "\\n" + "y"
    world.kibana.script.append(Scripted(400, f'{{"message": "{message}"}}'.encode(), JSON))
    failed = world.run("orders").failed
    assert failed is not None
    assert re.fullmatch(r"Kibana \(400\): x{300}", failed)


def test_a_password_file_of_whoever_runs_it_does_not_take_the_place_of_the_secret(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login somebody password else\n")
    (tmp_path / "netrc").chmod(0o600)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    assert world.run("orders").failed is None
