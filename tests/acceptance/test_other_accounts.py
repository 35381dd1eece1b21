"""A stack that takes the logs of other accounts, and one that sends its own to another, behind a proxy."""

from __future__ import annotations

import base64
import gzip
import json
import uuid
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from tests.acceptance.helpers import eventually, subscription_event
from tests.acceptance.region import Region

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.account import Account

NAME, REGION = "central", "ap-south-1"
SOURCES = ("111122223333", "444455556666")
ORGANIZATION = "o-abcdefghij"
ELSEWHERE = f"arn:aws:logs:{REGION}:999988887777:destination:central-logs"
PROXY = {"HttpsProxy": "http://127.0.0.1:9", "NoProxy": ".internal"}


@pytest.fixture(scope="module")
def network(account: Account) -> dict[str, str]:
    """A network of the account, as parameters of the stack."""
    ec2 = account.client("ec2", REGION)
    vpc = ec2.create_vpc(CidrBlock="10.20.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.20.{number}.0/24")["Subnet"]["SubnetId"] for number in (1, 2)
    ]
    group = ec2.create_security_group(GroupName="watchpost", Description="functions", VpcId=vpc)["GroupId"]
    return {"SubnetIds": ",".join(subnets), "SecurityGroupIds": group}


@pytest.fixture(scope="module")
def group(account: Account) -> str:
    """A log group of this account."""
    name = f"/test/accounts-{uuid.uuid4().hex[:8]}"
    account.client("logs", REGION).create_log_group(logGroupName=name, tags={"service": "sent-away"})
    return name


@pytest.fixture(scope="module")
def central(account: Account, network: dict[str, str], group: str) -> Iterator[Region]:
    """The stack that takes the logs of two accounts and of an organization. Its Elasticsearch is away."""
    region = Region(account, NAME, REGION)
    region.deploy(Delivery="kinesis", SourceAccounts=",".join(SOURCES), SourceOrganization=ORGANIZATION, **network)
    login = json.dumps({"username": "somebody", "password": "something"})
    account.client("secretsmanager", REGION).put_secret_value(
        SecretId=region.outputs["ElasticsearchSecret"], SecretString=login
    )
    yield region
    region.delete()


def _documents(region: Region, service: str) -> list[dict[str, Any]]:
    """The documents of a service that Elasticsearch did not take: actions and documents as they were to be sent."""
    s3, bucket = region.account.client("s3", REGION), region.outputs["DeadLetterBucket"]
    keys = [one["Key"] for one in s3.list_objects_v2(Bucket=bucket, Prefix="dead-letters/").get("Contents", [])]
    bodies = [s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys]
    letters = [json.loads(line) for body in bodies for line in gzip.decompress(body).splitlines()]
    return [letter["original"] for letter in letters if service in json.dumps(letter)]


def test_the_accounts_and_the_organization_may_send_and_nobody_else(central: Region) -> None:
    described = central.logs.describe_destinations()["destinations"]
    found = next(one for one in described if one["destinationName"] == f"{NAME}-logs")
    accounts, organization = json.loads(found["accessPolicy"])["Statement"]

    assert found["arn"] == central.outputs["LogDestination"]
    assert found["targetArn"].endswith(f":stream/{NAME}-logs")
    assert accounts["Principal"] == {"AWS": list(SOURCES)}
    assert organization["Condition"] == {"StringEquals": {"aws:PrincipalOrgID": ORGANIZATION}}
    assert {(one["Action"], one["Resource"]) for one in (accounts, organization)} == {
        ("logs:PutSubscriptionFilter", found["arn"])
    }


def test_lines_of_two_accounts_stay_apart_though_everything_else_is_the_same(central: Region) -> None:
    """The documents carry the account that wrote them, and none is taken for a repetition of the other's."""
    service = f"svc-{uuid.uuid4().hex[:8]}"
    event = subscription_event("/aws/lambda/orders", ["a line"], filter_name=f"watchpost.service={service}")
    payload = json.loads(gzip.decompress(base64.b64decode(event["awslogs"]["data"])))

    # when the same line comes from two accounts, through the stream as CloudWatch Logs puts it there
    kinesis = central.account.client("kinesis", REGION)
    for owner in SOURCES:
        data = gzip.compress(json.dumps(payload | {"owner": owner}).encode())
        kinesis.put_record(StreamName=f"{NAME}-logs", Data=data, PartitionKey=owner)

    found = eventually(
        lambda: found if len(found := _documents(central, service)) == len(SOURCES) else None,
        "the dead letters of both accounts' lines",
    )
    assert sorted(one["document"]["cloud"]["account"]["id"] for one in found) == sorted(SOURCES)
    assert len({one["id"] for one in found}) == len(SOURCES)
    assert {one["document"]["cloud"]["region"] for one in found} == {REGION}


@pytest.mark.parametrize(
    ("parameters", "told"),
    [
        ({"SecurityGroupIds": ""}, "SubnetIds and SecurityGroupIds go together"),
        ({"Delivery": "direct"}, "expected Delivery kinesis or drain"),
        ({"LogDestinationArn": ELSEWHERE, "SubscriptionScope": "account"}, "expected SubscriptionScope groups"),
        ({"HttpsProxy": "http://user:password@proxy:3128"}, "without user and password"),
    ],
    ids=["half a network", "sources without a stream", "no service in the filter", "a proxy's password"],
)
def test_parameters_that_do_not_go_together_are_refused_before_anything_changes(
    central: Region, parameters: dict[str, str], told: str
) -> None:
    cloudformation = central.account.client("cloudformation", REGION)
    present = cloudformation.describe_stacks(StackName=NAME)["Stacks"][0]["Parameters"]
    kept = {one["ParameterKey"]: one["ParameterValue"] for one in present}
    values = [{"ParameterKey": name, "ParameterValue": value} for name, value in (kept | parameters).items()]

    with pytest.raises(ClientError, match=told):
        cloudformation.create_change_set(
            StackName=NAME,
            ChangeSetName=f"refused-{uuid.uuid4().hex[:8]}",
            UsePreviousTemplate=True,
            Parameters=values,
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
        )


def test_a_stack_sends_its_log_groups_to_another_account_and_takes_the_filters_back(
    central: Region, group: str
) -> None:
    """The other account's destination, with the role that its organization is known by; nothing is left of before."""
    # given a log group that is sent to the stack's own stream
    stream = central.filters(group)
    assert stream["watchpost.service=sent-away"].endswith(f":stream/{NAME}-logs")

    # when it is deployed with another account's destination, and behind a proxy
    nothing = dict.fromkeys(("SourceAccounts", "SourceOrganization", "SubnetIds", "SecurityGroupIds"), '""')
    central.deploy(Delivery="drain", LogDestinationArn=ELSEWHERE, **nothing, **PROXY)

    # then the same filter points there
    assert central.filters(group) == {"watchpost.service=sent-away": ELSEWHERE}
    (found,) = central.logs.describe_subscription_filters(logGroupName=group)["subscriptionFilters"]
    assert f"role/{NAME}-SenderRole" in found["roleArn"]

    # and the functions know the proxy
    configuration = central.account.client("lambda", REGION).get_function_configuration(
        FunctionName=central.outputs["ShipperFunction"]
    )
    variables = configuration["Environment"]["Variables"]
    assert (variables["HTTPS_PROXY"], variables["NO_PROXY"]) == (PROXY["HttpsProxy"], PROXY["NoProxy"])

    # and there is no destination any more
    assert [one["accessPolicy"] for one in central.logs.describe_destinations()["destinations"]] == []
