"""The audit of dependencies, against a small index that tells vulnerabilities, or does not."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from local import audit
from local.audit import Package, accepted, judged, known, locked

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TODAY = date(2026, 11, 21)
OLD = Package("requests", "2.19.0")
NEW = Package("requests", "2.99.0")
ENTRY = {"id": "PYSEC-2018-28", "aliases": ["CVE-2018-18074"], "fixed_in": ["2.20.0"], "withdrawn": None}


@dataclass
class Index:
    """An index. told: what it answers of a version; it knows no other."""

    url: str = ""
    told: dict[Package, Any] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)


@pytest.fixture
def index() -> Iterator[Index]:
    with _served() as found:
        yield found


@contextmanager
def _served() -> Iterator[Index]:
    found = Index()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found.asked.append(self.path)
            _, kind, name, version, form = self.path.split("/")
            told = found.told.get(Package(name, version)) if (kind, form) == ("pypi", "json") else None
            body = told if isinstance(told, bytes) else json.dumps(told).encode()
            self.send_response(404 if told is None else 200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        found.url = f"http://127.0.0.1:{server.server_address[1]}"
        yield found
        server.shutdown()


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, index: Index) -> Path:
    """A checkout with one lock file, on a machine whose pip is set up with this index."""
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements" / "a.txt").write_text("requests==2.19.0 \\\n    --hash=sha256:00\n")
    (tmp_path / "requirements" / "accepted-vulnerabilities.yaml").write_text("[]\n")
    monkeypatch.setattr(audit, "CHECKOUT", tmp_path)
    monkeypatch.setattr(audit, "ACCEPTED", tmp_path / "requirements" / "accepted-vulnerabilities.yaml")
    monkeypatch.setattr(audit.locked, "__defaults__", (tmp_path,))
    monkeypatch.setenv("PIP_INDEX_URL", f"{index.url}/simple/")
    monkeypatch.delenv("PIP_CERT", raising=False)
    return tmp_path


def test_a_known_vulnerability_of_a_locked_version_fails_and_is_named(
    checkout: Path, index: Index, capsys: pytest.CaptureFixture[str]
) -> None:
    index.told[OLD] = {"vulnerabilities": [ENTRY]}

    assert audit.main() == 1

    told = capsys.readouterr().out
    assert told == "known: requests 2.19.0: PYSEC-2018-28, CVE-2018-18074 (fixed in 2.20.0)\n"


def test_without_one_it_passes_and_says_how_many_were_looked_up(
    checkout: Path, index: Index, capsys: pytest.CaptureFixture[str]
) -> None:
    index.told[OLD] = {"vulnerabilities": [{**ENTRY, "withdrawn": "2020-01-01T00:00:00Z"}]}

    assert audit.main() == 0

    assert capsys.readouterr().out == "1 locked versions have no known vulnerability\n"


@pytest.mark.parametrize("told", [None, b"<html>", [], {}, {"info": {}}], ids=repr)
def test_an_index_that_tells_nothing_is_no_failure_and_no_silent_pass(
    checkout: Path, index: Index, capsys: pytest.CaptureFixture[str], told: Any
) -> None:
    index.told[OLD] = told

    assert audit.main() == 0

    said = capsys.readouterr().out
    assert said.startswith("not audited: database not reachable.")
    assert "no known vulnerability" not in said
    assert index.url not in said


def test_an_index_that_tells_nothing_is_asked_once(index: Index) -> None:
    with pytest.raises(audit.UnreachableError):
        known([OLD, NEW, Package("urllib3", "1.0")], index.url)

    assert len(index.asked) == 1


def test_a_machine_without_network_is_told_so() -> None:
    with pytest.raises(audit.UnreachableError):
        known([OLD], "http://127.0.0.1:9")


def test_what_an_index_does_not_know_is_named(index: Index) -> None:
    index.told[OLD] = {"vulnerabilities": [ENTRY]}

    found, silent = known([NEW, OLD], index.url)

    assert [one.package for one in found] == [OLD]
    assert silent == [NEW]


@pytest.mark.parametrize(
    ("until", "name", "wrong"),
    [
        ("2026-11-21", "PYSEC-2018-28", []),
        ("2026-11-21", "CVE-2018-18074", []),
        ("2026-11-20", "PYSEC-2018-28", ["accepted until 2026-11-20 only"]),
        ("2026-11-21", "PYSEC-2018-29", ["known", "accepted, but not there any more"]),
    ],
)
def test_a_vulnerability_is_accepted_up_to_its_day_and_no_longer_than_it_is_there(
    index: Index, until: str, name: str, wrong: list[str]
) -> None:
    index.told[OLD] = {"vulnerabilities": [ENTRY]}
    entries = accepted(f"- {{id: {name}, package: requests, reason: never used, until: {until}}}")

    found, _ = known([OLD], index.url)
    told, _ = judged(found, entries, TODAY)

    assert [line.partition(":")[0] for line in told] == wrong


@pytest.mark.parametrize(
    "text",
    [
        "- {id: x, package: y, until: 2026-11-21}",
        "- {id: x, package: y, reason: ' ', until: 2026-11-21}",
        "- {id: x, package: y, reason: z}",
        "- {id: x, package: y, reason: z, until: never}",
        "- {id: x, package: y, reason: z, until: 2026-11-21, more: 1}",
        "- x",
        "a: b",
    ],
)
def test_nothing_is_accepted_without_a_reason_and_a_last_day(text: str) -> None:
    with pytest.raises(ValueError, match="expected id, package, reason and until"):
        accepted(text)


def test_every_locked_file_of_the_repository_is_audited() -> None:
    files = {file for files in locked().values() for file in files}

    wanted = {str(path.relative_to(audit.CHECKOUT)) for path in (audit.CHECKOUT / "requirements").glob("*.txt")}
    assert files == wanted | {"layers/core/requirements.txt", "layers/client/requirements.txt"}
    assert len(locked()) > 100
    assert accepted(audit.ACCEPTED.read_text()) == []
