"""The account on one machine keeps what the README says of it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest
import requests
from watchpost.names import COMPONENTS

from local import account as accounts
from local import processes, stack
from local.errors import LocalError
from local.state import CHECKOUT, State
from tests.acceptance.helpers import eventually

if TYPE_CHECKING:
    from local.account import Account

EXPORTS = {
    "AWS_ENDPOINT_URL",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_DEFAULT_REGION",
    "ELASTICSEARCH_URL",
    "WATCHPOST_STACK",
    *(f"WATCHPOST_{component.upper()}_FUNCTION" for component in COMPONENTS),
}


def test_the_env_file_is_all_that_boto3_and_an_http_client_need(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a shell that has read the file
    variables = account.state.read_env()
    assert set(variables) == EXPORTS
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    # then plain clients work
    functions = boto3.session.Session().client("lambda")  # as of a new process: boto3 keeps its first session
    for component in COMPONENTS:
        assert functions.get_function_configuration(FunctionName=os.environ[f"WATCHPOST_{component.upper()}_FUNCTION"])
    health = requests.get(f"{os.environ['ELASTICSEARCH_URL']}/_cluster/health", timeout=10)
    assert health.json()["status"] in {"green", "yellow"}


def test_elasticsearch_wants_credentials(account: Account) -> None:
    url = accounts.without_credentials(account.elasticsearch_url)

    assert requests.get(f"{url}/_cluster/health", timeout=10).status_code == 401


def test_starting_an_account_that_runs_gives_the_same_and_leaves_it(account: Account) -> None:
    with accounts.started(account.state, keep=False) as again:
        assert again == account

    assert accounts.running(account.state) == account


def test_the_index_templates_are_installed(account: Account) -> None:
    answer = requests.get(f"{account.elasticsearch_url}/_index_template", timeout=10).json()
    patterns = {pattern for item in answer["index_templates"] for pattern in item["index_template"]["index_patterns"]}

    assert {"logs-watchpost.app-*", "logs-watchpost.platform-*", "metrics-watchpost.line-*"} <= patterns


def test_a_port_that_is_taken_is_told_in_one_sentence(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = account.endpoint.rsplit(":", 1)[-1]
    monkeypatch.setenv("WATCHPOST_AWS_PORT", taken)

    with pytest.raises(LocalError, match=rf"Port {taken} \(WATCHPOST_AWS_PORT\) is taken"):
        processes.free_port("WATCHPOST_AWS_PORT")


def test_a_cluster_that_does_not_answer_is_told_without_its_password(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ELASTICSEARCH_URL", "http://me:hidden@127.0.0.1:9")

    with pytest.raises(LocalError) as caught:
        accounts._external_cluster(account.state)

    assert "http://127.0.0.1:9" in str(caught.value)
    assert "hidden" not in str(caught.value)


def _listened_on(pids: set[int]) -> set[str]:
    """The addresses, as the kernel writes them in hexadecimal, that processes listen on."""
    inodes = set()
    for pid in pids:
        with contextlib.suppress(FileNotFoundError):  # the process is gone
            for descriptor in Path(f"/proc/{pid}/fd").iterdir():
                with contextlib.suppress(FileNotFoundError):  # the descriptor is closed
                    inodes.add(str(descriptor.readlink()))
    rows = [line.split() for name in ("tcp", "tcp6") for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]]
    listening = "0A"
    return {row[1].split(":")[0] for row in rows if row[3] == listening and f"socket:[{row[9]}]" in inodes}


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")
def test_everything_listens_on_loopback_only(account: Account) -> None:
    supervisor = account.state.read_record()["supervisor"]
    listed = subprocess.run(["ps", "-o", "pid=", "--sid", str(supervisor)], capture_output=True, text=True, check=True)

    addresses = _listened_on({int(pid) for pid in listed.stdout.split()})

    # 127.0.0.1, by itself and as an IPv6 address
    assert addresses == {"0100007F", "0000000000000000FFFF00000100007F"}


def _children_of(session: int) -> list[str]:
    listed = subprocess.run(
        ["ps", "-o", "pid=,args=", "--sid", str(session)], capture_output=True, text=True, check=False
    )
    return listed.stdout.splitlines()


def _supervised(folder: Path, command: list[str]) -> tuple[int, int]:
    state = State(folder)
    state.run.mkdir()
    process = {
        "name": "sleeper",
        "command": command,
        "environment": {"PATH": os.environ["PATH"]},
        "folder": str(folder),
    }
    return processes.supervise(state, [process])


SLEEPER = [sys.executable, "-c", "import signal; print('ready', flush=True); signal.pause()"]


@pytest.mark.parametrize("end", ["lifeline", "SIGKILL", "SIGTERM"])
def test_no_process_outlives_the_command_or_the_supervisor(tmp_path: Path, end: str) -> None:
    # given a supervised process
    supervisor, lifeline = _supervised(tmp_path, SLEEPER)
    log = tmp_path / "run" / "sleeper.log"
    eventually(lambda: log.exists() and "ready" in log.read_text(), "the start of the process")
    assert len(_children_of(supervisor)) == 2

    # when the command that started it dies, or the supervisor is killed
    if end == "lifeline":
        os.close(lifeline)
    else:
        os.kill(supervisor, getattr(signal, end))

    # then nothing is left
    eventually(lambda: not processes.alive(supervisor) and not _children_of(supervisor), "the end of the processes")
    if end != "lifeline":
        os.close(lifeline)


def test_a_process_that_ends_by_itself_ends_the_account_and_is_named(tmp_path: Path) -> None:
    supervisor, lifeline = _supervised(tmp_path, [sys.executable, "-c", "raise SystemExit(7)"])

    eventually(lambda: not processes.alive(supervisor), "the end of the supervisor")

    os.close(lifeline)
    assert processes.death_of(State(tmp_path)) == "The AWS emulator ended by itself (exit code 7)"


def test_a_failed_deployment_is_told_and_names_its_log(account: Account) -> None:
    with pytest.raises(LocalError, match=r"Deploying Watchpost failed: .*ElasticsearchUrl.* is in \.local/"):
        stack.deploy(account.state, account.endpoint, "not a url", "refused")


def test_the_command_line_tells_trouble_in_one_sentence(account: Account) -> None:
    # given an account that another command, this session, is using
    command = [sys.executable, "-m", "local", "up", "--state", str(account.state.root)]

    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)

    assert done.returncode == 1
    folder = account.state.root.relative_to(CHECKOUT)
    assert done.stderr.strip() == (
        f"watchpost: Another command uses the account in {folder}. Wait for it to end, then run this one again"
    )
