"""Nothing that is deployed belongs to one partition of AWS: GovCloud's and China's names differ."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.unit.template import TEMPLATE, resource

ROOT = Path(__file__).resolve().parents[2]
DEPLOYED = ("template.yaml", "functions", "layers", "dashboards", "cli")
KINDS = {".py", ".yaml", ".yml", ".json", ".md", ".sh", ".toml"}
# ARNs, hosts of endpoints and of the console, and principals of services, as they are in the partition `aws` only.
OF_ONE_PARTITION = re.compile(r"arn:aws:|[\w.]*amazonaws\.com(?!\.cn)|console\.aws\.amazon\.com|amazonaws\.cn")

# What is allowed, by file, each with the reason. These services have one principal in all partitions (aws-cdk,
# region-info; terraform-provider-aws, service_principal); that of CloudWatch Logs ends as the endpoints do.
EVERYWHERE = "its principal is the same in all partitions"
ALLOWED = {
    ("template.yaml", "lambda.amazonaws.com"): EVERYWHERE,
    ("template.yaml", "events.amazonaws.com"): EVERYWHERE,
    ("template.yaml", "cloudwatch.amazonaws.com"): EVERYWHERE,
    ("template.yaml", "logs.amazonaws.com"): "the eventSource of CloudTrail, which is no principal",
    ("template.yaml", ".amazonaws.com"): "the example of NoProxy",
    ("functions/subscriber/subscriber/events.py", "logs.amazonaws.com"): "the eventSource of CloudTrail",
    (
        "layers/core/watchpost/settings.py",
        "amazonaws.com",
    ): "what the command takes, which needs no endpoint of its own",
    (
        "layers/core/watchpost/custom_resource.py",
        "1.amazonaws.com",
    ): "an example in a comment; all partitions are taken",
    ("layers/core/watchpost/links.py", "console.aws.amazon.com"): "the one table of consoles",
    ("layers/core/watchpost/links.py", "amazonaws.cn"): "the one table of consoles",
    ("layers/core/watchpost/links.py", "console.amazonaws.cn"): "the one table of consoles",
}


def _found() -> set[tuple[str, str]]:
    found = set()
    for name in DEPLOYED:
        top = ROOT / name
        files = [top] if top.is_file() else [one for one in top.rglob("*") if one.suffix in KINDS]
        for file in files:
            path = str(file.relative_to(ROOT))
            found |= {(path, one) for one in OF_ONE_PARTITION.findall(file.read_text())}
    return found


FOUND = _found()


@pytest.mark.parametrize(("path", "text"), sorted(FOUND), ids=lambda text: text)
def test_nothing_names_one_partition_but_for_a_reason(path: str, text: str) -> None:
    assert (path, text) in ALLOWED, f"{path} has {text}: use ${{AWS::Partition}}, ${{AWS::URLSuffix}}, or the settings"


def test_no_reason_is_left_for_what_is_gone() -> None:
    assert {one for one in ALLOWED if one not in FOUND} <= {("layers/core/watchpost/links.py", "console.amazonaws.cn")}


def test_the_search_finds_what_it_looks_for() -> None:
    for text in ("arn:aws:s3:::b", "logs.eu-west-1.amazonaws.com", "https://console.aws.amazon.com/x"):
        assert OF_ONE_PARTITION.search(text), text
    for text in ("arn:${AWS::Partition}:s3", "arn:aws-cn:s3:::b", "logs.${AWS::URLSuffix}", "arn:aws[a-z-]*:sns"):
        assert not OF_ONE_PARTITION.search(text), text


def test_the_principal_of_cloudwatch_logs_ends_as_the_partition_does() -> None:
    """In China it is logs.amazonaws.com.cn; with another one no log group could be subscribed there."""
    assert resource("ShipperLogsPermission").count("Principal: !Sub logs.${AWS::URLSuffix}") == 1
    for role in ("StreamRole", "DestinationRole", "SenderRole"):
        assert 'Principal: {Service: !Sub "logs.${AWS::URLSuffix}"}' in resource(role), role
    passed = re.findall(r"iam:PassedToService: (.*)", TEMPLATE)
    assert passed
    assert set(passed) == {"!Sub logs.${AWS::URLSuffix}"}


def test_the_role_of_every_function_may_do_what_lambda_needs_in_a_network() -> None:
    """A role that lacks it fails the deployment of whoever has SubnetIds, and of nobody else."""
    roles = re.findall(r"^      Role: !GetAtt (\w+)\.Arn", TEMPLATE, re.MULTILINE)

    assert len(roles) == TEMPLATE.count("Type: AWS::Serverless::Function")
    for role in roles:
        assert re.search(r"^      ManagedPolicyArns: [&*]shared-policies\b", resource(role), re.MULTILINE), role
    assert TEMPLATE.count("- !If [InNetwork, !Ref NetworkPolicy, !Ref AWS::NoValue]") == 1


def test_every_function_runs_in_the_network_or_none() -> None:
    globals_ = TEMPLATE[TEMPLATE.index("\nGlobals:") : TEMPLATE.index("\nResources:")]

    assert re.search(
        r"^    VpcConfig: !If\n      - InNetwork\n      - SubnetIds: !Ref SubnetIds\n", globals_, re.MULTILINE
    )
    assert TEMPLATE.count("VpcConfig:") == 1  # none of them has one of its own
