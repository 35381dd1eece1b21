"""`watchpost replay` finds the stack, has its function work until it is through, and tells what was done."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from watchpost_cli import stack
from watchpost_cli.main import main

from tests.integration.replay_world import World, delivered, failing, letter, opened

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

OUTPUTS = "<Outputs><member><OutputKey>ReplayFunction</OutputKey><OutputValue>s-replay</OutputValue></member></Outputs>"
NOT_PARSED = "400 document_parsing_exception: \x1b[31mfield\u202e"


class Account:
    """A small server that answers DescribeStacks and Invoke, with the real function behind it."""

    def __init__(self, function: Callable[[Any], Any]) -> None:
        self.function = function
        self.events: list[dict[str, Any]] = []
        self.outputs = OUTPUTS
        self.error: tuple[int, str] | None = None
        account = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                if account.error:
                    status, code = account.error
                    content = f"<ErrorResponse><Error><Code>{code}</Code><Message>no</Message></Error></ErrorResponse>"
                    self._answer(status, content.encode(), {})
                elif self.path == "/":
                    member = f"<member><StackName>s</StackName>{account.outputs}</member>"
                    inner = f"<DescribeStacksResult><Stacks>{member}</Stacks></DescribeStacksResult>"
                    self._answer(200, f"<DescribeStacksResponse>{inner}</DescribeStacksResponse>".encode(), {})
                else:
                    assert "/functions/s-replay/invocations" in self.path
                    self._answer(200, *account.invoke(json.loads(body)))

            def _answer(self, status: int, content: bytes, headers: dict[str, str]) -> None:
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def invoke(self, event: Any) -> tuple[bytes, dict[str, str]]:
        """Run the function, and return body and headers of Lambda's answer."""
        self.events.append(event)
        try:
            return json.dumps(self.function(event)).encode(), {}
        except Exception as error:  # noqa: BLE001  # Lambda tells every error this way
            answer = {"errorMessage": str(error), "errorType": type(error).__name__}
            return json.dumps(answer).encode(), {"X-Amz-Function-Error": "Unhandled"}

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with opened(monkeypatch) as world:
        yield world


@pytest.fixture
def account(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    account = Account(world.replay)
    monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDFORMATION", account.url)
    monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", account.url)
    yield account
    account.close()


def test_all_that_is_delivered_ends_with_zero(
    world: World, account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    world.put([letter("document", 1), letter("metric", 2, "Throttling (400): Rate exceeded")])

    assert main(["replay"]) == 0

    shown = capsys.readouterr()
    assert "All was delivered." in shown.out
    assert "Rate exceeded" in shown.out
    assert "1 of 1 objects: 2 delivered" in shown.err
    assert world.stored() == []


def test_what_is_left_ends_with_one_and_is_told_without_commanding_the_terminal(
    world: World, account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    world.put([letter("document", 1, NOT_PARSED), letter("document", 2)])
    world.server.script = failing(NOT_PARSED, lambda item: item["original"]["id"] == "id-1")

    assert main(["replay", "--stack", "s"]) == 1

    shown = capsys.readouterr().out
    assert "document_parsing_exception" in shown
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert "All was delivered" not in shown


def test_a_dry_run_counts_and_ends_with_zero(
    world: World, account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    world.put([letter("document", 1), letter("document", 2)])
    before = world.stored()

    assert main(["replay", "--dry-run"]) == 0

    assert "letters" in capsys.readouterr().out
    assert world.stored() == before
    assert world.server.received == []


def test_nothing_to_do_is_said(world: World, account: Account, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay"]) == 0

    assert capsys.readouterr().out.endswith("There was nothing to replay.\n")


def test_options_limit_what_is_replayed(world: World, account: Account) -> None:
    world.put([letter("document", 1, "mapping trouble"), letter("document", 2, "away")])

    assert main(["replay", "--reason", "MAPPING", "--since", "2h"]) == 0

    assert [item["original"]["id"] for item in world.server.delivered] == ["id-1"]
    assert account.events[0]["since"].endswith("+00:00")


def test_rejected_letters_are_replayed_when_asked_for(world: World, account: Account) -> None:
    world.put([letter("document", 1)])
    world.server.script = failing(NOT_PARSED)
    assert main(["replay"]) == 1
    world.server.script = delivered

    assert main(["replay"]) == 0
    assert len(world.stored("rejected/")) == 1
    assert main(["replay", "--rejected"]) == 0
    assert world.stored() == []


def test_the_function_is_invoked_until_it_is_through(
    world: World, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given more letters than one invocation has time for, all of which fail
    for number in range(12):
        world.put([letter("document", number)])
    world.server.script = failing("odd")
    ticks = iter(range(10_000))
    account.function = lambda event: world.replay(event, monotonic=lambda: float(next(ticks)))
    monkeypatch.setattr(stack, "CALL_SECONDS", 12)
    monkeypatch.setattr("watchpost_cli.replay.CALL_SECONDS", 12)

    # then each has its turn, once
    assert main(["replay"]) == 1
    assert len(account.events) > 1
    assert len(world.server.received) == 12


def test_a_cluster_that_is_away_is_told(world: World, account: Account, capsys: pytest.CaptureFixture[str]) -> None:
    world.put([letter("document", 1)])
    world.server.health = 503

    assert main(["replay"]) == 1

    assert "It stopped: Elasticsearch is unavailable (503)" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("error", "outputs", "told"),
    [
        ((403, "AccessDenied"), OUTPUTS, "AccessDenied"),
        ((400, "ExpiredToken"), OUTPUTS, "ExpiredToken"),
        ((400, "ValidationError"), OUTPUTS, "The stack watchpost cannot be read"),
        (None, "", "has no output ReplayFunction"),
    ],
)
def test_what_cannot_be_done_ends_with_two_and_one_sentence(
    account: Account,
    capsys: pytest.CaptureFixture[str],
    error: tuple[int, str] | None,
    outputs: str,
    told: str,
) -> None:
    account.error, account.outputs = error, outputs

    assert main(["replay"]) == 2

    shown = capsys.readouterr()
    assert told in shown.err
    assert shown.err.startswith("watchpost: ")
    assert shown.err.count("\n") == 1
    assert shown.out == ""


def test_a_function_that_fails_is_told_with_its_log(account: Account, capsys: pytest.CaptureFixture[str]) -> None:
    def fail(_: Any) -> None:
        raise RuntimeError("no bucket")

    account.function = fail

    assert main(["replay"]) == 1

    assert "s-replay failed: no bucket. Its log group is /aws/lambda/s-replay" in capsys.readouterr().err
