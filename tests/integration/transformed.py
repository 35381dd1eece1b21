"""template.yaml as the SAM transform of AWS makes it, run by the SAM CLI's own interpreter.

Its modules take seconds to import, so one process makes all that is asked for.
"""

from __future__ import annotations

import json
import subprocess
from typing import Any

from local.state import CHECKOUT, tool

# Reads line by line with which parameters and packages the template is deployed.
_SCRIPT = """
import copy, json, os, sys
from types import SimpleNamespace

os.environ["AWS_DEFAULT_REGION"] = "us-east-1"
from cfnlint import api
from cfnlint.config import ManualArgs
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

read = yaml_parse(open("template.yaml").read())
defaults = {name: one["Default"] for name, one in read["Parameters"].items() if "Default" in one}
for line in sys.stdin:
    asked, template = json.loads(line), copy.deepcopy(read)
    for resource in template["Resources"].values():
        for field in ("CodeUri", "ContentUri"):
            if field in resource.get("Properties", {}):
                where = resource["Properties"][field]
                resource["Properties"][field] = "s3://packages/" + asked["packages"].get(where, where)
    made = transform(template, {**defaults, **asked["parameters"]}, SimpleNamespace(load=dict))
    found = api.lint(json.dumps(made), config=ManualArgs(regions=["us-east-1"])) if asked["lint"] else []
    said = [f"{one.rule.id} {one.message}" for one in found]
    print(json.dumps({"template": made, "findings": said}), flush=True)
"""


class Transform:
    """The transform, for the length of a block."""

    def __init__(self) -> None:
        command = [tool("sam", "python"), "-c", _SCRIPT]
        self._process = subprocess.Popen(
            command, cwd=CHECKOUT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        self._known: dict[str, dict[str, Any]] = {}

    def __call__(self, packages: dict[str, str] | None = None, **parameters: str) -> dict[str, Any]:
        """The template with some parameters. packages: other content of a folder, by its name."""
        return dict(self._ask({"packages": packages or {}, "parameters": parameters, "lint": False})["template"])

    def findings(self, **parameters: str) -> list[str]:
        """What cfn-lint says of it, each with its rule."""
        return list(self._ask({"packages": {}, "parameters": parameters, "lint": True})["findings"])

    def close(self) -> None:
        """End the process."""
        self._process.communicate()

    def _ask(self, asked: dict[str, Any]) -> dict[str, Any]:
        line = json.dumps(asked)
        if line not in self._known:
            assert self._process.stdin
            assert self._process.stdout
            self._process.stdin.write(line + "\n")
            self._process.stdin.flush()
            answer = self._process.stdout.readline()
            assert answer, "the transform ended"
            self._known[line] = json.loads(answer)
        return self._known[line]
