"""`watchpost completion`: a script that has the shell complete commands and options."""

from __future__ import annotations

import argparse
import sys

import shtab

SHELLS = ("bash", "zsh", "fish", "tcsh")
DESCRIPTION = """\
Print a script that has a shell complete commands, options and files of `watchpost`. It is made from what this version
understands, so print it anew after an update."""
EPILOG = """\
examples:
  bash  watchpost completion bash > ~/.local/share/bash-completion/completions/watchpost
  zsh   watchpost completion zsh > ~/.zfunc/_watchpost       (with fpath=(~/.zfunc $fpath) before compinit in ~/.zshrc)
  fish  watchpost completion fish > ~/.config/fish/completions/watchpost.fish
  tcsh  watchpost completion tcsh > ~/.watchpost.tcsh        (and source ~/.watchpost.tcsh in ~/.tcshrc)

exit codes: 0 it was printed, 2 the shell is none of these"""

# What an argument is called that names a file or a folder.
_PLACES = {**dict.fromkeys(("FILE", "PATH", "FILE.html"), shtab.FILE), "DIR": shtab.DIRECTORY}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("shell", choices=SHELLS, help="the shell that is to complete")


def run(options: argparse.Namespace) -> int:
    """Print the script."""
    from watchpost_cli import main  # noqa: PLC0415  # which has this module in its table

    parser = main.parser()
    _name_files(parser)
    sys.stdout.write(shtab.complete(parser, options.shell) + "\n")
    return 0


def _name_files(parser: argparse.ArgumentParser) -> None:
    """Have the shell complete names of files where a command takes one, in all commands and parts of them."""
    for action in parser._actions:  # noqa: SLF001  # argparse has no other way to ask for them
        kind = _PLACES.get(action.metavar) if isinstance(action.metavar, str) else None
        if kind is not None:
            action.complete = kind  # type: ignore[attr-defined]  # what shtab looks for
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001  # likewise
            for inner in action.choices.values():
                _name_files(inner)
