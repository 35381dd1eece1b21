"""An account with a deployed stack, and a shell in which `watchpost plan` and `watchpost apply` are typed."""

from __future__ import annotations

import io
import json
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import boto3
from watchpost import aws
from watchpost.settings import Settings
from watchpost_cli.main import main

from tests.integration.subscriptions_shell import _cloudformation
from tests.unit.provisioner.world import CHECKS, WRITES, prepared, refuse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import pytest

    from tests.unit.provisioner.world import World

# Neither its name nor its tag says that it is the stack's: Watchpost's own alarms are the matter of other tests.
FUNCTION = "keeper"
PARAMETER = "/watchpost/wp/config"


class Terminal(io.StringIO):
    """Somebody at a terminal, who answers when asked. before: what happens meanwhile."""

    def __init__(self, answer: str, before: Callable[[], None] = lambda: None) -> None:
        super().__init__(answer)
        self._before = before

    def isatty(self) -> bool:
        return True

    def readline(self, *limits: Any) -> str:
        self._before()
        return super().readline(*limits)


@dataclass
class Shell:
    """An account, a deployed stack in it, and what a shell knows of them. writes: what the command wrote."""

    world: World
    definitions: Path | None  # None: those of the installation
    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]
    outputs: dict[str, str] = field(default_factory=lambda: {"ProvisionerFunction": FUNCTION})
    parameters: dict[str, str] = field(default_factory=dict)  # of the stack
    writes: list[str] = field(default_factory=list)
    session: Any = None  # of boto3, for the command

    def run(self, command: str, *arguments: str, stdin: io.StringIO | None = None) -> tuple[int, str, str]:
        """Type a command. Returns the exit code, standard output and standard error."""
        self.writes.clear()
        self.monkeypatch.setattr("sys.stdin", stdin or io.StringIO())
        own = ["--definitions", str(self.definitions)] if self.definitions else []
        code = main([command, "--stack", "wp", *own, *arguments])
        shown = self.capsys.readouterr()
        return code, shown.out, shown.err

    def json(self, command: str, *arguments: str) -> dict[str, Any]:
        """What a command prints with --json. It must end with 0 or 1."""
        code, out, err = self.run(command, "--json", *arguments)
        assert code in (0, 1), err
        assert out.count("\n") == 1
        return dict(json.loads(out))

    def changes(self, command: str = "plan", *arguments: str) -> dict[str, list[str]]:
        """The names of what a command changes, by action."""
        found: dict[str, list[str]] = {}
        for change in self.json(command, *arguments)["changes"]:
            found.setdefault(change["action"], []).append(change["name"])
        return found

    def configure(self, document: dict[str, Any]) -> None:
        """Store a configuration document."""
        boto3.client("ssm").put_parameter(Name=PARAMETER, Value=json.dumps(document), Type="String", Overwrite=True)

    def refuse(self, service: str, operation: str, when: Callable[[str], bool] = lambda _: True) -> None:
        """Have AWS refuse matching requests of the command."""
        model = boto3.client(service).meta.service_model
        refuse(SimpleNamespace(meta=SimpleNamespace(events=self.session.events, service_model=model)), operation, when)


def _at_once(seconds: float) -> None:
    """Wait no time."""


@contextmanager
def opened(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Iterator[Shell]:
    """A stack whose provisioner has not run yet, with an empty configuration."""
    folder = tmp_path / "definitions"
    folder.mkdir()
    with prepared(monkeypatch, folder) as world:
        monkeypatch.setattr(boto3, "DEFAULT_SESSION", boto3.Session())
        # A clock in which waiting takes no time: calls are paced.
        monkeypatch.setattr(
            "watchpost_cli.provisioning.time", SimpleNamespace(monotonic=time.monotonic, sleep=_at_once)
        )
        made = Shell(world, folder, monkeypatch, capsys, session=boto3.DEFAULT_SESSION)
        made.configure({})
        aws.ssm.cache_clear()  # it may be of another account
        settings = world.account.settings
        own = {"config_parameter": PARAMETER, "elasticsearch_url": "https://search.example.com"}
        # Lambda sets the region itself, and says so to nobody.
        names = [name for name in Settings.__slots__ if name != "aws_region"]
        variables = {name.upper(): own.get(name, getattr(settings, name)) for name in names}
        world.function(FUNCTION, Environment={"Variables": variables})
        world.client("lambda").tag_resource(
            Resource=world.client("lambda").get_function(FunctionName=FUNCTION)["Configuration"]["FunctionArn"],
            Tags={"watchpost:stack": "another"},
        )
        server = _cloudformation(made)  # type: ignore[arg-type]  # outputs and parameters are all that it looks at
        monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDFORMATION", f"http://127.0.0.1:{server.server_port}")

        def watch(params: dict[str, Any], model: Any, **_: Any) -> None:
            if model.name in CHECKS:
                CHECKS[model.name](params)
            if model.name in WRITES:
                made.writes.append(model.name)

        made.session.events.register("provide-client-params.cloudwatch", watch)
        yield made
        server.shutdown()
        server.server_close()
    aws.ssm.cache_clear()
