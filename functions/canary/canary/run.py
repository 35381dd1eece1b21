"""One run: a line is written and looked for; then what is wrong is named, counted and told."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError
from watchpost import heartbeat, names
from watchpost.aws import code_of
from watchpost.errors import ClusterRefusedError, ClusterUnavailableError, ConfigurationError

from canary import beat, cluster, letters, telling
from canary import line as lines
from canary.findings import CAUSES, DEAD_LETTERS, ELASTICSEARCH, JOINTS, METRICS, UNKNOWN, Finding, broken, cut
from canary.joints import SERVICE, Joints
from canary.memory import WELL, Memory, Record

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from watchpost.elasticsearch import Cluster
    from watchpost.secrets import Secret
    from watchpost.settings import Settings

LAG = "PipelineLagSeconds"
PAUSE = 0.5  # seconds between two looks into Elasticsearch
# Seconds after which the joints are looked at when the line is not there yet. What is certain ends the run; that
# Elasticsearch does not answer is said when also the shipper has given up, which tries for about eight.
EARLY, LATE = 3.0, 10.0
RESERVE = 15.0  # seconds at the end of the invocation that looking at the joints, and telling, may take

_logger = Logger(service=SERVICE)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Everything outside that a run needs."""

    settings: Settings
    client: Callable[[str], Any]  # of AWS by botocore's name
    elasticsearch_secret: Callable[[], Secret]  # as it is now
    notification_secret: Callable[[], Secret]
    now: Callable[[], float]  # seconds since 1970
    monotonic: Callable[[], float]
    sleep: Callable[[float], None]
    remaining: Callable[[], float]  # seconds until Lambda ends the invocation


@dataclass(slots=True)
class _Run:
    around: Surroundings
    before: Record | None
    line: lines.Line
    joints: Joints
    cluster: Cluster | None = None
    search: lines.Search | None = None
    lag: float | None = None
    findings: dict[str, Finding] = field(default_factory=dict)  # by joint; the first of each counts

    def add(self, *found: Finding | None) -> None:
        for one in found:
            if one:
                self.findings.setdefault(one.joint, one)

    @property
    def broken(self) -> bool:
        return bool(broken(self.findings.values()))


def run(around: Surroundings) -> dict[str, Any]:
    """Send a line through the whole path and say what came of it; what is wrong is told, and raises nothing.

    Returns state (well, warned, broken), lag_seconds (None when the line did not arrive), joints (each with joint,
    seen, todo, is_warning), removed (lines in Elasticsearch), heartbeat (pinged, none, withheld, failed), told.
    """
    settings = around.settings
    memory = Memory(around.client("dynamodb"), settings.incident_table)
    before = memory.read()
    joints = Joints(settings, around.client, around.now)
    state = _Run(around, before, lines.new(around.now()), joints)
    removed = 0
    state.cluster, problem = cluster.connect(settings, around.elasticsearch_secret)
    state.add(problem)
    try:
        if state.cluster:
            state.search = lines.Search(state.cluster, settings)
        _send(state)
        if state.search and state.lag is not None:
            removed, problem = state.search.remove(state.line)
            state.add(problem)
    finally:
        if state.cluster:
            state.cluster.close()
    if state.lag is not None:
        state.add(_publish(around, state.lag))
    state.add(*letters.joints(around.client("s3"), settings.dead_letter_bucket, state.line, _since(state)))
    beaten = _beat(state)
    return _conclude(state, memory, removed, beaten)


def _since(state: _Run) -> float:
    """From when on the shipper's dead letters tell of now: what it stored after a run that was well had seen all."""
    before = state.before
    return before.written if before and before.state == WELL and before.written else state.line.written


def _send(state: _Run) -> None:
    """Write the line and wait for it, looking at the joints while it does not come."""
    group = names.canary_log_group(state.around.settings.stack)
    problem = lines.write(state.around.client("logs"), group, state.line)
    state.add(problem)
    began = state.around.monotonic()
    for until in (EARLY, LATE, None):
        if not problem and state.search and _arrives(state, None if until is None else began + until):
            state.add(*_of_cluster(state))
            return
        _look(state, until)
        # Nothing can arrive, or somebody knows why it does not.
        if problem or not state.search or state.broken:
            return
    log = f"/aws/lambda/{state.around.settings.stack}-shipper"
    todo = f"Look at the shipper's log, {log}, and whether CloudWatch Logs or Elasticsearch are slow."
    state.add(Finding(UNKNOWN, "the line did not arrive, and every joint looks well", todo))


def _arrives(state: _Run, until: float | None) -> bool:
    """Wait for the line. until: as of monotonic; None for as long as there is time."""
    around, search = state.around, state.search
    assert search is not None  # noqa: S101  # said by the caller, for the type checker
    while True:
        try:
            if search.finds(state.line):
                state.lag = max(around.now() - state.line.written, 0.0)
                return True
        except ClusterRefusedError as error:
            if error.status in (401, 403):
                return False
            _logger.warning("Elasticsearch refused a search: %s", cut(error))
        except ClusterUnavailableError as error:
            _logger.info("Elasticsearch did not answer a search: %s", cut(error))
        over = until is not None and around.monotonic() >= until
        if over or around.remaining() < RESERVE:
            return False
        around.sleep(PAUSE)


def _look(state: _Run, until: float | None) -> None:
    """Look at every joint."""
    around = state.around
    state.add(*state.joints.look(recent=until is None))
    found = _of_cluster(state)
    state.add(*(one for one in found if until != EARLY or one.joint != ELASTICSEARCH))
    state.add(*letters.joints(around.client("s3"), around.settings.dead_letter_bucket, state.line, _since(state)))


def _of_cluster(state: _Run) -> list[Finding]:
    return cluster.joints(state.cluster, state.around.settings) if state.cluster else []


def _publish(around: Surroundings, lag: float) -> Finding | None:
    """Publish the lag; what is wrong with that. Without it the alarm rings, as missing data is breaching."""
    dimensions = [{"Name": "Stack", "Value": around.settings.stack}]
    datum = {"MetricName": LAG, "Dimensions": dimensions, "Value": lag, "Unit": "Seconds"}
    try:
        around.client("cloudwatch").put_metric_data(Namespace=names.PIPELINE_NAMESPACE, MetricData=[datum])
    except (ClientError, BotoCoreError) as error:
        seen = f"CloudWatch takes no metrics of the canary: {code_of(error) or type(error).__name__}"
        todo = (
            f"Check that its role allows cloudwatch:PutMetricData in {names.PIPELINE_NAMESPACE}, and CloudWatch itself."
        )
        return Finding(METRICS, seen, todo)
    return None


def _beat(state: _Run) -> str:
    """Send the heartbeat when the whole path worked: pinged, none, withheld or failed."""
    if state.broken:
        return "withheld"
    try:
        found = heartbeat.parse(state.around.notification_secret())
        problem = beat.ping(found) if found else None
    except ConfigurationError as error:
        found, problem = None, beat.warning(str(error))
    except (ClientError, BotoCoreError) as error:
        found, problem = None, beat.warning(f"its secret cannot be read: {code_of(error) or type(error).__name__}")
    state.add(problem)
    if problem:
        return "failed"
    return "pinged" if found else "none"


def _conclude(state: _Run, memory: Memory, removed: int, beaten: str) -> dict[str, Any]:
    """Tell what is to be told, keep what is known, and say it."""
    around, before = state.around, state.before
    found = dict(state.findings)
    if found.keys() & CAUSES:
        found.pop(DEAD_LETTERS, None)  # a consequence
    findings = tuple(sorted(found.values(), key=lambda one: JOINTS.index(one.joint)))
    now = around.now()
    record = Record(findings, now, 0.0, now, state.line.written, state.lag, beaten)
    if before and before.state == record.state and before.joints == record.joints:
        record = dataclasses.replace(record, since=before.since)
    told = telling.due(before, record) and _tell(around, before, record, state.joints.notes)
    record = dataclasses.replace(record, told=now if told else (before.told if before else 0.0))
    memory.write(record)
    result = {
        "state": record.state,
        "lag_seconds": None if state.lag is None else round(state.lag, 3),
        "joints": [dataclasses.asdict(one) for one in findings],
        "removed": removed,
        "heartbeat": beaten,
        "told": told,
    }
    (_logger.error if broken(findings) else _logger.info)("the canary ran", extra={"result": result})
    return result


def _tell(around: Surroundings, before: Record | None, record: Record, notes: Sequence[str]) -> bool:
    """Tell the fallback topic; whether it took the message."""
    settings = around.settings
    try:
        around.client("sns").publish(
            TopicArn=settings.fallback_topic,
            Subject=telling.subject(settings.stack, record),
            Message=telling.text(settings, before, record, notes),
        )
    except (ClientError, BotoCoreError) as error:
        _logger.error("the fallback topic took no message: %s", code_of(error) or type(error).__name__)  # noqa: TRY400  # the next run tries again
        return False
    return True
