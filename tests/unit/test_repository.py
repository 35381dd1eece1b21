"""What the repository promises about itself."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from watchpost import names
from watchpost.settings import Settings

from tests.unit.template import parsed

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()
MAKEFILE = (ROOT / "Makefile").read_text()


TEMPLATE = parsed()
RESOURCES = TEMPLATE["Resources"]
FUNCTIONS = {name: item for name, item in RESOURCES.items() if item["Type"] == "AWS::Serverless::Function"}
LAYER_DEFAULTS = dict(
    re.findall(r"^(WATCHPOST_\w+) \?= (\S+)$", (ROOT / "layers/core/Makefile").read_text(), re.MULTILINE)
)


@pytest.mark.parametrize("target", re.findall(r"^([a-z-]+):.*## ", MAKEFILE, re.MULTILINE))
def test_the_readme_explains_every_command(target: str) -> None:
    assert f"make {target}" in README


@pytest.mark.parametrize("parameter", TEMPLATE["Parameters"])
def test_the_readme_explains_every_parameter_of_the_template(parameter: str) -> None:
    assert f"`{parameter}`" in README


@pytest.mark.parametrize("output", TEMPLATE["Outputs"])
def test_every_output_of_the_template_has_a_description(output: str) -> None:
    assert TEMPLATE["Outputs"][output]["Description"]


def test_the_core_layer_is_built_for_what_the_template_deploys_by_default() -> None:
    assert f"python{LAYER_DEFAULTS['WATCHPOST_PYTHON']}" == TEMPLATE["Parameters"]["PythonRuntime"]["Default"]
    assert LAYER_DEFAULTS["WATCHPOST_ARCHITECTURE"] == TEMPLATE["Parameters"]["Architecture"]["Default"]


def test_every_function_has_a_role_of_its_own() -> None:
    roles = [function["Properties"]["Role"] for function in FUNCTIONS.values()]
    assert len(set(roles)) == len(roles) == len(names.COMPONENTS)


@pytest.mark.parametrize("component", names.COMPONENTS)
def test_every_function_has_the_name_by_which_its_log_group_is_kept_from_being_shipped(component: str) -> None:
    function = FUNCTIONS[f"{component.capitalize()}Function"]["Properties"]
    group = RESOURCES[f"{component.capitalize()}LogGroup"]["Properties"]
    assert function["FunctionName"] == "${AWS::StackName}-" + component
    assert group["LogGroupName"] == "/aws/lambda/${AWS::StackName}-" + component
    assert [tag["Key"] for tag in group["Tags"]] == [names.OWNER_TAG]


def test_the_template_sets_every_setting_that_the_functions_read() -> None:
    variables = TEMPLATE["Globals"]["Function"]["Environment"]["Variables"]
    set_by_lambda = {"aws_region"}
    read_by_every_client = {"HTTPS_PROXY", "NO_PROXY"}
    wanted = {name.upper() for name in Settings.__slots__ if name not in set_by_lambda}
    assert wanted | read_by_every_client == set(variables)


def _statements() -> list[tuple[str, dict[str, Any]]]:
    of_roles = [
        (name, statement)
        for name, role in RESOURCES.items()
        if role["Type"] == "AWS::IAM::Role"
        for policy in role["Properties"]["Policies"]
        for statement in policy["PolicyDocument"]["Statement"]
    ]
    policies = [(name, item["Properties"]) for name, item in RESOURCES.items() if item["Type"] == "AWS::IAM::Policy"]
    return of_roles + [(name, one) for name, policy in policies for one in policy["PolicyDocument"]["Statement"]]


# Actions that cannot be limited to resources, or that list the whole account (service authorization reference).
UNLIMITED = {
    "cloudwatch:PutMetricData",
    "tag:GetResources",
    "lambda:ListEventSourceMappings",
    "logs:DescribeAccountPolicies",
    "logs:PutAccountPolicy",
    "logs:DeleteAccountPolicy",
    "cloudwatch:DescribeAlarms",
    "cloudwatch:ListDashboards",
    "cloudwatch:ListMetrics",
    "cloudwatch:PutCompositeAlarm",
    "cloudwatch:GetMetricWidgetImage",
    "cloudwatch:GetMetricData",
    "lambda:ListFunctions",
    "lambda:ListLayers",
    "lambda:ListLayerVersions",
    "lambda:GetAccountSettings",
    "sqs:ListQueues",
    "sns:ListTopics",
    "sns:ListSubscriptions",
    "sns:GetSubscriptionAttributes",
}


@pytest.mark.parametrize(("role", "statement"), _statements())
def test_no_role_may_do_more_than_it_needs(role: str, statement: dict[str, Any]) -> None:
    actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
    assert not {"NotAction", "NotResource"} & set(statement)
    assert not [action for action in actions if "*" in action]
    if statement["Resource"] == "*":
        assert set(actions) <= UNLIMITED


def test_every_function_is_traced_as_the_parameter_says_and_may_send_traces_when_it_is() -> None:
    assert TEMPLATE["Globals"]["Function"]["Tracing"] == "Tracing"
    assert not [name for name, function in FUNCTIONS.items() if "Tracing" in function["Properties"]]
    roles = {function["Properties"]["Role"].removesuffix(".Arn") for function in FUNCTIONS.values()}
    attached = {role: RESOURCES[role]["Properties"].get("ManagedPolicyArns") for role in roles}
    assert all(["Traced", "TracingPolicy", "AWS::NoValue"] in policies for policies in attached.values())


def test_traces_are_all_that_may_be_sent_and_only_by_a_traced_stack() -> None:
    policy = RESOURCES["TracingPolicy"]
    [statement] = policy["Properties"]["PolicyDocument"]["Statement"]

    assert (policy["Condition"], TEMPLATE["Conditions"]["Traced"]) == ("Traced", ["Tracing", "Active"])
    # neither knows resources (service authorization reference, AWS X-Ray)
    assert statement["Action"] == ["xray:PutTraceSegments", "xray:PutTelemetryRecords"]
    assert (statement["Effect"], statement["Resource"]) == ("Allow", "*")


def test_metrics_can_be_published_in_the_configured_namespace_only() -> None:
    found = {role: item["Condition"] for role, item in _statements() if item["Action"] == "cloudwatch:PutMetricData"}
    assert found == {
        role: {"StringEquals": {"cloudwatch:namespace": namespace}}
        for role, namespace in (("ShipperRole", "MetricNamespace"), ("CanaryRole", names.PIPELINE_NAMESPACE))
    }


@pytest.mark.parametrize(
    "lock", [*(ROOT / "requirements").glob("*.txt"), *(ROOT / "layers").glob("*/requirements.txt")], ids=str
)
def test_every_dependency_is_pinned_with_hashes_and_without_an_address(lock: Path) -> None:
    text = lock.read_text()
    requirements = re.findall(r"^[A-Za-z0-9._-]+(?:\[[^\]]+\])?(\S*)", text, re.MULTILINE)
    assert requirements
    assert all(version.startswith("==") for version in requirements)
    assert text.count("--hash=sha256:") >= len(requirements)
    assert "://" not in text


def test_every_environment_has_the_versions_that_the_functions_run_with() -> None:
    locks = [path.read_text() for path in (ROOT / "layers").glob("*/requirements.txt")]
    assert len(locks) == 2
    wanted = [pin for lock in locks for pin in re.findall(r"^\S+==\S+", lock, re.MULTILINE)]
    project = (ROOT / "requirements/project.txt").read_text()
    assert [pin for pin in wanted if pin not in project] == []


def test_no_file_names_a_folder_of_somebodys_machine() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    private = re.compile(r"(?<![\w.$}])/(?:root|home|Users)/[\w.]")
    found = [name for name in listed.splitlines() if private.search((ROOT / name).read_text(errors="ignore"))]
    assert found == []
