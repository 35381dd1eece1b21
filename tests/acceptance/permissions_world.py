"""A stack that has something of all that it can watch, for the tests of what its roles need."""

from __future__ import annotations

import hashlib
import json
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from local import emulator
from tests.acceptance.helpers import archive

if TYPE_CHECKING:
    from tests.acceptance.region import Region

SERVICE = "till"
FUNCTION = "till-worker"
ROLE = "till-runs"  # that somebody's own functions run as


@dataclass(frozen=True)
class World:
    """The stack, and where its notifications go. away: a webhook that is not there."""

    stack: Region
    webhook: str
    away: str = "http://127.0.0.1:9/"

    def client(self, service: str) -> Any:
        return self.stack.account.client(service, self.stack.region)

    def invoke(self, component: str, event: dict[str, Any]) -> Any:
        function = self.stack.outputs[f"{component.capitalize()}Function"]
        return self.stack.account.invoke(function, event, self.stack.region)

    @property
    def bucket(self) -> str:
        return self.stack.outputs["DeadLetterBucket"]

    def put(self, key: str, body: bytes) -> None:
        self.client("s3").put_object(Bucket=self.bucket, Key=key, Body=body)

    def configure(self, document: dict[str, Any]) -> None:
        """Store a configuration as one that is too long for its parameter."""
        body = json.dumps(document).encode()
        digest = hashlib.sha256(body).hexdigest()
        key = f"config/{digest}.json"
        self.put(key, body)
        self.stack.configure({"$ref": f"s3://{self.bucket}/{key}", "sha256": digest})


def watched(world: World) -> str:
    """Make a service with a resource of each kind that the provisioner reads. Returns a role to run functions as."""
    role = _role(world, ROLE, "lambda.amazonaws.com")
    _function(world, FUNCTION, role)
    _function(world, "till-old", role)
    tags = {"service": SERVICE}
    pairs = [{"Key": "service", "Value": SERVICE}]
    sqs = world.client("sqs")
    sqs.create_queue(QueueName="till-dead", tags=tags)
    world.client("kinesis").create_stream(StreamName="till-events", ShardCount=1)
    world.client("kinesis").add_tags_to_stream(StreamName="till-events", Tags=tags)
    topic = world.client("sns").create_topic(Name="till-told", Tags=pairs)["TopicArn"]
    queue = f"arn:aws:sqs:{world.stack.region}:{emulator.ACCOUNT}:till-dead"
    world.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)
    world.client("dynamodb").create_table(
        TableName="till-items",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
        Tags=pairs,
    )
    bucket = f"till-{uuid.uuid4().hex}"
    place = {"LocationConstraint": world.stack.region}
    world.client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration=place)
    world.client("s3").put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": pairs})
    rest = world.client("apigateway").create_rest_api(name="till-rest", tags=tags)["id"]
    assert rest
    world.client("apigatewayv2").create_api(Name="till-http", ProtocolType="HTTP", Tags=tags)
    world.client("rds").create_db_parameter_group(
        DBParameterGroupName="till", DBParameterGroupFamily="postgres15", Description="of somebody's own"
    )
    world.client("rds").create_db_instance(
        DBParameterGroupName="till",
        DBInstanceIdentifier="till-db", DBInstanceClass="db.t3.micro", Engine="postgres", Tags=pairs,
        MasterUsername="till", MasterUserPassword=uuid.uuid4().hex, AllocatedStorage=20,
    )  # fmt: skip
    return role


def _role(world: World, name: str, service: str) -> str:
    trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    return str(world.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]["Arn"])


def network(world: World) -> dict[str, str]:
    """A network of the account, as parameters of the stack."""
    ec2 = world.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.30.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.30.1.0/24")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(GroupName="least", Description="functions", VpcId=vpc)["GroupId"]
    return {"SubnetIds": subnet, "SecurityGroupIds": group}


def _function(world: World, name: str, role: str) -> None:
    world.client("lambda").create_function(
        FunctionName=name,
        Runtime="python3.11",
        Role=role,
        Handler="app.handler",
        Code={"ZipFile": archive()},
        Tags={"service": SERVICE},
    )
    world.client("lambda").put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=1)
