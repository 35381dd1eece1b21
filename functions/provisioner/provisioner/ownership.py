"""Tells by its tags whether an alarm is the stack's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError
from watchpost import names
from watchpost.calls import OutOfTimeError

if TYPE_CHECKING:
    from provisioner.work import Work

FEW = 25  # alarms that are asked for one by one: when it is more, all are listed, a hundred with each call
PAGE = 100  # the most (Resource Groups Tagging API, GetResources)


class Ownership:
    """The tags of alarms, each read at most once in a run."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._known: dict[str, dict[str, str] | None] = {}  # by ARN; None for what is not the stack's
        self._asked = 0  # one by one
        self._listed = False

    def tags(self, arn: str) -> dict[str, str] | None:
        """The tags of an alarm of the stack's, None for one that is not.

        Raises what watchpost.calls raises: then nobody knows whose it is.
        """
        if arn not in self._known and self._asked == FEW and not self._listed:
            self._list()
        if arn not in self._known:
            self._asked += 1
            answer = self._work.call("list_tags_for_resource", ResourceARN=arn)
            tags = {tag["Key"]: tag["Value"] for tag in answer["Tags"]}
            self._known[arn] = tags if tags.get(names.OWNER_TAG) == self._work.stack else None
        return self._known[arn]

    def _list(self) -> None:
        """Read the tags of all alarms that have the stack's.

        What was tagged a moment ago may be missing, and a listing may be refused: what is not in it is asked for one by
        one, so it never says that an alarm is not the stack's.
        """
        self._listed = True
        asked: dict[str, Any] = {
            "ResourceTypeFilters": ["cloudwatch:alarm"],
            "TagFilters": [{"Key": names.OWNER_TAG, "Values": [self._work.stack]}],
            "ResourcesPerPage": PAGE,
        }
        found: dict[str, dict[str, str] | None] = {}
        try:
            for page in self._work.pages("get_resources", service="resourcegroupstaggingapi", **asked):
                for one in page["ResourceTagMappingList"]:
                    found[one["ResourceARN"]] = {tag["Key"]: tag["Value"] for tag in one["Tags"]}
        except (ClientError, BotoCoreError, OutOfTimeError):
            return
        self._known = found | self._known
