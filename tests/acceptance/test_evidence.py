"""From an alarm to its cause, through a deployed stack: the message has the evidence, its links lead to it."""

from __future__ import annotations

import json
import time
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
import requests
from watchpost import links
from watchpost.search import kql

from local.demo.receiver import Receiver, receiving
from tests import secrets_seen
from tests.acceptance.helpers import archive, early_in_a_minute, eventually
from tests.acceptance.region import Region
from tests.integration.kibana_server.server import API_KEY, Kibana

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.account import Account

NAME, REGION, ENVIRONMENT = "sixth", "ap-southeast-2", "evidence"
SERVICES = ("till-api", "till-payment", "till-mail")  # each calls the next one
FAILING = "till-payment"
OWNER, RUNBOOK = "team-till", "https://wiki.example.com/till"
DECLINED = "card of customer <!channel> declined\x1b[31m by *bank* {number}"  # hostile, and with a number in each


@dataclass
class World:
    """The stack, what looks at it from outside, and what was written: by request."""

    stack: Region
    kibana: Kibana
    receiver: Receiver
    account: Account
    failed: dict[str, str] = field(default_factory=dict)  # request id of the failing service: its correlation id
    correlation: str = ""  # one that failed
    lines: int = 0  # error lines

    def client(self, service: str) -> Any:
        return self.account.client(service, REGION)

    def search(self, query: dict[str, Any], start: Any, end: Any) -> list[dict[str, Any]]:
        """The lines that Elasticsearch finds."""
        url = f"{self.account.elasticsearch_url}/logs-watchpost.*-{ENVIRONMENT}"
        requests.post(f"{url}/_refresh", timeout=10).raise_for_status()
        window = {"range": {"@timestamp": {"gte": start.isoformat(), "lte": end.isoformat()}}}
        body = {"size": 1000, "query": {"bool": {"filter": [query, window]}}}
        answer = requests.post(f"{url}/_search", json=body, params={"ignore_unavailable": "true"}, timeout=10)
        answer.raise_for_status()
        return [hit["_source"] for hit in answer.json()["hits"]["hits"]]


def _function(world: World, name: str, role: str) -> None:
    world.client("lambda").create_function(
        FunctionName=name,
        Runtime="python3.11",
        Role=role,
        Handler="app.handler",
        Code={"ZipFile": archive()},
        Tags={"service": name},
    )
    world.client("logs").create_log_group(logGroupName=f"/aws/lambda/{name}", tags={"service": name})


def _transaction(number: int, now: int, *, fails: bool) -> dict[str, list[tuple[int, str]]]:
    """What the three services write about one order, with times in milliseconds."""
    correlation = f"c-{uuid.uuid4().hex[:12]}"
    told: dict[str, list[tuple[int, str]]] = {}
    for place, service in enumerate(SERVICES):
        request, at = str(uuid.uuid4()), now + number * 50 + place * 10
        common = {"correlation_id": correlation, "function_request_id": request, "service": service}
        level, message = "INFO", f"order {number} handled"
        if fails and service == FAILING:
            level, message = "ERROR", DECLINED.format(number=number)
            common["exception_name"] = "CardDeclinedError"
        line = json.dumps({"level": level, "message": message, **common})
        told[service] = [
            (at, f"START RequestId: {request} Version: $LATEST\n"),
            (at + 1, line),
            (at + 8, f"END RequestId: {request}\n"),
            (at + 9, f"REPORT RequestId: {request}\tDuration: 8.00 ms\tBilled Duration: 9 ms\tMemory Size: 128 MB\t"),
        ]
    return told


def _write(world: World, orders: int, failing: int) -> None:
    """Have the services write about orders, the last of which fail, and wait until Elasticsearch has all of it."""
    early_in_a_minute()
    logs, now = world.client("logs"), int(time.time() * 1000) - 2_000
    told = [_transaction(number, now, fails=number >= orders - failing) for number in range(orders)]
    for service in SERVICES:
        group, stream = f"/aws/lambda/{service}", "2026/11/21/[$LATEST]0a1b2c3d"
        logs.create_log_stream(logGroupName=group, logStreamName=stream)
        events = [{"timestamp": at, "message": text} for one in told for at, text in one[service]]
        logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)
    for one in told[orders - failing :]:
        line = json.loads(one[FAILING][1][1])
        world.failed[line["function_request_id"]] = line["correlation_id"]
        world.correlation = line["correlation_id"]
    world.lines = failing


@pytest.fixture(scope="module")
def world(account: Account) -> Iterator[World]:
    """A stack with a Kibana and three services, of which one has failed and its alarm was told."""
    kibana = Kibana("9.2")
    with receiving() as receiver:
        world = World(Region(account, NAME, REGION), kibana, receiver, account)
        try:
            _deploy(world)
            _write(world, orders=20, failing=8)
            yield world
        finally:
            kibana.close()
            secrets_seen.shown("messages to the receiver of evidence", json.dumps(receiver.messages))


def _deploy(world: World) -> None:
    account = world.account
    shipper = account.client("lambda").get_function_configuration(FunctionName=account.outputs()["ShipperFunction"])
    for name in SERVICES:
        _function(world, name, shipper["Role"])
    secrets = world.client("secretsmanager")
    key = secrets.create_secret(Name="kibana", SecretString=json.dumps({"api_key": API_KEY}))["ARN"]
    url = urlsplit(account.elasticsearch_url)
    world.stack.deploy(
        ElasticsearchUrl=f"{url.scheme}://{url.hostname}:{url.port}",
        Environment=ENVIRONMENT,
        KibanaUrl=world.kibana.url,
        KibanaSecret=key,
    )
    outputs = world.stack.outputs
    login = json.dumps({"username": url.username, "password": url.password})
    secrets.put_secret_value(SecretId=outputs["ElasticsearchSecret"], SecretString=login)
    hook = {"name": "test", "type": "webhook", "url": world.receiver.url, "allow_insecure": True, "allow_private": True}
    secrets.put_secret_value(SecretId=outputs["NotificationSecret"], SecretString=json.dumps({"receivers": [hook]}))
    group = {"log_group": f"/aws/lambda/{FAILING}", "name": FAILING, "owner": OWNER, "runbook": RUNBOOK}
    world.stack.configure({"services": [group]})
    world.stack.sweep()
    account.invoke(outputs["ProvisionerFunction"], {"action": "apply"}, REGION)
    world.stack.check()


def _received(world: World, event: str) -> dict[str, Any]:
    """The message about the failing service, when it has come."""

    def found() -> dict[str, Any] | None:
        # The emulator looks at composite alarms when somebody asks for them.
        world.client("cloudwatch").describe_alarms(AlarmTypes=["CompositeAlarm"], AlarmNamePrefix=NAME)
        about = [item for item in world.receiver.messages if item["service"] == FAILING]
        return next((item for item in about if item["event"] == event), None)

    return dict(eventually(found, f"the message that it is {event}"))


@pytest.fixture(scope="module")
def message(world: World) -> dict[str, Any]:
    """What the receiver got when the service's alarm began to ring."""
    return _received(world, "opened")


def test_the_message_says_what_is_wrong_with_which_service(message: dict[str, Any]) -> None:
    assert (message["event"], message["state"], message["severity"]) == ("opened", "ALARM", "critical")
    assert FAILING in message["title"]
    assert message["owner"] == OWNER
    assert message["links"]["runbook"] == RUNBOOK
    assert FAILING in message["text"]
    # one page for the service: its composite alarm, with the alarm that rings below it
    assert message["alarm"] == "unhealthy"
    assert [child["alarm"] for child in message["children"]] == ["errors"]


def test_the_message_has_the_top_error_its_count_and_a_transaction_that_failed(
    world: World, message: dict[str, Any]
) -> None:
    evidence = message["evidence"]
    assert evidence["problem"] is None
    # all eight differ in a number only: they are one error
    assert evidence["errors_total"] == world.lines
    assert [(error["type"], error["count"]) for error in evidence["errors"]] == [("CardDeclinedError", world.lines)]
    assert "declined" in evidence["errors"][0]["message"]
    failing = evidence["failing"]
    assert world.failed[failing["request_id"]] == failing["correlation_id"]
    assert failing["log_group"] == f"/aws/lambda/{FAILING}"
    for shown in (failing["request_id"], failing["correlation_id"], f"{world.lines} x CardDeclinedError"):
        assert shown in message["text"]


def test_what_a_log_line_says_stays_text(message: dict[str, Any]) -> None:
    """The lines hold a mention, markup and an escape sequence of terminals."""
    assert "\x1b" not in json.dumps(message)
    assert "<!channel>" not in message["text"]
    assert "[31m" not in message["text"]


def test_the_link_to_discover_finds_exactly_the_lines_around_the_failure(world: World, message: dict[str, Any]) -> None:
    # when the link is decoded and its query asked of Elasticsearch
    link = message["links"]["discover"]
    assert link.startswith(f"{world.kibana.url}/app/discover#/")
    found = links.discovered(link)
    lines = world.search(kql.to_elasticsearch(found["query"]), found["start"], found["end"])

    # then it finds every line that failed and no other one
    assert len(lines) == world.lines
    assert {line["faas"]["execution"] for line in lines} == set(world.failed)
    assert {line["service"]["name"] for line in lines} == {FAILING}
    # and the data view that it names is in Kibana
    assert ("index-pattern", found["data_view_id"]) in world.kibana.store.objects


def test_the_message_says_what_was_deployed_last(message: dict[str, Any]) -> None:
    assert [FAILING in deployment["what"] for deployment in message["deployments"]] == [True]


def test_kibana_has_a_dashboard_for_each_service(world: World) -> None:
    """Put there by the deployed provisioner, with the secret that the stack was given."""
    dashboards = {key for kind, key in world.kibana.store.objects if kind == "dashboard"}

    assert {service for service in SERVICES if any(key.endswith(f"-service-{service}") for key in dashboards)} == set(
        SERVICES
    )
    assert any(key.endswith("-overview") for key in dashboards)


def test_follow_shows_the_transaction_over_three_services_in_order(world: World) -> None:
    done = world.stack.command("follow", world.correlation, "--json")

    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert [one["service"] for one in found["invocations"]] == list(SERVICES)
    assert [one["errors"] for one in found["invocations"]] == [0, 1, 0]


def test_errors_names_the_error_of_the_service(world: World) -> None:
    done = world.stack.command("errors", "--json", "--service", FAILING)

    assert done.returncode in (0, 1), done.stderr
    [service] = json.loads(done.stdout)["services"]
    assert (service["service"], service["count"]) == (FAILING, world.lines)
    assert [group["count"] for group in service["groups"]] == [world.lines]


def test_doctor_finds_the_joints_that_work(world: World) -> None:
    done = world.stack.command("doctor", "--json")

    found = {check["name"]: check["status"] for check in json.loads(done.stdout)["checks"]}
    works = ("stack", "functions", "secrets", "elasticsearch", "templates", "kibana", "configuration", "clock")
    assert {name: found[name] for name in works} == dict.fromkeys(works, "ok"), done.stdout


def test_when_it_is_over_one_short_message_says_so(world: World, message: dict[str, Any]) -> None:
    # when the alarm that rang is calm again, as CloudWatch would set it after a minute without errors
    child = message["children"][0]["alarm_name"]
    world.client("cloudwatch").set_alarm_state(AlarmName=child, StateValue="OK", StateReason="no errors any more")

    # then the incident is resolved, with how long it was
    over = _received(world, "resolved")
    assert over["key"] == message["key"]
    assert over["lasted_seconds"] > 0
    assert over["evidence"] is None
    # and everybody was told once of each
    events = [item["event"] for item in world.receiver.messages if item["service"] == FAILING]
    assert sorted(events) == ["opened", "resolved"]
