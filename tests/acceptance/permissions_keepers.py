"""Has the canary and the janitor do all that they can do: scenarios of their roles."""

from __future__ import annotations

import gzip
import json
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from watchpost import names

from local import emulator
from tests.acceptance.canary_world import feeding
from tests.acceptance.helpers import archive
from tests.acceptance.permissions_world import ROLE

if TYPE_CHECKING:
    from tests.acceptance.permissions_world import World

# What the janitor removes: of what `_leave_behind` makes one of each kind.
JANITOR = {
    "mode": "delete",
    "min_age_days": 0,
    "functions": {"keep": 1, "include": ["old-*"]},
    "layers": {"keep": 1, "include": ["old-*"]},
    "log_groups": {"mode": "delete", "min_age_days": 0, "include": ["old-*"]},
}
# Seconds: enough for every look at the joints, and not for the whole wait for a line that does not come.
PATIENCE = 25


def look_out(world: World) -> None:
    """A line that arrives, and one that does not: then everything is looked at, and somebody is told."""
    stack = world.stack
    kinesis = world.client("kinesis")
    stream = kinesis.describe_stream_summary(StreamName=f"{stack.name}-logs")["StreamDescriptionSummary"]["StreamARN"]
    with feeding(stack, names.account_policy(stack.name), stream):
        answer = world.invoke("canary", {})
    assert answer["state"] == "well", answer
    letter = {"kind": "payload", "reason": "unreadable", "attempts": 1, "original": "x"}
    day = datetime.now(UTC).strftime("%Y/%m/%d")
    world.put(f"dead-letters/{day}/{uuid.uuid4()}.ndjson.gz", gzip.compress(json.dumps(letter).encode() + b"\n"))
    functions, name = world.client("lambda"), stack.outputs["CanaryFunction"]
    functions.update_function_configuration(FunctionName=name, Timeout=PATIENCE)
    assert world.invoke("canary", {})["told"]


def tidy(world: World) -> None:
    """An old version of a function, one of a layer, and the log group of a function that is gone."""
    _leave_behind(world)
    answer = world.invoke("janitor", {})
    deleted = {one["kind"] for one in answer["entries"] if one["action"] == "deleted"}
    assert len(deleted) == 3, answer


def _leave_behind(world: World) -> None:
    functions: Any = world.client("lambda")
    for _ in range(2):
        functions.publish_layer_version(LayerName="old-layer", Content={"ZipFile": archive()})
    functions.create_function(
        FunctionName="old-one",
        Runtime="python3.11",
        Role=f"arn:aws:iam::{emulator.ACCOUNT}:role/{ROLE}",
        Handler="app.handler",
        Code={"ZipFile": archive()},
    )
    for number in range(2):
        functions.update_function_configuration(FunctionName="old-one", Description=f"deployment {number}")
        functions.publish_version(FunctionName="old-one")
    world.stack.logs.create_log_group(logGroupName="/aws/lambda/old-gone")
