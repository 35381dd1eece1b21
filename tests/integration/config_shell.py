"""An account with a stack, and a shell in which `watchpost config` is typed."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import boto3
from watchpost_cli.main import main

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

PARAMETER, BUCKET, REGION = "/watchpost/wp/config", "wp-bucket", "eu-west-1"


class Shell:
    """An account with a stack, and a shell in which `watchpost config` is typed."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self._monkeypatch, self._capsys = folder, monkeypatch, capsys
        self.writes: list[str] = []
        self.outputs = {"ConfigParameter": PARAMETER, "DeadLetterBucket": BUCKET}

    def run(self, part: str, *arguments: str, stdin: Any = None) -> tuple[int, str, str]:
        stack = [] if part == "check" else ["--stack", "wp"]
        if stdin is not None:
            self._monkeypatch.setattr("sys.stdin", stdin)
        code = main(["config", part, *stack, *arguments])
        shown = self._capsys.readouterr()
        return code, shown.out, shown.err

    def json(self, part: str, *arguments: str) -> tuple[int, dict[str, Any]]:
        code, out, err = self.run(part, "--json", *arguments)
        assert out.count("\n") == 1, err
        return code, dict(json.loads(out))

    def file(self, document: Any, name: str = "watchpost.yaml") -> str:
        path = self.folder / name
        path.write_text(document if isinstance(document, str) else json.dumps(document))
        return str(path)

    def put(self, text: str) -> int:
        """Store something, as anybody may do."""
        answer = boto3.client("ssm").put_parameter(
            Name=PARAMETER, Value=text, Type="String", Overwrite=True, Tier="Intelligent-Tiering"
        )
        return answer["Version"]

    def stored(self) -> tuple[str, int]:
        found = boto3.client("ssm").get_parameter(Name=PARAMETER)["Parameter"]
        return found["Value"], found["Version"]

    def before(self, model: Any, **_: Any) -> Any:
        """Describe the stack, which moto would need other packages for; remember what is written."""
        if model.name.startswith("Put"):
            self.writes.append(model.name)
        if model.name != "DescribeStacks":
            return None
        outputs = [{"OutputKey": key, "OutputValue": value} for key, value in self.outputs.items()]
        stack = {"StackId": f"arn:aws:cloudformation:{REGION}:1:stack/wp/1", "Outputs": outputs}
        return SimpleNamespace(status_code=200), {"Stacks": [stack]}
