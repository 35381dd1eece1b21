"""A deployed stack with every joint as it should be, so that one after the other can be broken."""

from __future__ import annotations

import base64
import functools
import io
import json
import time
import zipfile
from dataclasses import dataclass, field, replace
from email.utils import formatdate
from importlib.resources import files
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import boto3
from canary.memory import Record, item_of
from provisioner import templates
from watchpost import names
from watchpost.ledger import KEY, Ledger
from watchpost_cli.checks.deployment import ROLES
from watchpost_cli.main import main

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from tests.integration.doctor_server import Server

REGION, ACCOUNT = "eu-west-1", "123456789012"
STACK = "wp"
PARAMETER = f"/watchpost/{STACK}/config"
LEDGER, BUCKET, INCIDENTS = "wp-ledger", "wp-dead-letters", "wp-incidents"
LOGIN = {"username": "writer", "password": "hunter-4711"}
OWNER = names.kibana_owner(STACK, REGION, ACCOUNT)
READS = ("Get", "List", "Describe", "Head", "Scan", "Query", "Simulate")  # how operations begin that change nothing


@dataclass
class World:
    """An account, Elasticsearch and Kibana, and a shell in which `watchpost doctor` is typed."""

    elasticsearch: Server
    kibana: Server
    capsys: pytest.CaptureFixture[str]
    outputs: dict[str, str] = field(default_factory=dict)
    parameters: dict[str, str] = field(default_factory=dict)
    status: str = "UPDATE_COMPLETE"
    refused: set[str] = field(default_factory=set)  # operations that whoever types may not call
    errors: dict[str, str] = field(default_factory=dict)  # operations that fail, with the code
    not_allowed: set[str] = field(default_factory=set)  # actions that the functions' roles lack, also with ` on ARN`
    changed: dict[str, Callable[[dict[str, Any]], None]] = field(default_factory=dict)  # answers, by operation
    clock_ahead: float = 0.0  # seconds that AWS's clock is ahead
    cluster_ahead: float = 0.0  # likewise Elasticsearch's
    missing: set[str] = field(default_factory=set)  # index templates that are not there
    objects: set[str] = field(default_factory=set)  # ids of the saved objects in Kibana
    code: int = -1  # of the last command
    wrote: bool = False  # whether anything in the account is not as it was deployed any more

    def run(self, *arguments: str) -> tuple[int, str, str]:
        self.code = main(["doctor", "--stack", STACK, *arguments])
        shown = self.capsys.readouterr()
        return self.code, shown.out, shown.err

    def check(self, name: str, *arguments: str) -> dict[str, Any]:
        """What one check found, run alone."""
        _, out, err = self.run("--json", "--only", name, *arguments)
        assert out, err
        [found] = json.loads(out)["checks"]
        return dict(found)

    def all(self) -> tuple[int, dict[str, dict[str, Any]]]:
        """The exit code, and what every check found, by its name."""
        code, out, _ = self.run("--json")
        assert out.count("\n") == 1
        return code, {one["name"]: one for one in json.loads(out)["checks"]}

    def configure(self, document: Any) -> None:
        text = document if isinstance(document, str) else json.dumps(document)
        boto3.client("ssm").put_parameter(Name=PARAMETER, Type="String", Value=text, Overwrite=True)

    def secret(self, output: str, value: Any) -> None:
        text = value if isinstance(value, str) else json.dumps(value)
        boto3.client("secretsmanager").put_secret_value(SecretId=self.outputs[output], SecretString=text)

    def ledger(self) -> Ledger:
        return Ledger(boto3.client("dynamodb"), LEDGER)

    def swept(self, ago: float = 60.0, problems: tuple[str, ...] = ()) -> None:
        """Have a sweep ended some seconds ago."""
        now = time.time()
        sweep = self.ledger().claim("me", now + 1, now)
        assert sweep
        assert self.ledger().save(replace(sweep, began=now - ago - 30, finished=now - ago, problems=problems))

    def canary(self, ago: float = 30.0, **values: Any) -> None:
        """Have the canary run some seconds ago. values: of its record."""
        now = time.time() - ago
        record = Record(**{"since": now, "ran": now, "written": now, "lag": 2.14, "heartbeat": "pinged", **values})
        boto3.client("dynamodb").put_item(TableName=INCIDENTS, Item=item_of(record))

    def before(self, model: Any, params: dict[str, Any], **_: Any) -> Any:
        """Answer instead of AWS; None leaves it to moto. As botocore's event before-call wants it."""
        self.wrote = self.wrote or not model.name.startswith(READS)
        if model.name in self.refused:
            return self._error(403, "AccessDenied")
        if model.name in self.errors:
            return self._error(400, self.errors[model.name])
        if model.name == "DescribeStacks":
            return self._error(400, "ValidationError") if not self.status else self._answer({"Stacks": [self._stack()]})
        if model.name == "SimulatePrincipalPolicy":
            resource = params["body"]["ResourceArns.member.1"]
            actions = [value for name, value in params["body"].items() if name.startswith("ActionNames.member.")]
            return self._answer({"EvaluationResults": [self._decision(action, resource) for action in actions]})
        if model.name == "GetCallerIdentity":
            return self._answer({"Account": ACCOUNT})
        return None

    def _decision(self, action: str, resource: str) -> dict[str, str]:
        denied = {action, f"{action} on {resource}"} & self.not_allowed
        return {"EvalActionName": action, "EvalDecision": "implicitDeny" if denied else "allowed"}

    def after(self, model: Any, parsed: dict[str, Any], **_: Any) -> None:
        """Change what moto answers."""
        if model.name in self.changed:
            self.changed[model.name](parsed)

    def _stack(self) -> dict[str, Any]:
        arn = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{STACK}/1"
        outputs = [{"OutputKey": key, "OutputValue": value} for key, value in self.outputs.items()]
        parameters = [{"ParameterKey": key, "ParameterValue": value} for key, value in self.parameters.items()]
        return {"StackId": arn, "StackStatus": self.status, "Outputs": outputs, "Parameters": parameters}

    def _answer(self, parsed: dict[str, Any], status: int = 200) -> Any:
        headers = {"date": formatdate(time.time() + self.clock_ahead, usegmt=True)}
        metadata = {"HTTPStatusCode": status, "HTTPHeaders": headers}
        return SimpleNamespace(status_code=status, headers=headers), {**parsed, "ResponseMetadata": metadata}

    def _error(self, status: int, code: str) -> Any:
        return self._answer({"Error": {"Code": code, "Message": "made up"}}, status)


@functools.cache
def one_session() -> boto3.Session:
    """One for all tests: it keeps what it read of the services' APIs, which takes the most time of all."""
    return boto3.Session()


def deploy(world: World) -> None:
    """What the template makes, as far as it is looked at."""
    sns, secrets = boto3.client("sns"), boto3.client("secretsmanager")
    topics = {
        name: sns.create_topic(Name=f"wp-{name}")["TopicArn"] for name in ("Critical", "Warning", "Fallback", "Mail")
    }
    own = {
        "ElasticsearchSecret": secrets.create_secret(Name="elasticsearch", SecretString=json.dumps(LOGIN))["ARN"],
        "NotificationSecret": secrets.create_secret(Name="notification", SecretString="{}")["ARN"],
    }
    world.outputs = {
        **own,
        **{f"{name}Topic": arn for name, arn in topics.items()},
        "ConfigParameter": PARAMETER,
        "LedgerTable": LEDGER,
        "IncidentTable": INCIDENTS,
        "DeadLetterBucket": BUCKET,
    }
    world.parameters = {
        "ElasticsearchUrl": world.elasticsearch.url,
        "Environment": "dev",
        "KibanaUrl": world.kibana.url,
        "KibanaSpace": "default",
        "KibanaSecret": "",
    }
    boto3.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    boto3.client("dynamodb").create_table(
        TableName=LEDGER,
        AttributeDefinitions=[{"AttributeName": KEY, "AttributeType": "S"}],
        KeySchema=[{"AttributeName": KEY, "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    boto3.client("dynamodb").create_table(
        TableName=INCIDENTS,
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    world.canary()
    world.configure({"notifications": {"routes": [{"to": "oncall"}]}})
    receiver = {"name": "oncall", "type": "webhook", "url": "https://hooks.example.com/x"}
    world.secret("NotificationSecret", {"receivers": [receiver]})
    world.swept()
    _functions(world)
    arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:wp-notifier"
    for name in ("Critical", "Warning"):
        sns.subscribe(TopicArn=topics[name], Protocol="lambda", Endpoint=arn)
    sns.subscribe(TopicArn=topics["Fallback"], Protocol="sms", Endpoint="+491700000000")


def _functions(world: World) -> None:
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("app.py", "def handler(event, context): return None")
    trust = json.dumps({"Version": "2012-10-17", "Statement": []})
    role = boto3.client("iam").create_role(RoleName="r", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    client = boto3.client("lambda")
    variables = {
        "STACK": STACK,
        "CONFIG_PARAMETER": PARAMETER,
        "ELASTICSEARCH_URL": world.elasticsearch.url,
        "ELASTICSEARCH_SECRET": world.outputs["ElasticsearchSecret"],
        "NOTIFICATION_SECRET": world.outputs["NotificationSecret"],
        "DEAD_LETTER_BUCKET": BUCKET,
        "LEDGER_TABLE": LEDGER,
        "SHIPPER_ARN": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:wp-shipper:live",
        "KIBANA_URL": world.kibana.url,
        "KIBANA_SECRET": world.outputs["ElasticsearchSecret"],  # as the template has it without one of its own
        "FALLBACK_TOPIC": world.outputs["FallbackTopic"],
        "MAIL_TOPIC": world.outputs["MailTopic"],
        "INCIDENT_TABLE": INCIDENTS,
    }
    for component in ROLES:
        client.create_function(
            FunctionName=f"{STACK}-{component}",
            Runtime="python3.13",
            Handler="app.handler",
            Role=role,
            Code={"ZipFile": code.getvalue()},
            Environment={"Variables": variables},
        )
    client.publish_version(FunctionName="wp-shipper")
    client.create_alias(FunctionName="wp-shipper", Name="live", FunctionVersion="1")
    client.add_permission(
        FunctionName="wp-shipper",
        Qualifier="live",
        StatementId="logs",
        Action="lambda:InvokeFunction",
        Principal="logs.amazonaws.com",
    )


def serve(world: World) -> None:
    """Elasticsearch and Kibana, as far as they are asked."""
    right = "Basic " + base64.b64encode("{username}:{password}".format(**LOGIN).encode()).decode()

    def inside(answer: Callable[[bytes], tuple[int, Any]]) -> Callable[[Any, bytes], tuple[int, Any]]:
        """Let nobody else in."""
        return lambda headers, body: answer(body) if headers["authorization"] == right else (401, {"error": "who?"})

    cluster = world.elasticsearch.answers
    cluster["/_cluster/health"] = inside(lambda _: (200, {"status": "green", "number_of_nodes": 3}))
    cluster["/_cat/health"] = inside(lambda _: (200, [{"epoch": f"{int(time.time() + world.cluster_ahead)}"}]))
    listed = {"component": "component_templates", "index": "index_templates"}
    for one in templates.load(files("dashboards") / "elasticsearch"):
        found = {listed[one.folder]: [{"name": one.name, f"{one.folder}_template": one.body}]}

        def answer(_: bytes, found: Any = found, name: str = one.name) -> tuple[int, Any]:
            return (404, {"error": {"type": "resource_not_found_exception"}}) if name in world.missing else (200, found)

        cluster[f"/_{one.folder}_template/{one.name}"] = inside(answer)

    def exported(body: bytes) -> tuple[int, Any]:
        asked = json.loads(body)
        if "type" in asked:
            return 200, "\n".join(json.dumps({"id": one}) for one in sorted(world.objects))
        missing = [one for one in asked["objects"] if one["id"] not in world.objects]
        if missing:
            return 400, {"statusCode": 400, "error": "Bad Request", "attributes": {"objects": missing}}
        return 200, "\n".join(json.dumps(one) for one in asked["objects"])

    views = ["logs", "app", "platform", "line"]
    searches = ["errors", "slow", "cold", "correlation", "invalid-metric-lines", "own"]
    world.objects = {f"{OWNER}{what}" for what in (*views, *searches, "overview")}
    pages = world.kibana.answers
    pages["/api/status"] = lambda *_: (200, {"status": {"overall": {"level": "available"}}})
    pages["/api/spaces/space/"] = inside(lambda _: (404, {}))
    pages["/api/spaces/space/default"] = inside(lambda _: (200, {"id": "default"}))
    checked = inside(exported)
    for base in ("", "/s/team"):
        pages[f"{base}/api/saved_objects/_export"] = lambda headers, body: (
            checked(headers, body)
            if headers["kbn-xsrf"]
            else (400, {"message": "Request must contain a kbn-xsrf header."})
        )
