"""What the shipper is compared with: the least that any shipper must do, and one as it is often written."""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any

import orjson
from elasticsearch import Elasticsearch, helpers


def decode(event: dict[str, Any]) -> list[dict[str, Any]]:
    """What no shipper can leave out."""
    content = orjson.loads(gzip.decompress(base64.b64decode(event["awslogs"]["data"])))
    events: list[dict[str, Any]] = content["logEvents"]
    return events


def decode_and_dump(event: dict[str, Any]) -> bytes:
    """The same, and for each line the least that Elasticsearch can take once only: an id, the time and the text."""
    dumps = orjson.dumps
    items = []
    for one in decode(event):
        items.append(dumps({"create": {"_id": one["id"]}}))
        items.append(dumps({"@timestamp": one["timestamp"], "message": one["message"]}))
    return b"\n".join(items)


def naive(event: dict[str, Any], client: Elasticsearch) -> None:
    """A dict for each line, and the client's own helper."""
    content = json.loads(gzip.decompress(base64.b64decode(event["awslogs"]["data"])))
    actions = []
    for one in content["logEvents"]:
        try:
            fields = json.loads(one["message"])
        except ValueError:
            fields = {"message": one["message"]}
        document = {"@timestamp": one["timestamp"], "log_group": content["logGroup"], **fields}
        actions.append({"_op_type": "create", "_index": "logs-naive", "_id": one["id"], "_source": document})
    helpers.bulk(client, actions)
