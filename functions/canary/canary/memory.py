"""What the canary knew last, in the table of incidents: the item `canary`, which never expires.

    state       well, warned or broken
    joints      what was not as it should be, as JSON: [{"joint", "seen", "todo", "is_warning"}]
    since       since when the state and its joints are the same, seconds since 1970
    told        when somebody was told last, 0 for never
    ran         when the canary ran last
    written     when its last line was written
    lag         seconds that this line took, absent when it did not arrive
    heartbeat   pinged, none, withheld or failed

`watchpost doctor` reads it.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError
from watchpost.aws import code_of

from canary.findings import Finding, broken
from canary.joints import SERVICE

if TYPE_CHECKING:
    from collections.abc import Mapping

KEY = "canary"
WELL, WARNED, BROKEN = "well", "warned", "broken"

_logger = Logger(service=SERVICE)
# Of this process, for the time that the table does not answer.
_kept: dict[str, Record] = {}


@dataclass(frozen=True, slots=True)
class Record:
    """What one run knew. Times in seconds since 1970."""

    findings: tuple[Finding, ...] = ()
    since: float = 0.0
    told: float = 0.0
    ran: float = 0.0
    written: float = 0.0
    lag: float | None = None
    heartbeat: str = ""

    @property
    def state(self) -> str:
        """WELL, WARNED or BROKEN."""
        if broken(self.findings):
            return BROKEN
        return WARNED if self.findings else WELL

    @property
    def joints(self) -> frozenset[str]:
        """The joints that were named."""
        return frozenset(one.joint for one in self.findings)


class Memory:
    """The item of one stack. client: of DynamoDB."""

    def __init__(self, client: Any, table: str) -> None:
        self._client = client
        self._table = table

    def read(self) -> Record | None:
        """What was known last, None at the first run. A table that does not answer leaves what this process knows."""
        try:
            answer = self._client.get_item(TableName=self._table, Key={"pk": {"S": KEY}}, ConsistentRead=True)
        except (ClientError, BotoCoreError) as error:
            _logger.warning("what was known last could not be read: %s", code_of(error) or type(error).__name__)
            return _kept.get(self._table)
        return record_of(answer["Item"]) if answer.get("Item") else None

    def write(self, record: Record) -> None:
        """Keep what is known now. A table that does not take it is no fault of the pipeline."""
        _kept[self._table] = record
        try:
            self._client.put_item(TableName=self._table, Item=item_of(record))
        except (ClientError, BotoCoreError) as error:
            _logger.warning("what is known could not be written: %s", code_of(error) or type(error).__name__)


def item_of(record: Record) -> dict[str, Any]:
    """A record as DynamoDB has it."""
    numbers = {name: getattr(record, name) for name in ("since", "told", "ran", "written", "lag")}
    return {
        "pk": {"S": KEY},
        "state": {"S": record.state},
        "joints": {"S": json.dumps([dataclasses.asdict(one) for one in record.findings])},
        "heartbeat": {"S": record.heartbeat},
        **{name: {"N": repr(value)} for name, value in numbers.items() if value is not None},
    }


def record_of(item: Mapping[str, Any]) -> Record | None:
    """An item as a record; None for one that cannot be read."""
    try:
        findings = tuple(Finding(**one) for one in json.loads(item["joints"]["S"]))
        since, told, ran, written = (float(item[name]["N"]) for name in ("since", "told", "ran", "written"))
        lag = float(item["lag"]["N"]) if "lag" in item else None
        return Record(findings, since, told, ran, written, lag, item["heartbeat"]["S"])
    except (KeyError, TypeError, ValueError):
        return None
