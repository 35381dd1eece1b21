"""Tells whether an object in Kibana is still what was put there, although Kibana writes it in its own way.

Kibana migrates what it imports to its own version, so what it exports is never what was sent. An object's description
therefore ends with a seal: a digest of what was sent, and one of what Kibana made of it. An object is as defined when
the first is that of what would be sent now, and the second that of what Kibana exports now. Data views have no
description, and Kibana writes into them by itself (how often a field was used): of them, what was sent is compared.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from provisioner.kibana.model import DATA_VIEW, Key, SavedObject, digest, key_of

_SEAL = re.compile(r" \[([0-9a-f]{12})-([0-9a-f]{12})\]\Z")
# What an export says besides these is Kibana's own: when it was changed and by whom.
_SENT = ("type", "id", "attributes", "references", "coreMigrationVersion", "typeMigrationVersion", "migrationVersion")


@dataclass(frozen=True, slots=True)
class Found:
    """An object in Kibana. intact: the digest of what was sent, "" when it is not what Kibana made of that."""

    key: Key
    intact: str
    view: SavedObject | None = None  # a data view, whole


def found(exported: SavedObject) -> Found:
    """An exported object, as far as it matters."""
    if exported["type"] == DATA_VIEW:
        return Found(key_of(exported), "", exported)
    seal = _SEAL.search(_description(exported))
    return Found(key_of(exported), seal[1] if seal and seal[2] == _content(exported) else "")


def is_same(there: Found, wanted: SavedObject) -> bool:
    """Whether what is in Kibana is what is wanted."""
    if there.view is None:
        return there.intact == sent(wanted)
    attributes = there.view["attributes"]
    return all(attributes.get(name) == value for name, value in wanted["attributes"].items())


def sent(wanted: SavedObject) -> str:
    """The digest of an object before it is sent."""
    return digest(wanted)


def sealed(exported: SavedObject, digest_sent: str) -> SavedObject:
    """An object as Kibana exported it, with the seal, to be imported again."""
    description = f"{_plain(exported)} [{digest_sent}-{_content(exported)}]"
    return {**_sendable(exported), "attributes": {**exported["attributes"], "description": description}}


def merged(there: Found | None, wanted: SavedObject) -> SavedObject:
    """What is sent: of a data view, with what people added to it, such as runtime fields."""
    if there is None or there.view is None:
        return wanted
    return {**_sendable(there.view), "attributes": {**there.view["attributes"], **wanted["attributes"]}}


def _sendable(exported: SavedObject) -> SavedObject:
    return {name: exported[name] for name in _SENT if name in exported}


def _description(exported: SavedObject) -> str:
    description: Any = exported["attributes"].get("description")
    return description if isinstance(description, str) else ""


def _plain(exported: SavedObject) -> str:
    return _SEAL.sub("", _description(exported))


def _content(exported: SavedObject) -> str:
    attributes = {**exported["attributes"], "description": _plain(exported)}
    return digest(attributes, sorted(exported["references"], key=str))
