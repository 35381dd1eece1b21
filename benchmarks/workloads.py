"""What the shipper is compared with: the least that any shipper must do, and one as it is often written."""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any

import orjson
from elasticsearch import Elasticsearch, helpers
from shipper.convert import MAX_LINES


def decode(event: dict[str, Any]) -> dict[str, Any]:
    """What no shipper can leave out."""
    content: dict[str, Any] = orjson.loads(gzip.decompress(base64.b64decode(event["awslogs"]["data"])))
    return content


def decode_and_document(event: dict[str, Any]) -> int:
    """The same, and for each line a minimal document: the fields that every document has, whatever its line says.

    Nothing is parsed, nothing is checked, and the text is the whole message. The documents are joined as the shipper
    joins them, a request at a time: all at once, fetching fresh memory for them would be most of the work. Returns the
    bytes of all requests.
    """
    dumps, content = orjson.dumps, decode(event)
    common = {
        "data_stream": {"type": "logs", "dataset": "watchpost.app", "namespace": "dev"},
        "event": {"dataset": "watchpost.app", "ingested": "2026-11-21T08:00:00.123Z"},
        "service": {"name": "orders-api", "environment": "dev"},
        "cloud": {
            "provider": "aws",
            "region": "eu-west-1",
            "account": {"id": content["owner"]},
            "service": {"name": "lambda"},
        },
        "aws": {"cloudwatch": {"log_group": content["logGroup"], "log_stream": content["logStream"]}},
        "faas": {"name": content["logGroup"].rpartition("/")[2], "version": "$LATEST"},
    }
    events, size = content["logEvents"], 0
    for start in range(0, len(events), MAX_LINES):
        items = []
        for one in events[start : start + MAX_LINES]:
            items.append(dumps({"create": {"_index": "logs-watchpost.app-dev", "_id": one["id"]}}))
            items.append(dumps({"@timestamp": one["timestamp"], "message": one["message"], **common}))
        size += len(b"\n".join(items))
    return size


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
