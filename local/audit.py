"""Asks the package index for known vulnerabilities of every locked dependency.

    python -m local.audit

The index is the one that pip is set up with, else PyPI, whose JSON API tells them for a version (PyPI documentation,
"JSON API", `vulnerabilities`; the data are those of the Python Packaging Advisory Database). Mirrors often serve no
such API: then nothing is audited, which is said and is no failure, since whoever works there cannot mend it.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import requests
import yaml

from local.state import CHECKOUT

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from pathlib import Path

PYPI = "https://pypi.org/simple"
LOCKS = ("requirements/*.txt", "layers/*/requirements.txt")
ACCEPTED = CHECKOUT / "requirements" / "accepted-vulnerabilities.yaml"
TIMEOUT = 20  # seconds for one answer
AT_ONCE = 8
_PIN = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?==([^\s;\\]+)", re.MULTILINE)
_FIELDS = {"id", "package", "reason", "until"}


class UnreachableError(Exception):
    """The index does not tell vulnerabilities. Its address is not part of the message: it may hold credentials."""


@dataclass(frozen=True, order=True, slots=True)
class Package:
    """A dependency in one version."""

    name: str
    version: str


@dataclass(frozen=True, order=True, slots=True)
class Vulnerability:
    """One that is known of a package. names: its id and the others that it has."""

    package: Package
    names: tuple[str, ...]
    fixed_in: tuple[str, ...]

    def __str__(self) -> str:
        fixed = f"fixed in {', '.join(self.fixed_in)}" if self.fixed_in else "not fixed"
        return f"{self.package.name} {self.package.version}: {', '.join(self.names)} ({fixed})"


@dataclass(frozen=True, slots=True)
class Accepted:
    """A vulnerability that is lived with until a day, and why."""

    id: str
    package: str
    reason: str
    until: date


def locked(root: Path = CHECKOUT) -> dict[Package, list[str]]:
    """Every dependency in every version, with the files that lock it."""
    found: dict[Package, list[str]] = {}
    for lock in sorted(path for pattern in LOCKS for path in root.glob(pattern)):
        for name, version in _PIN.findall(lock.read_text()):
            package = Package(re.sub(r"[-_.]+", "-", name).lower(), version)
            found.setdefault(package, []).append(str(lock.relative_to(root)))
    return found


def accepted(text: str) -> list[Accepted]:
    """Read what is accepted. Raises ValueError for an entry that lacks its reason or its last day."""
    entries = yaml.safe_load(text) or []
    found = []
    for entry in entries if isinstance(entries, list) else [entries]:
        fine = isinstance(entry, dict) and entry.keys() == _FIELDS and isinstance(entry["until"], date)
        if not fine or not all(isinstance(entry[name], str) and entry[name].strip() for name in _FIELDS - {"until"}):
            raise ValueError(f"an entry is {entry!r}, expected id, package, reason and until (a date)")
        found.append(Accepted(entry["id"], entry["package"], entry["reason"], entry["until"]))
    return found


def index_url() -> str:
    """Where the JSON API of the index should be."""
    command = [sys.executable, "-m", "pip", "config", "get", "global.index-url"]
    asked = subprocess.run(command, capture_output=True, text=True, check=False)
    url = os.environ.get("PIP_INDEX_URL") or asked.stdout.strip() or PYPI
    return url.rstrip("/").removesuffix("/simple")


def known(packages: Collection[Package], index: str) -> tuple[list[Vulnerability], list[Package]]:
    """The vulnerabilities that an index knows, and the packages that it tells nothing of.

    Raises UnreachableError when it tells nothing of the first one already.
    """
    ordered = sorted(packages)
    with requests.Session() as session:
        session.verify = os.environ.get("PIP_CERT") or True
        first = _asked(session, index, ordered[0])
        if first is None:
            raise UnreachableError
        with ThreadPoolExecutor(AT_ONCE) as pool:
            answers = [first, *pool.map(lambda package: _asked(session, index, package), ordered[1:])]
    silent = [package for package, answer in zip(ordered, answers, strict=True) if answer is None]
    return sorted({one for answer in answers for one in answer or ()}), silent


def _asked(session: requests.Session, index: str, package: Package) -> list[Vulnerability] | None:
    try:
        answer = session.get(f"{index}/pypi/{package.name}/{package.version}/json", timeout=TIMEOUT)
        told = answer.json() if answer.ok else None
    except (requests.RequestException, ValueError):
        return None
    entries = told.get("vulnerabilities") if isinstance(told, dict) else None
    if not isinstance(entries, list):
        return None
    return [_vulnerability(package, entry) for entry in entries if not entry.get("withdrawn")]


def _vulnerability(package: Package, entry: dict[str, Any]) -> Vulnerability:
    names = dict.fromkeys([str(entry.get("id")), *map(str, entry.get("aliases") or ())])
    return Vulnerability(package, tuple(names), tuple(map(str, entry.get("fixed_in") or ())))


def judged(found: Iterable[Vulnerability], entries: Sequence[Accepted], today: date) -> tuple[list[str], list[str]]:
    """What is wrong, and what is accepted, each as a line."""
    wrong, fine = [], []
    used = set()
    for one in found:
        entry = next((item for item in entries if item.id in one.names and item.package == one.package.name), None)
        if entry is None:
            wrong.append(f"known: {one}")
        elif entry.until < today:
            used.add(entry)
            wrong.append(f"accepted until {entry.until} only: {one}")
        else:
            used.add(entry)
            fine.append(f"accepted until {entry.until}: {one}: {entry.reason}")
    wrong += [f"accepted, but not there any more: {one.package}: {one.id}" for one in entries if one not in used]
    return wrong, fine


def main() -> int:
    """Audit and say what was found. 0: nothing to do, or nothing could be asked; 1: something has to be done."""
    packages = locked()
    try:
        entries = accepted(ACCEPTED.read_text())
    except ValueError as error:
        print(f"watchpost: {ACCEPTED.relative_to(CHECKOUT)}: {error}", file=sys.stderr)
        return 1
    try:
        found, silent = known(packages, index_url())
    except UnreachableError:
        print(
            f"not audited: database not reachable. The package index of this machine tells no vulnerabilities, so"
            f" {len(packages)} locked versions were not looked up. Run `make audit` where it is pypi.org."
        )
        return 0
    wrong, fine = judged(found, entries, datetime.now(UTC).date())
    print("\n".join([*wrong, *fine]) or f"{len(packages) - len(silent)} locked versions have no known vulnerability")
    if silent:
        print(f"not audited, unknown to the index: {', '.join(f'{one.name} {one.version}' for one in silent)}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
