"""`watchpost config` stores a document that is right, reads it back, and compares it; nobody's change is lost."""

from __future__ import annotations

import hashlib
import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import boto3
import pytest
import yaml
from moto import mock_aws
from watchpost import aws, configuration
from watchpost.configuration.stored import MOST_IN_PARAMETER, compiled

from tests.integration.config_shell import BUCKET, PARAMETER, REGION, Shell
from tests.integration.doctor_world import one_session
from tests.integration.provisioning_cli_shell import Terminal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ORDERS = {"services": [{"log_group": "/aws/lambda/orders-*", "name": "orders"}]}
YAML = "# ours\nservices:\n  - log_group: /aws/lambda/orders-*\n    name: orders\n"


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Shell]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    _new_process()
    with mock_aws():
        session = one_session()
        monkeypatch.setattr(boto3, "DEFAULT_SESSION", session)
        made = Shell(tmp_path, monkeypatch, capsys)
        boto3.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        made.put("{}")
        session.events.register("before-call", made.before)
        yield made
        session.events.unregister("before-call", made.before)
    _new_process()


def _new_process() -> None:
    aws.ssm.cache_clear()
    aws.s3.cache_clear()
    configuration._sources.clear()


def _of_size(size: int) -> dict[str, Any]:
    """A document that has so many bytes as it is stored."""
    document: dict[str, Any] = {"service_tags": [""]}
    document["service_tags"][0] = "a" * (size - len(compiled(document)))
    return document


def test_a_document_is_stored_as_json_and_functions_go_by_it(shell: Shell) -> None:
    code, out, _ = shell.run("push", "--yes", shell.file(YAML))

    assert code == 0
    assert shell.stored() == (compiled(ORDERS), 2)
    assert "+  - log_group: /aws/lambda/orders-*" in out
    assert "Stored as version 2" in out
    assert configuration.current(PARAMETER).services[0].name == "orders"


def test_nothing_is_stored_where_nothing_would_change(shell: Shell) -> None:
    shell.put(json.dumps(ORDERS, indent=4))
    shell.writes.clear()

    code, record = shell.json("push", "--yes", shell.file(YAML))

    assert code == 0
    assert (record["stored"], record["version"], record["changes"]) == (False, 2, [])
    assert shell.writes == []


@pytest.mark.parametrize(("answer", "version"), [("yes\n", 2), ("YES \n", 2), ("y\n", 1), ("no\n", 1), ("", 1)])
def test_only_yes_stores_it(shell: Shell, answer: str, version: int) -> None:
    code, out, err = shell.run("push", shell.file(YAML), stdin=Terminal(answer))

    assert shell.stored()[1] == version
    assert code == (0 if version == 2 else 1)
    assert "Store it? yes/no" in err
    assert ("Nothing was stored." in out) is (version == 1)


@pytest.mark.parametrize("arguments", [["--json"], []])
def test_nothing_is_read_where_nobody_can_be_asked(shell: Shell, arguments: list[str]) -> None:
    code, out, err = shell.run("push", *arguments, shell.file(YAML), stdin=SimpleNamespace(isatty=lambda: False))

    assert (code, out) == (2, "")
    assert "--yes" in err


@pytest.mark.parametrize(
    "text", ["logs: {platform: soe}", "alarms: {lambda.duraton: {threshold: 1}}", "a: 1\na: 2", "logs: ["]
)
def test_what_is_not_right_is_not_stored_and_the_place_is_told(shell: Shell, text: str) -> None:
    code, _, err = shell.run("push", "--yes", shell.file(text))

    assert code == 2
    assert "watchpost.yaml:" in err
    assert shell.stored() == ("{}", 1)


def test_a_version_that_somebody_stored_meanwhile_is_not_written_over(shell: Shell) -> None:
    # given somebody who stores another one while we think about ours
    other = compiled({"service_tags": ["theirs"]})

    code, _, err = shell.run(
        "push", shell.file(YAML), stdin=Terminal("yes\n", before=lambda: shell.put(other) and None)
    )

    assert code == 1
    assert "version 2 was stored since version 1 was read" in err
    assert shell.stored() == (other, 2)


def test_of_two_at_the_same_moment_the_second_is_told_of_the_first(shell: Shell) -> None:
    """Parameter Store has no conditional write: what is left is to say whose version was written over."""
    mine = shell.file(YAML)

    def between(model: Any, **_: Any) -> None:
        if model.name == "PutParameter" and not theirs:
            theirs.append(0)  # what comes now is theirs, and has nobody in between
            theirs.append(shell.put('{"service_tags": ["theirs"]}'))

    theirs: list[int] = []
    assert boto3.DEFAULT_SESSION
    boto3.DEFAULT_SESSION.events.register("before-call.ssm", between)
    code, _, err = shell.run("push", "--yes", mine)

    assert code == 1
    assert theirs == [0, 2]
    assert "Version 3 was stored" in err
    assert "config pull --version 2" in err
    boto3.DEFAULT_SESSION.events.unregister("before-call.ssm", between)
    assert "theirs" in shell.run("pull", "--version", "2")[1]


@pytest.mark.parametrize(("size", "in_bucket"), [(MOST_IN_PARAMETER, False), (MOST_IN_PARAMETER + 1, True)])
def test_what_fits_lies_in_the_parameter_and_what_is_a_byte_longer_in_the_bucket(
    shell: Shell, size: int, in_bucket: bool
) -> None:
    document = _of_size(size)
    text = compiled(document)
    assert len(text) == size

    code, record = shell.json("push", "--yes", shell.file(document))

    digest = hashlib.sha256(text.encode()).hexdigest()
    place = f"s3://{BUCKET}/config/{digest}.json"
    assert code == 0
    assert (record["bytes"], record["object"]) == (size, place if in_bucket else None)
    objects = boto3.client("s3").list_objects_v2(Bucket=BUCKET).get("Contents", [])
    assert [one["Key"] for one in objects] == ([f"config/{digest}.json"] if in_bucket else [])
    value = shell.stored()[0]
    assert (json.loads(value) if in_bucket else value) == ({"$ref": place, "sha256": digest} if in_bucket else text)
    # functions and the command read it as any other
    assert configuration.current(PARAMETER).service_tags == tuple(document["service_tags"])
    assert shell.json("pull")[1]["configuration"] == document
    assert shell.run("diff", shell.file(document))[0] == 0


def test_what_is_too_long_for_functions_is_refused_before_anything_is_written(shell: Shell) -> None:
    code, _, err = shell.run("push", "--yes", shell.file(_of_size(1_048_577)))

    assert code == 2
    assert "1,048,577 bytes" in err
    assert shell.writes == []


def test_an_object_that_was_changed_is_never_taken_for_the_document(shell: Shell) -> None:
    shell.run("push", "--yes", shell.file(_of_size(9_000)))
    [item] = boto3.client("s3").list_objects_v2(Bucket=BUCKET)["Contents"]
    boto3.client("s3").put_object(Bucket=BUCKET, Key=item["Key"], Body=b'{"service_tags": ["evil"]}')

    code, out, err = shell.run("pull")

    assert (code, out) == (1, "")
    assert "SHA-256" in err
    assert configuration.current(PARAMETER).service_tags == ("service", "Service")
    assert "version 2 is wrong, version 1 stays in force" in (configuration.problem(PARAMETER) or "")


def test_what_is_pulled_is_yaml_that_can_be_pushed_again(shell: Shell) -> None:
    document = {
        **ORDERS,
        "logs": {"redact": {"custom": [{"name": "size", "regex": "größe: b #c"}]}, "retention_days": None},
    }
    shell.put(compiled(document))
    path = shell.folder / "pulled.yaml"

    code, out, _ = shell.run("pull", str(path))

    assert code == 0
    assert "version 2" in out
    text = path.read_text()
    assert text.startswith("# Configuration of the stack wp: version 2 of /watchpost/wp/config.\n")
    assert "größe" in text
    assert yaml.safe_load(text) == document
    assert yaml.safe_load(shell.run("pull")[1]) == document
    assert shell.json("push", "--yes", str(path))[1]["stored"] is False


def test_a_file_that_is_there_is_kept_unless_it_is_said_otherwise(shell: Shell) -> None:
    path = shell.file(YAML)

    code, _, err = shell.run("pull", path)
    assert code == 2
    assert "--force" in err
    assert (shell.folder / "watchpost.yaml").read_text() == YAML

    assert shell.run("pull", "--force", path)[0] == 0
    assert "# ours" not in (shell.folder / "watchpost.yaml").read_text()
    assert [one.name for one in shell.folder.iterdir()] == ["watchpost.yaml"]


def test_a_difference_is_told_by_the_exit_code_and_by_field(shell: Shell) -> None:
    shell.put(compiled({**ORDERS, "logs": {"count": True, "platform": "all"}}))
    path = shell.file({**ORDERS, "logs": {"count": False}, "metrics": {"report": True}})

    code, record = shell.json("diff", path)

    assert code == 1
    assert record["differs"] is True
    assert record["changes"] == [
        {"path": "logs.count", "change": "change", "stored": True, "file": False},
        {"path": "logs.platform", "change": "remove", "stored": "all", "file": None},
        {"path": "metrics.report", "change": "add", "stored": None, "file": True},
    ]
    out = shell.run("diff", path)[1]
    assert "-  platform: all" in out
    assert "\x1b" not in out


def test_the_same_in_other_words_is_no_difference(shell: Shell) -> None:
    shell.put(json.dumps(ORDERS, indent=2))

    code, out, _ = shell.run("diff", shell.file(YAML))

    assert code == 0
    assert "means the same as version 2" in out


def test_a_broken_document_can_be_put_right_but_not_pulled(shell: Shell) -> None:
    shell.put("{")
    assert shell.run("pull")[0] == 1
    assert shell.run("diff", shell.file(YAML))[0] == 1
    assert shell.run("push", "--yes", shell.file(YAML))[0] == 0
    assert shell.stored() == (compiled(ORDERS), 3)


def test_text_that_commands_a_terminal_is_shown_as_escapes(shell: Shell) -> None:
    evil = "\x1b[31m\u202eevil"
    shell.put(compiled({"service_tags": [evil]}))

    pulled, shown = shell.run("pull")[1], shell.run("diff", shell.file(YAML))[1]

    assert "\x1b" not in pulled + shown
    assert "\u202e" not in pulled + shown
    assert yaml.safe_load(pulled) == {"service_tags": [evil]}


@pytest.mark.parametrize("operation", ["ssm.GetParameter", "ssm.PutParameter", "s3.PutObject"])
def test_what_may_not_be_done_is_told_in_one_sentence(shell: Shell, operation: str) -> None:
    def refuse(**_: Any) -> Any:
        error = {"Error": {"Code": "AccessDeniedException", "Message": "you may not"}}
        return SimpleNamespace(status_code=403), {**error, "ResponseMetadata": {"HTTPStatusCode": 403}}

    assert boto3.DEFAULT_SESSION
    boto3.DEFAULT_SESSION.events.register_first(f"before-call.{operation}", refuse)

    code, _, err = shell.run("push", "--yes", shell.file(_of_size(9_000)))

    assert code == 2
    assert "AccessDeniedException" in err
    assert err.count("\n") == 1
    boto3.DEFAULT_SESSION.events.unregister(f"before-call.{operation}", refuse)
    assert shell.stored() == ("{}", 1)


def test_a_stack_that_is_too_old_is_told(shell: Shell) -> None:
    shell.outputs.clear()

    code, _, err = shell.run("pull")

    assert code == 2
    assert "has no output ConfigParameter" in err


@pytest.mark.parametrize("version", ["0", "-1", "two", "²"])
def test_versions_count_from_one(shell: Shell, version: str) -> None:
    with pytest.raises(SystemExit) as ended:
        shell.run("pull", f"--version={version}")
    assert ended.value.code == 2
