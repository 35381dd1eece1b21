"""What is seen of the joints of the pipeline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

# The joints, in the order in which a line passes them. docs/canary.md has them all.
LOG_GROUP = "log-group"  # the canary's own, which its line is written into
SUBSCRIPTION = "subscription"  # the filter on it, or the policy of the whole account
STREAM = "stream"  # when Delivery is kinesis
SHIPPER = "shipper"
SECRET = "secret"  # noqa: S105  # the name of a joint: Elasticsearch's credentials and what they allow
ELASTICSEARCH = "elasticsearch"  # whether it answers and is well
TEMPLATES = "templates"  # its index templates
READ_ONLY = "read-only"  # blocks of the cluster or of an index that is written to
DEAD_LETTERS = "dead-letters"  # the shipper had the line, and could not deliver it
METRICS = "metrics"  # CloudWatch takes the shipper's metrics, and the canary's own
UNKNOWN = "unknown"  # the line did not arrive, and every joint looks well
# Where something is not as it should be, while the pipeline works.
CLEANING = "clean-up"
HEARTBEAT = "heartbeat"
JOINTS = (
    *(LOG_GROUP, SUBSCRIPTION, STREAM, SHIPPER, SECRET, ELASTICSEARCH, TEMPLATES, READ_ONLY),
    *(DEAD_LETTERS, METRICS, UNKNOWN, CLEANING, HEARTBEAT),
)
# Those because of which the shipper could not deliver the line.
CAUSES = frozenset({SECRET, ELASTICSEARCH, TEMPLATES, READ_ONLY})
LONGEST = 400  # characters of what another says about a fault


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it should be.

    joint: one of JOINTS. seen: one sentence, without a full stop. todo: what to do about it, whole sentences.
    is_warning: the pipeline works all the same.
    """

    joint: str
    seen: str
    todo: str
    is_warning: bool = False


def broken(findings: Iterable[Finding]) -> list[Finding]:
    """Those because of which the pipeline does not work."""
    return [one for one in findings if not one.is_warning]


def cut(text: object) -> str:
    """What another says, as one line of a length that can be read."""
    return " ".join(str(text).split())[:LONGEST]
