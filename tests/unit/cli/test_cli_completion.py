"""`watchpost completion` prints a script that knows every command and option, for each shell."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from watchpost_cli import main
from watchpost_cli.completion import SHELLS
from watchpost_cli.main import main as run

if TYPE_CHECKING:
    from pathlib import Path

BASH = shutil.which("bash")


def _completed(typed: list[str], capsys: pytest.CaptureFixture[str], folder: Path | None = None) -> set[str]:
    """What bash offers for the last word."""
    run(["completion", "bash"])
    words = " ".join(f"'{word}'" for word in typed)
    asked = (
        f"COMP_WORDS=({words}); COMP_CWORD={len(typed) - 1}\n"
        'f=$(complete -p watchpost | sed "s/.*-F //; s/ .*//"); $f watchpost "${COMP_WORDS[COMP_CWORD]}"\n'
        'printf "%s\\n" "${COMPREPLY[@]}"'
    )
    script = capsys.readouterr().out + asked
    found = subprocess.run([str(BASH), "--norc"], input=script, capture_output=True, text=True, check=True, cwd=folder)
    return {line.strip() for line in found.stdout.split("\n")} - {""}


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_knows_every_command(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["completion", shell]) == 0

    script = capsys.readouterr().out
    assert all(name in script for name in main.COMMANDS)
    assert "stack" in script


def test_another_shell_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run(["completion", "cmd"])

    assert ended.value.code == 2
    assert "bash" in capsys.readouterr().err


@pytest.mark.skipif(BASH is None, reason="there is no bash here to ask")
@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        (["watchpost", "subs"], {"subscriptions"}),
        (["watchpost", "config", "pu"], {"push", "pull"}),
        (["watchpost", "config", "push", "--y"], {"--yes"}),
        (["watchpost", "subscriptions", "--state", "bl"], {"blocked"}),
        (["watchpost", "doctor", "--only", "el"], {"elasticsearch"}),
        (["watchpost", "doctor", "--only", "dead"], {"dead-letters"}),
    ],
)
def test_bash_completes_what_is_typed(typed: list[str], expected: set[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert _completed(typed, capsys) == expected


@pytest.mark.skipif(BASH is None, reason="there is no bash here to ask")
@pytest.mark.parametrize("typed", [["watchpost", "parse"], ["watchpost", "plan", "--config"]])
def test_bash_completes_names_of_files(typed: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "watchpost.yaml").touch()

    assert _completed([*typed, "watch"], capsys, tmp_path) == {"watchpost.yaml"}
