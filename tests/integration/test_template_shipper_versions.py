"""What the template promises of new versions of the shipper, in what the SAM transform of AWS makes of it.

CodeDeploy is not in the local account, so what it is told is looked at here; that two versions side by side lose
nothing is shown by tests/acceptance/test_deployments.py.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.transformed import Transform
from tests.unit.template import TEMPLATE, resource

if TYPE_CHECKING:
    from collections.abc import Iterator

BASE = {"ElasticsearchUrl": "https://one:9200"}
GRADUAL = {**BASE, "ShipperDeployment": "Canary10Percent5Minutes"}
# What changes the shipper, and so has to make a new version of it.
GOES_BY = {
    "ElasticsearchUrl": "https://two:9200",
    "ElasticsearchCompression": "gzip",
    "Environment": "prod",
    "MetricNamespace": "Other",
    "SubscriptionScope": "account",
    "PythonRuntime": "python3.12",
    "Architecture": "x86_64",
    "Tracing": "Active",
    "SubnetIds": "subnet-1",
    "SecurityGroupIds": "sg-1",
    "HttpsProxy": "http://proxy:3128",
    "NoProxy": ".example.com",
}
# What stands in the settings of all functions and the shipper does not read.
NOT_READ = {"KibanaUrl", "KibanaSpace", "KibanaSecret", "LogDestinationArn"}


@pytest.fixture(scope="module")
def transformed() -> Iterator[Transform]:
    transform = Transform()
    yield transform
    transform.close()


def _version(made: dict[str, Any]) -> str:
    (name,) = [name for name, one in made["Resources"].items() if one["Type"] == "AWS::Lambda::Version"]
    return str(name)


def _of_type(made: dict[str, Any], kind: str) -> dict[str, Any]:
    return {name: one for name, one in made["Resources"].items() if one["Type"].startswith(kind)}


@pytest.mark.parametrize("parameter", GOES_BY)
def test_a_parameter_that_the_shipper_goes_by_makes_a_new_version(transformed: Transform, parameter: str) -> None:
    before, after = transformed(**BASE), transformed(**{**BASE, parameter: GOES_BY[parameter]})

    assert _version(before) != _version(after)
    for made in (before, after):
        alias = made["Resources"]["ShipperFunctionAliaslive"]["Properties"]
        assert alias["FunctionVersion"] == {"Fn::GetAtt": [_version(made), "Version"]}


def test_every_parameter_of_the_functions_is_known_to_change_the_shipper_or_not_to_be_read_by_it() -> None:
    globals_ = TEMPLATE.partition("\nGlobals:")[2].partition("\nResources:")[0]
    declared = set(re.findall(r"^  (\w+):$", TEMPLATE.partition("\nMetadata:")[0], re.MULTILINE))
    used = set(re.findall(r"\w+", globals_ + resource("ShipperFunction"))) & declared

    assert used - {"ShipperDeployment"} == set(GOES_BY) | NOT_READ


def test_other_code_makes_a_new_version_and_the_same_code_makes_none(transformed: Transform) -> None:
    before = transformed(**BASE)
    other = transformed({"functions/shipper": "other"}, **BASE)
    unconcerned = transformed({"functions/replay": "other"}, **BASE, LogRetentionDays="7")

    assert _version(other) != _version(before) == _version(unconcerned)


def test_another_layer_replaces_the_version(transformed: Transform) -> None:
    before, other = transformed(**BASE), transformed({"layers/core": "other"}, **BASE)

    # the description is the layer's ARN, and a version with another description is another version
    descriptions = [made["Resources"][_version(made)]["Properties"]["Description"] for made in (before, other)]
    assert descriptions[0] != descriptions[1]
    for description, made in zip(descriptions, (before, other), strict=True):
        assert made["Resources"][description["Ref"]]["Type"] == "AWS::Lambda::LayerVersion"


def test_old_versions_are_kept_for_what_waits_for_them(transformed: Transform) -> None:
    made = transformed(**BASE)
    version = made["Resources"][_version(made)]

    assert (version["DeletionPolicy"], version["UpdateReplacePolicy"]) == ("Retain", "Retain")
    assert "DeletionPolicy" not in made["Resources"]["ShipperFunction"], "the function itself goes with the stack"


def test_nothing_that_lambda_gets_tells_of_the_parameters(transformed: Transform) -> None:
    code = transformed(**BASE)["Resources"]["ShipperFunction"]["Properties"]["Code"]["SourceKMSKeyArn"]["Fn::If"]

    assert code[0] == "Never"
    assert code[2] == {"Ref": "AWS::NoValue"}
    assert transformed(**BASE)["Conditions"]["Never"] == {"Fn::Equals": [{"Ref": "Environment"}, ""]}
    pattern = transformed(**BASE)["Parameters"]["Environment"]["AllowedPattern"]
    assert not re.match(pattern, "")


def test_without_shifting_there_is_nothing_of_codedeploy(transformed: Transform) -> None:
    made = transformed(**BASE)

    assert _of_type(made, "AWS::CodeDeploy") == {}
    assert "UpdatePolicy" not in made["Resources"]["ShipperFunctionAliaslive"]


def test_with_shifting_codedeploy_moves_the_alias_and_takes_it_back_at_an_alarm(
    transformed: Transform,
) -> None:
    made = transformed(**GRADUAL)
    resources = made["Resources"]

    (group,) = _of_type(made, "AWS::CodeDeploy::DeploymentGroup")
    policy = resources["ShipperFunctionAliaslive"]["UpdatePolicy"]["CodeDeployLambdaAliasUpdate"]
    assert policy["DeploymentGroupName"] == {"Ref": group}
    properties = resources[group]["Properties"]
    assert properties["DeploymentConfigName"]["Fn::Sub"][1] == {"ConfigName": "Canary10Percent5Minutes"}
    assert properties["ServiceRoleArn"] == {"Fn::GetAtt": ["ShipperDeploymentRole", "Arn"]}
    assert "DEPLOYMENT_STOP_ON_ALARM" in properties["AutoRollbackConfiguration"]["Events"]
    alarms = [one["Name"]["Ref"] for one in properties["AlarmConfiguration"]["Alarms"]]
    assert len(alarms) == 2
    for name in alarms:
        dimensions = {one["Name"]: one["Value"] for one in resources[name]["Properties"]["Dimensions"]}
        version = dimensions.get("ExecutedVersion") or dimensions["Version"]
        assert version == {"Fn::GetAtt": [_version(made), "Version"]}, "the alarm is not of the new version"


def test_each_way_of_shifting_is_one_that_the_mapping_knows(transformed: Transform) -> None:
    made = transformed(**BASE)
    allowed = made["Parameters"]["ShipperDeployment"]["AllowedValues"]

    gradual = {name: one["Gradual"] for name, one in made["Mappings"]["ShipperDeployments"].items()}
    assert set(gradual) == set(allowed)
    assert [name for name in allowed if gradual[name] == "false"] == ["AllAtOnce"]


def test_the_function_itself_keeps_what_filters_from_before_the_alias_need(transformed: Transform) -> None:
    resources = transformed(**BASE)["Resources"]

    assert resources["ShipperFunctionEventInvokeConfig"]["Properties"]["Qualifier"] == "$LATEST"
    of_alias = resources["ShipperAliasInvokeConfig"]["Properties"]
    for field in ("MaximumRetryAttempts", "MaximumEventAgeInSeconds", "DestinationConfig"):
        assert of_alias[field] == resources["ShipperFunctionEventInvokeConfig"]["Properties"][field]
    permission = resources["ShipperLogsPermission"]["Properties"]
    assert permission["FunctionName"] == {"Fn::GetAtt": ["ShipperFunction", "Arn"]}


def test_cfn_lint_finds_no_error_in_what_is_deployed_with_shifting(transformed: Transform) -> None:
    assert [one for one in transformed.findings(**GRADUAL) if one.startswith("E")] == []
