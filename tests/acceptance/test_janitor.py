"""The deployed janitor: it removes exactly what nothing needs, and only once two switches are on."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from tests.acceptance.helpers import archive
from tests.acceptance.region import Region

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.account import Account

NAME, REGION = "tidy", "sa-east-1"
OTHER = "111122223333"  # an account that a layer version is shared with
RULES = {
    "mode": "delete",
    "min_age_days": 0,
    "functions": {"keep": 2, "include": ["t-*"]},
    "layers": {"keep": 1, "include": ["t-*"]},
    "log_groups": {"mode": "delete", "min_age_days": 0, "include": ["t-*"]},
}
KEPT = {
    "1": "alias",
    "2": "weighted route",
    "3": "provisioned concurrency",
    "4": "event source",
    "5": "resource policy",
    "8": "newest",
    "9": "newest",
}


@dataclass
class Stage:
    """The region with what deployments left in it, and what the janitor answered in turn."""

    region: Region
    answers: dict[str, dict[str, Any]] = field(default_factory=dict)
    states: dict[str, Any] = field(default_factory=dict)  # what there was after each
    commands: dict[str, tuple[int, str]] = field(default_factory=dict)  # exit codes and output

    @property
    def lambda_(self) -> Any:
        return self.region.account.client("lambda", self.region.region)

    def run(self, phase: str, event: dict[str, Any] | None = None) -> None:
        function = self.region.outputs["JanitorFunction"]
        self.answers[phase] = self.region.account.invoke(function, event or {}, self.region.region)
        self.states[phase] = self.state()

    def command(self, phase: str, *arguments: str) -> None:
        done = self.region.command("janitor", *arguments)
        self.commands[phase] = (done.returncode, done.stdout if done.returncode < 2 else done.stderr)
        self.states[phase] = self.state()

    def state(self) -> dict[str, list[str]]:
        """Versions of functions, of the layer, and log groups that are there."""
        groups = self.region.logs.describe_log_groups(logGroupNamePrefix="/aws/lambda/t-")["logGroups"]
        layers = self.lambda_.list_layer_versions(LayerName="t-shared")["LayerVersions"]
        return {
            **{name: self.versions(name) for name in ("t-orders", "t-guarded", "t-user")},
            "layer": sorted(str(one["Version"]) for one in layers),
            "groups": sorted(one["logGroupName"] for one in groups),
        }

    def role(self) -> str:
        """The ARN of the janitor's role."""
        return str(self.lambda_.get_function_configuration(FunctionName=f"{NAME}-janitor")["Role"])

    def versions(self, function: str) -> list[str]:
        found = self.lambda_.list_versions_by_function(FunctionName=function)["Versions"]
        return [one["Version"] for one in found if one["Version"] != "$LATEST"]

    def entries(self, phase: str, *actions: str) -> set[str]:
        found = [one for one in self.answers[phase]["entries"] if one["action"] in actions]
        return {one["name"] if one["version"] is None else f"{one['name']}:{one['version']}" for one in found}


def _function(stage: Stage, name: str, versions: int, **fields: Any) -> None:
    stage.lambda_.create_function(
        FunctionName=name,
        Runtime="python3.11",
        Role=stage.role(),
        Handler="app.handler",
        Code={"ZipFile": archive()},
        **fields,
    )
    for number in range(versions):
        stage.lambda_.update_function_configuration(FunctionName=name, Description=f"deployment {number}")
        stage.lambda_.publish_version(FunctionName=name)


def _account_of(stage: Stage) -> str:
    return stage.region.shipper.split(":")[4]


def _leave_things_behind(stage: Stage) -> None:
    functions = stage.lambda_
    for _ in range(5):
        functions.publish_layer_version(LayerName="t-shared", Content={"ZipFile": archive()})
    arn = f"arn:aws:lambda:{REGION}:{_account_of(stage)}:layer:t-shared"
    functions.add_layer_version_permission(
        LayerName="t-shared", VersionNumber=3, StatementId="s", Action="lambda:GetLayerVersion", Principal=OTHER
    )
    _function(stage, "t-user", 1, Layers=[f"{arn}:1"])
    functions.update_function_configuration(FunctionName="t-user", Layers=[f"{arn}:2"])
    _function(stage, "t-guarded", 3)
    _function(stage, "t-orders", 9)
    functions.create_alias(
        FunctionName="t-orders",
        Name="live",
        FunctionVersion="1",
        RoutingConfig={"AdditionalVersionWeights": {"2": 0.1}},
    )
    functions.put_provisioned_concurrency_config(
        FunctionName="t-orders", Qualifier="3", ProvisionedConcurrentExecutions=1
    )
    sqs = stage.region.account.client("sqs", REGION)
    url = sqs.create_queue(QueueName="t-orders")["QueueUrl"]
    queue = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    functions.create_event_source_mapping(FunctionName="t-orders:4", EventSourceArn=queue, Enabled=False)
    functions.add_permission(
        FunctionName="t-orders", Qualifier="5", StatementId="s", Action="lambda:InvokeFunction", Principal=OTHER
    )
    stage.region.logs.create_log_group(logGroupName="/aws/lambda/t-gone")
    stage.region.logs.create_log_group(logGroupName="/aws/lambda/t-orders")
    stage.region.logs.create_log_group(logGroupName="/aws/lambda/t-tagged", tags={"watchpost:stack": "another"})


def _guard(stage: Stage, *, on: bool) -> None:
    """Have IAM refuse the janitor one function, whatever its role allows."""
    iam = stage.region.account.client("iam")
    role = {"RoleName": stage.role().rsplit("/", 1)[1], "PolicyName": "guard"}
    if not on:
        iam.delete_role_policy(**role)
        return
    resource = f"arn:aws:lambda:{REGION}:{_account_of(stage)}:function:t-guarded*"
    statement = {"Effect": "Deny", "Action": "lambda:DeleteFunction", "Resource": resource}
    iam.put_role_policy(**role, PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))


@pytest.fixture(scope="module")
def stage(account: Account) -> Iterator[Stage]:
    """The janitor switched on step by step."""
    region = Region(account, NAME, REGION)
    region.deploy()
    found = Stage(region)
    _leave_things_behind(found)
    found.states["before"] = found.state()
    found.run("by default")
    region.configure({"janitor": RULES})
    found.run("dry run", {"dry_run": True})
    found.run("not allowed")
    found.command("command", "--json")
    region.deploy(JanitorDeletes="yes")
    _guard(found, on=True)
    found.run("switched on")
    found.run("second")
    _guard(found, on=False)
    found.command("table")
    found.command("applied", "--apply", "--yes")
    found.command("nothing left")
    yield found
    region.delete()


def test_by_default_it_reports_and_the_account_stays_as_it_was(stage: Stage) -> None:
    assert stage.answers["by default"]["mode"] == "report"
    assert stage.answers["by default"]["errors"] == 0
    assert stage.states["by default"] == stage.states["before"]
    assert stage.states["before"]["t-orders"] == [str(number) for number in range(1, 10)]


def test_a_dry_run_says_exactly_what_would_go(stage: Stage) -> None:
    orphans = {"/aws/lambda/t-gone", "/aws/lambda/t-tagged"}
    assert stage.entries("dry run", "delete") == {"t-orders:6", "t-orders:7", "t-guarded:1", "t-shared:4", *orphans}
    assert stage.states["dry run"] == stage.states["before"]


def test_every_version_that_is_kept_has_its_reason(stage: Stage) -> None:
    code, printed = stage.commands["command"]

    assert code == 1
    entries = json.loads(printed)["entries"]
    orders = {str(one["version"]) for one in entries if one["name"] == "t-orders" and one["action"] == "kept"}
    assert orders == set(KEPT)
    assert all(one["reason"] for one in entries)
    kept = stage.answers["dry run"]["kept"]["version"]
    for why in set(KEPT.values()) - {"newest"}:
        assert kept[why] == 1, why


def test_the_command_comes_to_the_same_as_the_function(stage: Stage) -> None:
    printed = json.loads(stage.commands["command"][1])

    assert printed["counts"] == stage.answers["dry run"]["counts"]
    assert printed["kept"] == stage.answers["dry run"]["kept"]
    assert stage.states["command"] == stage.states["before"]


def test_without_the_stacks_parameter_iam_refuses_every_deletion(stage: Stage) -> None:
    answer = stage.answers["not allowed"]

    assert answer["mode"] == "delete"
    assert stage.entries("not allowed", "failed") == stage.entries("dry run", "delete")
    assert all("JanitorDeletes" in one["reason"] for one in answer["entries"])
    assert stage.states["not allowed"] == stage.states["before"]


def test_switched_on_it_deletes_exactly_the_right_ones_whatever_is_refused_for_one(stage: Stage) -> None:
    assert stage.answers["switched on"]["mode"] == "delete", stage.answers["switched on"]
    assert stage.entries("switched on", "deleted") == {"t-orders:6", "t-orders:7", "t-shared:4", "/aws/lambda/t-gone"}
    # one function's and one log group's are refused by IAM
    assert stage.entries("switched on", "failed") == {"t-guarded:1", "/aws/lambda/t-tagged"}
    assert stage.answers["switched on"]["bytesFreed"] > 0
    assert stage.states["switched on"] == {
        "t-orders": sorted(KEPT),
        "t-guarded": ["1", "2", "3"],
        "t-user": ["1"],
        "layer": ["1", "2", "3", "5"],
        "groups": ["/aws/lambda/t-orders", "/aws/lambda/t-tagged"],
    }


def test_the_second_run_finds_nothing_more(stage: Stage) -> None:
    assert stage.entries("second", "deleted") == set()
    assert stage.states["second"] == stage.states["switched on"]


def test_a_person_sees_what_is_left_and_may_delete_it(stage: Stage) -> None:
    code, printed = stage.commands["table"]
    assert code == 1
    assert "function version  delete  t-guarded" in printed
    assert stage.states["table"] == stage.states["second"]

    assert stage.states["applied"]["t-guarded"] == ["2", "3"]
    assert "Deleted: 1 function version" in stage.commands["applied"][1]
    assert stage.commands["nothing left"][0] == 0
