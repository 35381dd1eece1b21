"""The ledger of subscriptions: what is known of each log group, and how far the sweep is, in one DynamoDB table.

An item for each log group, with its name as the key, and one with the key `|sweep` ("|" cannot be in a group's name).
Only what is not empty is stored; attributes that nobody here knows are left alone.
"""

from __future__ import annotations

import logging
import random
import re
import time
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, Literal, get_args

from botocore.exceptions import ClientError

from watchpost.aws import code_of
from watchpost.errors import LedgerError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    # Its stubs are not installed, as those of the other services are.
    DynamoDBClient = Any

State = Literal["covered", "skipped", "blocked", "failed"]

KEY = "log_group"
SWEEP = "|sweep"
BATCH = 25  # items a call (DynamoDB API, BatchWriteItem)
MAX_ATTEMPTS = 8  # of one batch; with the pauses below that is at most about 10 s
FIRST_PAUSE = 0.1  # seconds; doubled with each attempt, of which a random part is waited
LONGEST_PAUSE = 3.0  # seconds
# An item has 400 KB (DynamoDB quotas), whatever tags, configuration and errors say: these keep the largest far below.
MAX_TEXT = 1_000  # characters
MAX_TEXTS = 50  # of a list

# 1 to 512 characters (CloudWatch Logs API, CreateLogGroup); what is longer or has a "|" came from somewhere else.
_GROUP = re.compile(r"[^|]{1,512}", re.DOTALL)
_CONDITION = "ConditionalCheckFailedException"
_FLAGS = ("again", "leaving")  # set by others than who sweeps
_STATES = frozenset(get_args(State))
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Entry:
    """What is known of one log group."""

    log_group: str
    state: State
    since: str  # ISO 8601, UTC: when it came into this state
    rule: str  # which rule decides, for people
    reason: str
    service: str = ""
    filter: str = ""  # name of our filter on it
    destination: str = ""  # ARN that it points to
    via: str = ""  # of a covered one: "filter" or "account"
    held_by: tuple[str, ...] = ()  # of a blocked one: the filters that fill the quota
    missed: int = 0  # sweeps in a row in which it should have been covered and was not


@dataclass(frozen=True, slots=True)
class Sweep:
    """How far sweeping is. Times are seconds since 1970."""

    owner: str = ""  # who has the lease, or had it last
    lease_until: float = 0.0
    began: float = 0.0
    cursor: str = ""  # the last group that is done; "" at the beginning
    finished: float = 0.0  # end of the last complete one
    running: bool = False  # begun and not complete
    again: bool = False  # another one is asked for
    leaving: bool = False  # nothing is subscribed any more
    scope: str = ""  # in which it was begun: "groups" or "account"
    problems: tuple[str, ...] = ()  # for people: configuration, account policy
    counts: Mapping[str, int] = field(default_factory=dict)  # of the sweep so far, or of the last complete one


class Ledger:
    """The table of one stack. botocore's errors are raised as they are.

    All reads are strongly consistent: an event must see what the event before it wrote a moment ago, and a sweep that
    saw an older entry would take the change of another for one of its own to make.
    """

    def __init__(self, client: DynamoDBClient, table: str, sleep: Callable[[float], None] = time.sleep) -> None:
        """table: its name. sleep: waits some seconds between two attempts of a batch."""
        self._client = client
        self._table = table
        self._sleep = sleep

    def get(self, log_group: str) -> Entry | None:
        """The entry of a log group; None when there is none, or none that can be read."""
        if not _GROUP.fullmatch(log_group):
            return None
        item = self._item(log_group)
        return _entry(item) if item else None

    def read(self) -> dict[str, Entry]:
        """All entries by the name of their log group, sorted. What cannot be read is left out with a warning."""
        pages = self._client.get_paginator("scan").paginate(TableName=self._table, ConsistentRead=True)
        items = (item for page in pages for item in page["Items"])
        entries = (_entry(item) for item in items if not item[KEY]["S"].startswith("|"))
        return {entry.log_group: entry for entry in sorted(filter(None, entries), key=lambda entry: entry.log_group)}

    def put(self, entries: Iterable[Entry]) -> None:
        """Write entries, each in place of the one that its log group had; of two for one group the last one.

        Raises LedgerError when the table does not take all of them in time.
        """
        self._write({entry.log_group: {"PutRequest": {"Item": _item_of(entry)}} for entry in entries})

    def remove(self, log_groups: Iterable[str]) -> None:
        """Remove the entries of log groups, whether there are any or not. Raises LedgerError as `put` does."""
        self._write({name: {"DeleteRequest": {"Key": _key(name)}} for name in log_groups})

    def sweep(self) -> Sweep:
        """How far sweeping is; a new Sweep when there was none."""
        return _sweep(self._item(SWEEP))

    def claim(self, owner: str, until: float, now: float) -> Sweep | None:
        """Take the lease when it is free, has expired, or is the owner's already; None when somebody else has it.

        until, now: seconds since 1970. DynamoDB decides, so that of two at the same moment only one gets it.
        """
        condition = (
            # Edited by hand to something else than a number, it would compare to nothing and never expire.
            "NOT attribute_type(#lease_until, :number)"
            " OR attribute_not_exists(#lease_until) OR #lease_until <= :now OR #owner = :claimant"
        )
        values = {":now": _encoded(now), ":claimant": {"S": owner}, ":number": {"S": "N"}}
        return self._update({"owner": owner, "lease_until": until}, condition, values)

    def save(self, sweep: Sweep, *, again: bool | None = None, leaving: bool | None = None) -> bool:
        """Store how far the sweep is, and say whether that was done: only while its owner has the lease.

        With a `lease_until` of 0 the lease is given back. `sweep.again` and `sweep.leaving` are not written, because
        others may have set them meanwhile; the arguments of these names are, unless they are None.
        """
        flags = {name: flag for name, flag in zip(_FLAGS, (again, leaving), strict=True) if flag is not None}
        written = {one.name: getattr(sweep, one.name) for one in fields(Sweep) if one.name not in _FLAGS}
        return self._update(written | flags, "#owner = :claimant", {":claimant": {"S": sweep.owner}}) is not None

    def request(self, *, again: bool | None = None, leaving: bool | None = None) -> None:
        """Set or clear flags, whoever has the lease; None leaves one as it is."""
        flags = {name: flag for name, flag in zip(_FLAGS, (again, leaving), strict=True) if flag is not None}
        if flags:
            self._update(flags)

    def _item(self, key: str) -> dict[str, Any]:
        answer = self._client.get_item(TableName=self._table, Key=_key(key), ConsistentRead=True)
        return dict(answer.get("Item", {}))

    def _update(
        self, written: Mapping[str, Any], condition: str | None = None, values: Mapping[str, Any] | None = None
    ) -> Sweep | None:
        """Write attributes of the sweep's item; the whole sweep afterwards, None when the condition does not hold."""
        stored = {f":{name}": _encoded(value) for name, value in written.items() if value}
        kept = ", ".join(f"#{name[1:]} = {name}" for name in stored)
        emptied = ", ".join(f"#{name}" for name, value in written.items() if not value)
        request: dict[str, Any] = {
            "UpdateExpression": (f"SET {kept} " if kept else "") + (f"REMOVE {emptied}" if emptied else ""),
            "ExpressionAttributeNames": {f"#{name}": name for name in {*written, *_names_in(condition)}},
        }
        if values := {**stored, **(values or {})}:
            request["ExpressionAttributeValues"] = values
        if condition:
            request["ConditionExpression"] = condition
        try:
            answer = self._client.update_item(TableName=self._table, Key=_key(SWEEP), ReturnValues="ALL_NEW", **request)
        except ClientError as error:
            if code_of(error) != _CONDITION:
                raise
            return None
        return _sweep(answer["Attributes"])

    def _write(self, requests: dict[str, dict[str, Any]]) -> None:
        """Write in batches. A name that no log group can have is left out: it could be that of the sweep's item."""
        for name in [name for name in requests if not _GROUP.fullmatch(name)]:
            _log.warning("the ledger keeps nothing for %.100r, which is no name of a log group", name)
            del requests[name]
        waiting = list(requests.values())
        for start in range(0, len(waiting), BATCH):
            left = self._write_batch(waiting[start : start + BATCH])
            if left:
                raise LedgerError([_name_in(request) for request in left + waiting[start + BATCH :]])

    def _write_batch(self, batch: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Write up to 25 items; what DynamoDB did not take at any attempt.

        A busy table takes a part of a batch and hands the rest back, which is no error (DynamoDB API, BatchWriteItem).
        """
        for attempt in range(MAX_ATTEMPTS):
            if attempt:
                pause = min(FIRST_PAUSE * 2.0**attempt, LONGEST_PAUSE)
                self._sleep(pause * random.uniform(0, 1))  # noqa: S311  # jitter is no secret
            answer = self._client.batch_write_item(RequestItems={self._table: batch})
            # Keyed by what the table was called, which may be its name or its ARN.
            batch = [request for requests in answer.get("UnprocessedItems", {}).values() for request in requests]
            if not batch:
                break
        return batch


def _key(name: str) -> dict[str, Any]:
    return {KEY: {"S": name}}


def _name_in(request: dict[str, Any]) -> str:
    key = request["PutRequest"]["Item"] if "PutRequest" in request else request["DeleteRequest"]["Key"]
    return str(key[KEY]["S"])


def _names_in(condition: str | None) -> Iterator[str]:
    return (name[1:] for name in re.findall(r"#\w+", condition or ""))


def _encoded(value: Any) -> dict[str, Any]:
    """A value as DynamoDB's JSON has it."""
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, str):
        return {"S": value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")[:MAX_TEXT]}
    if isinstance(value, tuple):
        return {"L": [_encoded(item) for item in value[:MAX_TEXTS]]}
    if isinstance(value, Mapping):
        return {"M": {name: _encoded(item) for name, item in value.items()}}
    return {"N": repr(value)}


def _item_of(entry: Entry) -> dict[str, Any]:
    stored = {one.name: getattr(entry, one.name) for one in fields(Entry)}
    return {name: _encoded(value) for name, value in stored.items() if value}


def _decoded(attribute: Mapping[str, Any], like: Any) -> Any:
    """An attribute as a value of the same kind as `like`. Raises ValueError for any other."""
    [(kind, value)] = attribute.items()
    if kind == "L" and isinstance(like, tuple):
        return tuple(_decoded(item, "") for item in value)
    if kind == "M" and isinstance(like, Mapping):
        return {name: _decoded(item, 0) for name, item in value.items()}
    expected = {bool: "BOOL", str: "S", int: "N", float: "N"}.get(type(like))
    if kind != expected:
        raise ValueError(f"found an attribute of type {kind}, expected {expected or 'a list or a map'}")
    return type(like)(value)


def _entry(item: Mapping[str, Any]) -> Entry | None:
    """An entry; None with a warning for an item that somebody broke by hand: one group never stops the others."""
    defaults = {one.name: "" if one.default is MISSING else one.default for one in fields(Entry)}
    try:
        found = {name: _decoded(item[name], like) for name, like in defaults.items() if name in item}
    except ValueError as error:
        _log.warning("the ledger's entry of %r is skipped: %s", item[KEY].get("S"), error)
        return None
    if found.get("state") not in _STATES:
        expected = ", ".join(sorted(_STATES))
        _log.warning(
            "the ledger's entry of %r is skipped: found state %.50r, expected one of %s",
            *(found[KEY], found.get("state"), expected),
        )
        return None
    return Entry(**dict.fromkeys(("since", "rule", "reason"), "") | found)


def _sweep(item: Mapping[str, Any]) -> Sweep:
    """The sweep's item; what somebody broke by hand in it is as if it was not there, which a sweep survives."""
    found = Sweep()
    for one in fields(Sweep):
        if one.name in item:
            try:
                found = replace(found, **{one.name: _decoded(item[one.name], getattr(found, one.name))})
            except ValueError as error:
                _log.warning("%s of the sweep is skipped: %s", one.name, error)
    return found
