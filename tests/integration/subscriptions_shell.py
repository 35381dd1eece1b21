"""An account with a deployed stack, and a shell in which `watchpost subscriptions` is typed."""

from __future__ import annotations

import json
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import boto3
from watchpost import aws
from watchpost.ledger import Entry, Ledger
from watchpost_cli.main import main

from tests.integration.ledger_world import NAME, one_table
from tests.integration.logs_account.state import ACCOUNT, REGION
from tests.integration.logs_account.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

PARAMETER = "/watchpost/wp/config"
OUTPUTS = {"LedgerTable": NAME, "ConfigParameter": PARAMETER}
SHIPPER = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:wp-shipper:live"
STREAM = f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/wp-logs"
EVIL = "\x1b[31m\u202e"
SINCE = "2026-11-21T08:00:00Z"
READS = {"DescribeLogGroups", "GetResources", "ListEventSourceMappings"}


@dataclass
class Shell:
    """An account, a deployed stack in it, and what a shell knows of them."""

    world: World
    ledger: Ledger
    ssm: Any
    outputs: dict[str, str]
    parameters: dict[str, str]
    capsys: pytest.CaptureFixture[str]

    def run(self, *arguments: str) -> tuple[int, str, str]:
        code = main(["subscriptions", "--stack", "wp", *arguments])
        shown = self.capsys.readouterr()
        return code, shown.out, shown.err

    def json(self, *arguments: str) -> dict[str, Any]:
        code, out, err = self.run("--json", *arguments)
        assert code in (0, 1), err
        assert out.count("\n") == 1
        return dict(json.loads(out))

    def changes(self, *arguments: str) -> dict[str, list[tuple[str, Any, Any]]]:
        """What a plan would change, by log group."""
        groups = self.json("--plan", *arguments)["groups"]
        found = {one["logGroup"]: [tuple(change.values()) for change in one["changes"]] for one in groups}
        return {name: changes for name, changes in found.items() if changes}

    def configure(self, document: str) -> None:
        self.ssm.put_parameter(Name=PARAMETER, Type="String", Value=document, Overwrite=True)

    def ended(self, **values: Any) -> None:
        """Have a sweep ended a minute ago."""
        now = time.time()
        sweep = self.ledger.claim("me", now + 60, now)
        assert sweep
        assert self.ledger.save(replace(sweep, **{"began": now - 90, "finished": now - 60, **values}))


@contextmanager
def opened(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Shell]:
    """A stack without log groups, and with an empty ledger."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    aws.ssm.cache_clear()
    with one_table() as table, World() as world:
        world.throttle = False  # its clock does not know the time that passes here
        for service in ("CLOUDWATCH_LOGS", "LAMBDA", "RESOURCE_GROUPS_TAGGING_API"):
            monkeypatch.setenv(f"AWS_ENDPOINT_URL_{service}", world.url)
        found = Shell(world, table.ledger, boto3.client("ssm"), dict(OUTPUTS), {"Delivery": "direct"}, capsys)
        found.configure("{}")
        server = _cloudformation(found)
        monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDFORMATION", f"http://127.0.0.1:{server.server_port}")
        yield found
        server.shutdown()
        server.server_close()
    aws.ssm.cache_clear()


def _cloudformation(shell: Shell) -> ThreadingHTTPServer:
    """A small server that answers DescribeStacks: moto's needs packages that nothing else here does."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            outputs, parameters = _members(shell.outputs, "Output"), _members(shell.parameters, "Parameter")
            arn = f"<StackId>arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/wp/1</StackId>"
            member = f"<member><StackName>wp</StackName>{arn}{outputs}{parameters}</member>"
            inner = f"<DescribeStacksResult><Stacks>{member}</Stacks></DescribeStacksResult>"
            content = f"<DescribeStacksResponse>{inner}</DescribeStacksResponse>".encode()
            self.send_response(200)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    return server


def _members(values: dict[str, str], kind: str) -> str:
    found = [
        f"<member><{kind}Key>{key}</{kind}Key><{kind}Value>{value}</{kind}Value></member>"
        for key, value in values.items()
    ]
    return f"<{kind}s>{''.join(found)}</{kind}s>"


def entry(name: str, state: Any = "covered", **values: Any) -> Entry:
    """An entry of the ledger."""
    return Entry(name, state, SINCE, values.pop("rule", "default"), values.pop("reason", "because"), **values)


def covered(name: str, service: str, **values: Any) -> Entry:
    """An entry of a log group with a filter of its own."""
    filled = {"filter": f"watchpost.service={service}", "destination": SHIPPER, "via": "filter", **values}
    return entry(name, service=service, **filled)
