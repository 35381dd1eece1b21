"""The account on one machine: its files, its words, its steps."""

from __future__ import annotations

import hashlib
import io
import shlex
import stat
import string
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local import account, elasticsearch, stack
from local.demo import report
from local.demo.evidence import Lines
from local.errors import LocalError
from local.progress import step
from local.state import State

SUM_OF_ARCHIVE = hashlib.sha256(b"archive").hexdigest()
NAMES = st.text(string.ascii_uppercase + "_", min_size=1, max_size=10)
VALUES = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30)


@given(variables=st.dictionaries(NAMES, VALUES, max_size=5))
def test_the_env_file_gives_back_what_was_written(
    tmp_path_factory: pytest.TempPathFactory, variables: dict[str, str]
) -> None:
    state = State(tmp_path_factory.mktemp("state"))

    state.write_env(variables)

    assert state.read_env() == variables


def test_a_shell_reads_the_env_file_as_it_was_meant(tmp_path: Path) -> None:
    state = State(tmp_path)
    value = 'http://user:it\'s $HOME `id` \\ "quoted"@host'
    state.write_env({"URL": value})

    script = f'. {shlex.quote(str(state.env_file))}; printf %s "$URL"'
    printed = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True).stdout

    assert printed == value


def test_only_the_owner_can_read_the_credentials_in_the_env_file(tmp_path: Path) -> None:
    state = State(tmp_path)
    state.write_env({"A": "1"})
    state.write_env({"A": "2"})

    assert stat.S_IMODE(state.env_file.stat().st_mode) == 0o600
    assert state.read_env() == {"A": "2"}


def test_a_broken_record_counts_as_no_account(tmp_path: Path) -> None:
    state = State(tmp_path)
    state.run.mkdir()
    state.record_file.write_text('{"supervisor": 1')

    assert state.read_record() == {}
    assert account.running(state) is None


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://user:secret@127.0.0.1:9200", "http://127.0.0.1:9200"),
        ("https://user:p%40ss@host", "https://host"),
        ("https://host:9243/path", "https://host:9243/path"),
    ],
)
def test_a_url_is_shown_without_its_credentials(url: str, shown: str) -> None:
    assert account.without_credentials(url) == shown


def test_credentials_of_a_url_are_decoded() -> None:
    assert account.credentials_of("https://me:p%40ss@host") == {"username": "me", "password": "p@ss"}


def test_a_cluster_without_credentials_is_refused_with_a_remedy() -> None:
    with pytest.raises(LocalError, match=r"no user and password\. Write it as http://USER:PASSWORD@HOST:PORT"):
        account.credentials_of("https://host:9200")


def test_a_failed_deployment_is_told_by_its_first_failure_and_not_by_what_followed() -> None:
    def event(status: str, resource: str, reason: str | None) -> dict[str, str]:
        told = {"ResourceStatusReason": reason} if reason else {}
        return {"ResourceStatus": status, "LogicalResourceId": resource, **told}

    newest_first = [
        event("ROLLBACK_IN_PROGRESS", "stack", "The following resources failed"),
        event("CREATE_FAILED", "Topic", "Resource creation cancelled"),
        event("CREATE_FAILED", "Rule", "later"),
        event("CREATE_FAILED", "Bucket", "the name is taken"),
        event("CREATE_COMPLETE", "Key", None),
    ]

    assert stack.reason_of_failure(newest_first) == "Bucket: the name is taken"
    assert stack.reason_of_failure(newest_first[-1:]) is None


def test_a_failed_build_is_told_by_its_last_error() -> None:
    assert stack._telling_line("Starting\nError: no such file\n") == "Error: no such file"


@pytest.mark.parametrize(
    ("log", "code", "reason"),
    [
        ("[x][INFO ][a]\n[x][ERROR][b] boom\n", 1, "[x][ERROR][b] boom"),
        ("[x][INFO ][a] OutOfMemory options\n", 137, "it was killed, perhaps for want of memory"),
        ("", 1, "its output does not say why"),
    ],
)
def test_the_end_of_elasticsearch_is_explained(tmp_path: Path, log: str, code: int, reason: str) -> None:
    path = tmp_path / "log"
    path.write_text(log)

    assert elasticsearch.reason_of_death(path, code) == reason


def test_an_unknown_version_of_elasticsearch_is_refused_with_those_that_are_known(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("WATCHPOST_ELASTICSEARCH_VERSION", "7.0.0")

    with pytest.raises(LocalError, match=r"is '7\.0\.0', expected one of 9\.2\.0, 8\.19\.0\. Unset it"):
        elasticsearch.wanted_version()


def test_a_step_says_what_it_did_and_how_long_it_took() -> None:
    stream = io.StringIO()

    with step("Building", stream) as current:
        current.note = "nothing has changed"

    assert stream.getvalue().startswith("  Building …\n  Building (nothing has changed) … 0.")


def test_a_step_that_fails_says_so_and_passes_the_error_on() -> None:
    stream = io.StringIO()

    with pytest.raises(LocalError), step("Building", stream):
        raise LocalError("It broke", "Mend it")

    assert stream.getvalue().endswith(" s failed\n")


def test_lines_that_are_missing_and_lines_that_came_twice_are_told_apart() -> None:
    lines = Lines()
    lines.expected.update({"a": 3, "b": 1})
    lines.found.update({"a": 1, "b": 2})

    assert lines.missing == {"a": 2}
    assert lines.surplus == {"b": 1}


@given(st.text())
def test_whatever_comes_from_a_log_line_is_printed_without_control_characters(text: str) -> None:
    shown = report.plain(text).plain

    assert shown.isprintable()
    assert report.plain(text).spans == []


def test_a_python_that_is_too_old_is_told_what_is_needed() -> None:
    script = (
        "import sys; sys.version_info = (3, 9, 0); sys.path.insert(0, 'local'); import bootstrap\n"
        "try: bootstrap.check_machine()\n"
        "except bootstrap.SetupError as error: print(error)"
    )
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run([sys.executable, "-c", script], cwd=root, capture_output=True, text=True, check=True)

    assert done.stdout.startswith("Python 3.11 to 3.14 is needed, this is 3.9 (")
    assert "make PYTHON=" in done.stdout


def test_what_several_processes_want_at_once_is_fetched_once(tmp_path: Path) -> None:
    fetching, second = threading.Lock(), threading.Event()

    def fetch(folder: Path) -> Path:
        if not fetching.acquire(blocking=False):
            second.set()
        second.wait(0.3)  # as long as a download takes in which another process comes to ask
        (folder / "a.zip").write_bytes(b"archive")
        return folder / "a.zip"

    wanted = tmp_path / "a.zip"
    with ThreadPoolExecutor(3) as pool:
        asked = [pool.submit(elasticsearch.fetch_once, wanted, SUM_OF_ARCHIVE, fetch) for _ in range(3)]
        for each in asked:
            each.result()

    assert wanted.read_bytes() == b"archive"
    assert not second.is_set()


def test_another_file_than_the_one_wanted_is_not_kept_and_the_next_run_fetches_anew(tmp_path: Path) -> None:
    def fetch(folder: Path, content: bytes) -> Path:
        (folder / "a.zip").write_bytes(content)
        return folder / "a.zip"

    wanted = tmp_path / "a.zip"
    with pytest.raises(LocalError, match=r"a\.zip has the SHA-256 [0-9a-f]{64}, expected [0-9a-f]{64}"):
        elasticsearch.fetch_once(wanted, SUM_OF_ARCHIVE, lambda folder: fetch(folder, b"half of it"))
    assert not wanted.exists()

    elasticsearch.fetch_once(wanted, SUM_OF_ARCHIVE, lambda folder: fetch(folder, b"archive"))
    assert wanted.read_bytes() == b"archive"
