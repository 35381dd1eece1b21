"""Events that somebody makes up are refused, or do no more than a right one about the same thing would.

Who may send them at all is said by resource policies; here it is assumed that somebody can: PutEvents on the account's
bus is granted freely, and a role that may invoke functions is nothing rare.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NoReturn

import pytest
from hypothesis import given
from hypothesis import strategies as st
from provisioner import events as provisioner_events
from provisioner.deadline import Deadline
from replay.request import request_of
from subscriber.run import run as subscriber_run
from subscriber.surroundings import Surroundings
from watchpost import custom_resource
from watchpost.configuration import Configuration, Logs
from watchpost.errors import PayloadError

from tests.integration.notifier_world import BEGIN, KEY, alarm, one_stack
from tests.integration.receivers.pagerduty import PagerDuty
from tests.integration.subscriber_world import STACK, Bench, bench, created, group_arn, queued, tagged

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.notifier_world import World
    from tests.integration.receivers.webhook import Webhook

AWS = "https://cloudformation-custom-resource-response-useast1.s3"
RIGHT = [
    f"{AWS}-us-east-1.amazonaws.com/arn%3Aaws%3Acloudformation%3Aus-east-1%3A123456789012%3Astack/s?Signature=x",
    f"{AWS}.amazonaws.com/a?b",
    f"{AWS}.eu-west-1.amazonaws.com/a?b",
    f"{AWS}.dualstack.eu-west-1.amazonaws.com/a?b",
    "https://cloudformation-custom-resource-response-cnnorth1.s3.cn-north-1.amazonaws.com.cn/a?b",
    "https://cloudformation-custom-resource-response-usgovwest1.s3.us-gov-west-1.amazonaws.com:443/a?b",
    "https://s3.us-gov-east-1.amazonaws.com/cloudformation-custom-resource-response-usgoveast1/a?b",
]
FOREIGN: list[Any] = [
    "https://attacker.example.com/collect",
    "https://s3.amazonaws.com.attacker.example.com/a",
    "https://attacker.example.com/?x=s3.amazonaws.com",
    "https://attacker.example.com#.s3.amazonaws.com",
    "https://u:p@bucket.s3.amazonaws.com/a",
    "https://attacker.example.com\\@bucket.s3.amazonaws.com/a",
    "https://bucket.s3.amazonaws.com\n@attacker.example.com/a",
    "https://bucket.s3.amazonaws.com:8443/a",
    "http://bucket.s3.amazonaws.com/a",  # without TLS
    "https://s3.execute-api.eu-west-1.amazonaws.com/prod",  # somebody's API
    "https://abc.lambda-url.eu-west-1.on.aws/",
    "https://abcs3.amazonaws.com/a",
    "http://169.254.169.254/latest/meta-data/iam/security-credentials/",
    "http://169.254.170.2/v2/credentials",
    "http://127.0.0.1:9001/2018-06-01/runtime/invocation/next",  # Lambda's own runtime API
    "http://localhost:9200/_all",
    "https://[::1]/a",
    "https://bucket.s3.amazonaws.com.\u0430/a",
    "file:///etc/passwd",
    "gopher://bucket.s3.amazonaws.com/a",
    "//bucket.s3.amazonaws.com/a",
    "https://",
    "https://[",
    "",
    None,
    7,
    ["https://bucket.s3.amazonaws.com/a"],
]


def _never(*_: Any, **__: Any) -> NoReturn:
    raise AssertionError("nothing may be asked for")


def _request(address: Any, kind: str = "Delete") -> dict[str, Any]:
    ids = {"StackId": "arn:stack", "RequestId": "1", "LogicalResourceId": "Subscriptions"}
    return {"RequestType": kind, "ResponseURL": address, **ids}


@pytest.fixture
def _at_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in Lambda: nothing stands for AWS."""
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_CLOUDFORMATION"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.usefixtures("_at_aws")
@pytest.mark.parametrize("address", FOREIGN, ids=repr)
def test_a_request_whose_answer_would_not_go_to_aws_is_refused_before_anything_is_done(address: Any) -> None:
    """Else whoever may invoke the function could have it send requests into its network, or undo the deployment."""
    nothing = Surroundings(*[_never] * 7, owner="test", log_stream="stream")

    with pytest.raises(PayloadError, match="foreign") as by_subscriber:
        subscriber_run(_request(address), nothing)
    with pytest.raises(PayloadError, match="foreign") as by_provisioner:
        provisioner_events.handle(_request(address), "stream", Deadline(lambda: 300.0), _never)
    with pytest.raises(PayloadError, match="foreign"):
        custom_resource.respond(_request(address), "stream", failure=None)

    assert "attacker" not in f"{by_subscriber.value}{by_provisioner.value}"


@pytest.mark.usefixtures("_at_aws")
@pytest.mark.parametrize("address", RIGHT)
def test_every_address_that_cloudformation_uses_is_taken(address: str) -> None:
    custom_resource.check(_request(address))


@pytest.mark.usefixtures("_at_aws")
@given(st.text(max_size=60))
def test_no_address_that_anybody_makes_up_leads_away_from_aws(text: str) -> None:
    """Property: whatever is put in front of the host or into it, only hosts of S3 are taken."""
    for address in (text, f"https://{text}", f"https://{text}.s3.amazonaws.com/", f"https://s3.{text}/"):
        try:
            custom_resource.check(_request(address))
        except PayloadError:
            continue
        host = address.removeprefix("https://").partition("/")[0].partition("?")[0].partition("#")[0]
        assert host.lower().removesuffix(":443").endswith((".amazonaws.com", ".amazonaws.com.cn", ".amazonaws.eu"))


@pytest.mark.parametrize(
    ("named", "address", "taken"),
    [
        ("http://127.0.0.1:4566", "http://127.0.0.1:4566/answer", True),
        ("http://127.0.0.1:4566", "http://localhost:4566/answer", True),
        ("http://127.0.0.1:4566", "http://169.254.169.254/", False),
        ("http://aws.test:4566", "http://127.0.0.1:4566/answer", False),
        ("", "http://127.0.0.1:4566/answer", False),
    ],
)
def test_an_emulator_is_taken_for_aws_only_where_it_is_named_so(
    monkeypatch: pytest.MonkeyPatch, named: str, address: str, taken: bool
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", named)
    monkeypatch.delenv("AWS_ENDPOINT_URL_CLOUDFORMATION", raising=False)

    if taken:
        custom_resource.check(_request(address))
    else:
        with pytest.raises(PayloadError):
            custom_resource.check(_request(address))


@pytest.fixture
def aws() -> Iterator[Bench]:
    with bench() as found:
        found.configuration = Configuration(logs=Logs(exclude=("/excluded/*",), retention_days=None))
        yield found


@pytest.mark.parametrize(
    "event",
    [
        created("/no-such-group"),
        tagged(group_arn("/no-such-group")),
        tagged("arn:aws:logs:us-east-1:999999999999:log-group:/no-such-group"),
        tagged("arn:aws:lambda:us-east-1:999999999999:function:somebody-elses"),
    ],
    ids=["created", "tagged", "elsewhere", "function elsewhere"],
)
def test_an_event_about_what_does_not_exist_changes_nothing(aws: Bench, event: dict[str, Any]) -> None:
    """AWS is asked whether the group is there: the event itself proves nothing."""
    aws.world.group("/shop")

    answer = aws.run(queued(event))

    assert answer == {"batchItemFailures": []}
    assert aws.states() == {}
    assert aws.names("/shop") == []


@pytest.mark.parametrize(
    "event",
    [
        created("/shop") | {"account": "999999999999", "region": "us-east-1"},
        tagged("arn:aws:logs:us-east-1:999999999999:log-group:/shop"),
    ],
    ids=["created", "tagged"],
)
def test_an_event_about_somebody_elses_group_looks_at_the_own_one_of_that_name_as_a_sweep_would(
    aws: Bench, event: dict[str, Any]
) -> None:
    aws.world.group("/shop")

    aws.run(queued(event))

    assert aws.names("/shop") == ["watchpost.service=shop"]
    assert aws.states() == {"/shop": "covered"}


@pytest.mark.parametrize("group", [f"/aws/lambda/{STACK}-shipper", f"/aws/lambda/{STACK}-subscriber", "/excluded/a"])
def test_no_event_gets_a_group_subscribed_that_must_not_be(aws: Bench, group: str) -> None:
    """A forged event must not begin a loop, nor override the configuration."""
    aws.world.group(group)

    aws.run(queued(created(group), tagged(group_arn(group))))

    assert aws.names(group) == []
    assert aws.states() == {group: "skipped"}


@pytest.mark.parametrize(
    "name",
    ["/a b", "/a\r\nb", "/a\x1b[2J", "/\u202eb", "a" * 513, "../..\n", "$LATEST", "a:b", "a*", "'; DROP", "\ud800"],
)
def test_a_name_that_no_group_can_have_is_neither_asked_for_nor_written_down(aws: Bench, name: str) -> None:
    asked = aws.count(lambda: aws.run(queued(created(name))))

    assert dict(asked) == {}
    assert aws.states() == {}


def test_a_made_up_change_of_the_configuration_begins_a_sweep_by_the_configuration_that_is_there(aws: Bench) -> None:
    aws.world.group("/shop")
    aws.world.group("/excluded/a")
    detail = {"name": "/other", "value": '{"logs": {"exclude": []}}'}

    aws.run({"detail-type": "Parameter Store Change", "detail": detail})

    assert aws.names("/shop") == ["watchpost.service=shop"]
    assert aws.names("/excluded/a") == []


@pytest.mark.parametrize(
    "body", ['{"action": "plan"}', '{"allow_mass_deletion": true}', "junk", "", '{"RequestType": "Delete"}']
)
def test_what_lies_in_the_provisioners_queue_does_not_matter(body: str) -> None:
    order = provisioner_events.order_of({"Records": [{"eventSource": "aws:sqs", "body": body}]})

    assert (order.action, order.allow_mass_deletion) == ("apply", False)


@pytest.mark.parametrize(
    "key",
    ["config/document.json", "graphs/a.png", "", "/dead-letters/x", "replay-claims/dead-letters/x", "../rejected/x", 7],
)
def test_a_replay_touches_nothing_beside_the_letters(key: Any) -> None:
    with pytest.raises(PayloadError, match="malformed"):
        request_of({"again": [key]})
    assert request_of({"again": ["dead-letters/x", "rejected/x", "aws/lambda/x"]}).again


@pytest.fixture
def world() -> Iterator[World]:
    with one_stack() as found:
        yield found


@pytest.fixture
def pager() -> Iterator[PagerDuty]:
    with PagerDuty("oncall") as found:
        yield found


OTHER = ["arn:aws:sns:eu-west-1:999999999999:critical", "arn:aws:sns:eu-west-1:123456789012:anybodys", "", "\x1b[2J"]


@pytest.mark.parametrize("topic", OTHER, ids=repr)
def test_a_message_by_another_topic_does_not_end_an_incident(
    world: World, ops: Webhook, pager: PagerDuty, topic: str
) -> None:
    """It is told as what it is: nobody's alarm of this stack, of unknown severity, beside the incident that goes on."""
    # given an alarm that rings
    world.tells(ops, pager)
    world.deliver(alarm())
    assert pager.open == {KEY}

    # when somebody says by a topic of theirs that it is over
    world.deliver(alarm("OK", world.pass_time(minutes=1)), severity=topic)

    # then it still rings, and the stack's own message ends it
    assert pager.open == {KEY}
    assert KEY not in [one["key"] for one in ops.messages if one["event"] == "resolved"]
    world.deliver(alarm("OK", world.pass_time(minutes=7)))
    assert pager.open == set()
    assert ops.refused == pager.refused == []


@pytest.mark.parametrize("topic", OTHER, ids=repr)
def test_a_message_by_another_topic_does_not_keep_an_alarm_from_being_told(
    world: World, ops: Webhook, topic: str
) -> None:
    """What is forged first must not make the real one look like a repetition."""
    world.tells(ops)
    world.deliver(alarm(), severity=topic)
    world.deliver(alarm("ALARM", BEGIN))

    told = [(one["severity"], one["event"]) for one in ops.messages]

    assert told == [("unknown", "opened"), ("critical", "opened")]
    assert ops.messages[0]["service"] is None
    assert ops.messages[1]["service"] == "orders"
    assert ops.messages[0]["key"] != ops.messages[1]["key"]


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=5))
def test_no_event_makes_cloudformation_of_what_is_none(value: Any) -> None:
    """Property: what has no address for an answer is refused, whatever its other fields say."""
    with pytest.raises(PayloadError):
        custom_resource.check({"RequestType": "Delete", "ResponseURL": json.dumps(value)})
