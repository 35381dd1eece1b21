"""The shell commands of docs/uninstalling.md, run as they stand there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from local import stack
from local.state import CHECKOUT, tool

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.acceptance.region import Region

_NAMES = ("stack", "bucket", "key")  # variables that the first part leaves to the second


def commands(name: str) -> tuple[str, str]:
    """The commands for a stack of this name: those up to its deletion, and those that remove what stays."""
    page = (CHECKOUT / "docs/uninstalling.md").read_text()
    text = page.partition("### To remove all of it")[2].partition("```\n")[2].partition("```")[0]
    assert "stack=watchpost\n" in text
    deletion, wait, removal = re.split(
        r"(?m)^(aws cloudformation wait .*\n)", text.replace("stack=watchpost", f"stack={name}")
    )
    return deletion + wait, removal


def run(world: Region, text: str, folder: Path, variables: Mapping[str, str] | None = None) -> dict[str, str]:
    """Run commands in a shell, and return the variables that they set."""
    command = folder / "aws"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{Path(__file__).with_name("aws_command.py")}" "$@"\n')
    command.chmod(0o755)
    found = folder / "variables"
    told = "\n".join(f'echo "{name}=${name}"' for name in _NAMES)
    path = os.pathsep.join((str(folder), str(Path(tool("project", "watchpost")).parent), os.environ["PATH"]))
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", f"{text}\n( {told} ) > '{found}'"],
        env={"PATH": path, **stack.aws_environment(world.account.endpoint, world.region), **(variables or {})},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return dict(line.split("=", 1) for line in found.read_text().splitlines())
