"""What the account holds, and the rules that filters and account policies have in common."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

REGION, ACCOUNT = "eu-west-1", "123456789012"

# CloudWatch Logs API: LogGroupName, FilterName, FilterPattern; PutRetentionPolicy, retentionInDays.
GROUP_NAME = re.compile(r"[.\-_/#A-Za-z0-9]{1,512}")
FILTER_NAME = re.compile(r"[^:*]{1,512}")
MAX_PATTERN = 1_024
CLASSES = ("STANDARD", "INFREQUENT_ACCESS", "ESSENTIALS", "DELIVERY")
RETENTION_DAYS = frozenset(
    {1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}
)
# PutAccountPolicy: "up to 25KB in length … determined by using its UTF-8 bytes"; policyDocument, 30,720 characters.
MAX_SELECTION = 25_600
MAX_DOCUMENT = 30_720
_SELECTION = re.compile(r"LogGroupName NOT IN (\[.*\])", re.DOTALL)
_ROLE = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+")
_DOCUMENT_KEYS = {"DestinationArn", "RoleArn", "FilterPattern", "Distribution"}
DISTRIBUTIONS = (None, "Random", "ByLogStream")


class Refusal(Exception):  # noqa: N818  # it is an answer, not a fault
    """What AWS answers instead of doing it: the code and message of an error, and the HTTP status."""

    def __init__(self, code: str, message: str = "refused", status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status


def invalid(message: str) -> Refusal:
    """The refusal of a value that the API does not take."""
    return Refusal("InvalidParameterException", message)


def gone(what: str) -> Refusal:
    """The refusal for what does not exist."""
    return Refusal("ResourceNotFoundException", f"The specified {what} does not exist.")


def group_arn(name: str) -> str:
    """The ARN of a log group, without the ":*" at its end."""
    return f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{name}"


def function_arn(name: str) -> str:
    """The ARN of a function."""
    return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"


@dataclass
class Filter:
    """A subscription filter."""

    name: str
    destination: str
    pattern: str = ""
    role: str | None = None
    distribution: str = "ByLogStream"


@dataclass
class Group:
    """A log group."""

    name: str
    tags: dict[str, str] = field(default_factory=dict)
    retention: int | None = None
    log_class: str = "STANDARD"
    filters: dict[str, Filter] = field(default_factory=dict)


@dataclass
class Policy:
    """The account-level subscription policy."""

    name: str
    document: str
    selection: str | None = None
    updated: float = 0.0  # seconds since 1970

    @property
    def destination(self) -> str:
        """ARN that it delivers to."""
        return str(json.loads(self.document)["DestinationArn"])

    @property
    def excluded(self) -> frozenset[str]:
        """The groups that it leaves out."""
        return frozenset() if self.selection is None else frozenset(names_of(self.selection))


def names_of(selection: str) -> list[str]:
    """The names in a selection of log groups. Raises Refusal for one that the API does not take."""
    if len(selection.encode()) > MAX_SELECTION:
        raise invalid(f"selectionCriteria must have at most {MAX_SELECTION} bytes")
    match = _SELECTION.fullmatch(selection)
    try:
        names = json.loads(match[1]) if match else None
    except json.JSONDecodeError:
        names = None
    if not isinstance(names, list) or not all(isinstance(name, str) and GROUP_NAME.fullmatch(name) for name in names):
        raise invalid("selectionCriteria must be LogGroupName NOT IN [] with names of log groups")
    return names


def check_destination(known: set[str], arn: Any, role: Any) -> None:
    """Refuse a destination that is none, or one with the wrong role (PutSubscriptionFilter, PutAccountPolicy)."""
    if not isinstance(arn, str) or arn not in known:
        raise invalid("Could not deliver test message to the specified destination. Check that it exists.")
    service = arn.split(":")[2]
    if service == "lambda" and role is not None:
        raise invalid("destinationArn for vendor lambda cannot be used with roleArn")
    if service in ("kinesis", "firehose") and (not isinstance(role, str) or not _ROLE.fullmatch(role)):
        raise invalid(f"destinationArn for vendor {service} must be used with the roleArn of a role")
    # "The log group and the destination must be in the same AWS Region" (CloudWatch Logs User Guide, cross-account
    # subscriptions); the role that an organization is known by is one of the sender.
    if service == "logs" and (arn.split(":")[3] != REGION or not (role is None or f"::{ACCOUNT}:role/" in str(role))):
        raise invalid("destinationArn must be one of this region, and roleArn a role of this account")


def check_document(known: set[str], text: str) -> None:
    """Refuse the document of a policy that is not one for subscriptions."""
    try:
        document = json.loads(text)
    except json.JSONDecodeError:
        raise invalid("policyDocument must be JSON") from None
    if len(text) > MAX_DOCUMENT or not isinstance(document, dict) or set(document) - _DOCUMENT_KEYS:
        raise invalid(f"policyDocument must be a JSON object of {sorted(_DOCUMENT_KEYS)}")
    pattern = document.get("FilterPattern")
    if not isinstance(pattern, str) or len(pattern) > MAX_PATTERN:
        raise invalid("FilterPattern must be text")
    if document.get("Distribution") not in DISTRIBUTIONS:
        raise invalid("Distribution must be Random or ByLogStream")
    check_destination(known, document.get("DestinationArn"), document.get("RoleArn"))
