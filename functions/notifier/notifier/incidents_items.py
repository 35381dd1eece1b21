"""How incidents and decisions lie in DynamoDB. Pure. What somebody broke by hand is as if it was not there."""

from __future__ import annotations

import hashlib
import re
from dataclasses import fields
from datetime import datetime
from typing import TYPE_CHECKING, Any

from notifier.incidents import Decision, Incident, stamp

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import timedelta

Item = dict[str, Any]  # DynamoDB's JSON

_LONGEST = 600  # bytes of a part of a key, of which there are two at most in 2,048 (DynamoDB quotas, partition key)


def pk(kind: str, *parts: str) -> str:
    """The key of an item. Parts that are too long for it are replaced by what stands for them."""
    return "#".join((kind, *(_short(part) for part in parts)))


def _short(part: str) -> str:
    encoded = part.encode("utf-8", "replace")
    return encoded.decode() if len(encoded) <= _LONGEST else hashlib.sha256(encoded).hexdigest()


def key(name: str) -> Item:
    """The Key of a request."""
    return {"pk": {"S": name}}


def text(value: str) -> Item:
    """A text. Lone surrogates, which DynamoDB does not take, are replaced."""
    return {"S": value.encode("utf-8", "replace").decode()}


def number(value: float) -> Item:
    """A number."""
    return {"N": repr(value)}


def flag(value: object) -> Item:
    """True or false."""
    return {"BOOL": bool(value)}


def time(when: datetime) -> Item:
    """A point in time, to compare with others: seconds since 1970."""
    return number(when.timestamp())


def later(now: datetime, span: timedelta) -> Item:
    """The `expires` of an item that is kept for a time, as DynamoDB wants it: whole seconds."""
    return {"N": str(int((now + span).timestamp()))}


def is_expired(item: Item, now: datetime) -> bool:
    """Whether an item is as if it was not there."""
    return float_of(item, "expires", float("inf")) <= now.timestamp()


def text_of(item: Item, name: str) -> str:
    """A text of an item, "" without."""
    return str(item.get(name, {}).get("S", ""))


def float_of(item: Item, name: str, default: float = 0.0) -> float:
    """A number of an item."""
    return float(item.get(name, {}).get("N", default))


def flag_of(item: Item, name: str) -> bool:
    """Whether an item says true."""
    return item.get(name, {}).get("BOOL") is True


def setting(written: Mapping[Any, Item], condition: str = "", values: Mapping[str, Item] | None = None) -> Item:
    """The part of UpdateItem that writes attributes.

    written: by name; a pair of names is that of a map and that of an entry in it. condition: with `#name` for
    attributes. values: that it uses.
    """
    names: dict[str, str] = {f"#{name}": name for name in re.findall(r"#(\w+)", condition)}
    stored: Item = dict(values or {})
    parts = []
    for index, (name, value) in enumerate(written.items()):
        outer, inner = (name, "") if isinstance(name, str) else name
        names |= {f"#{outer}": outer} | ({"#inner": inner} if inner else {})
        stored[f":v{index}"] = value
        parts.append(f"#{outer}{'.#inner' if inner else ''} = :v{index}")
    request: Item = {"UpdateExpression": "SET " + ", ".join(parts), "ExpressionAttributeNames": names}
    request["ExpressionAttributeValues"] = stored
    return request | ({"ConditionExpression": condition} if condition else {})


def of_incident(incident: Incident) -> Item:
    """An incident's attributes, without its memory and its version."""
    return {
        "is_open": flag(incident.is_open),
        "opened": text(stamp(incident.opened)),
        "began": text(stamp(incident.began)),
        "changed": text(stamp(incident.changed)),
        "ended": text(stamp(incident.ended) if incident.ended else ""),
        "times": number(incident.times),
        "part_of": text(incident.part_of),
        "event": text(incident.event),
    }


def incident_of(item: Item | None) -> Incident | None:
    """An incident; None for none, and for one that cannot be read."""
    if not item:
        return None
    try:
        opened, began, changed = (datetime.fromisoformat(text_of(item, name)) for name in _TIMES)
        memory = {
            receiver: {name: text_of(inner["M"], name) for name in inner["M"]}
            for receiver, inner in item.get("memory", {}).get("M", {}).items()
        }
        return Incident(
            is_open=flag_of(item, "is_open"),
            opened=opened,
            began=began,
            changed=changed,
            ended=datetime.fromisoformat(ended) if (ended := text_of(item, "ended")) else None,
            times=int(float_of(item, "times", 1)),
            part_of=text_of(item, "part_of"),
            event=text_of(item, "event"),
            memory=memory,
            version=int(float_of(item, "version")),
        )
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


_TIMES = ("opened", "began", "changed")


def of_decision(decision: Decision) -> Item:
    """A decision's attributes."""
    found = {name.name: getattr(decision, name.name) for name in fields(Decision)}
    kinds: dict[type, Callable[[Any], Item]] = {bool: flag, str: text, int: number, float: number}
    return {name: kinds[type(value)](value) for name, value in found.items() if value is not None}


def decision_of(item: Item) -> Decision:
    """What was decided about a message."""
    return Decision(
        event="" if flag_of(item, "done") else text_of(item, "event"),
        key=text_of(item, "key"),
        why="everybody was told of it already" if flag_of(item, "done") else text_of(item, "why"),
        lasted=float_of(item, "lasted") if "lasted" in item else None,
        times=int(float_of(item, "times", 1)),
        opened=text_of(item, "opened"),
        is_part=flag_of(item, "is_part"),
    )
