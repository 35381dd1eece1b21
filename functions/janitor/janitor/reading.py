"""Reads the account: functions with their versions, layers, log groups, and what refers to them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from watchpost.aws import code_of

from janitor.model import Function, Group, Inventory, Layer, Numbered
from janitor.plan import GROUPS, is_replica, number_of, qualifier_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from watchpost.calls import Calls

NOT_FOUND = "ResourceNotFoundException"


class Account:
    """An account in a region, read by calls that are paced. Each method raises botocore's errors and OutOfTimeError."""

    def __init__(self, calls: Calls, client: Callable[[str], Any]) -> None:
        """client: a service's client by botocore's name, that makes one attempt."""
        self._calls = calls
        self._client = client

    def inventory(self) -> Inventory:
        """All functions with all published versions, by one listing (Lambda API, ListFunctions with ALL)."""
        found = Inventory()
        for page in self._calls.pages(self._client("lambda"), "list_functions", FunctionVersion="ALL"):
            for item in page.get("Functions", ()):
                _add(found, item)
        return found

    def mapped(self) -> dict[str, dict[int, str]]:
        """UUIDs of the event source mappings of versions: by function and version."""
        found: dict[str, dict[int, str]] = {}
        for page in self._calls.pages(self._client("lambda"), "list_event_source_mappings"):
            for item in page.get("EventSourceMappings", ()):
                arn = str(item.get("FunctionArn", ""))
                number = number_of(qualifier_of(arn))
                if number is not None:
                    found.setdefault(arn.split(":")[6], {}).setdefault(number, str(item.get("UUID", "")))
        return found

    def aliases(self, function: str) -> list[Mapping[str, Any]]:
        """The aliases of a function."""
        pages = self._calls.pages(self._client("lambda"), "list_aliases", FunctionName=function)
        return [item for page in pages for item in page.get("Aliases", ())]

    def provisioned(self, function: str) -> list[Mapping[str, Any]]:
        """The provisioned concurrency of a function's versions and aliases."""
        operation = "list_provisioned_concurrency_configs"
        pages = self._calls.pages(self._client("lambda"), operation, FunctionName=function)
        return [item for page in pages for item in page.get("ProvisionedConcurrencyConfigs", ())]

    def function_policy(self, function: str, version: int) -> bool:
        """Whether a version has a resource policy of its own, so that somebody invokes it by its number."""
        return self._there("get_policy", FunctionName=function, Qualifier=str(version))

    def layer_policy(self, layer: str, version: int) -> bool:
        """Whether a layer version is shared with others."""
        return self._there("get_layer_version_policy", LayerName=layer, VersionNumber=version)

    def layers(self) -> list[str]:
        """The names of the account's layers."""
        pages = self._calls.pages(self._client("lambda"), "list_layers")
        return [str(item["LayerName"]) for page in pages for item in page.get("Layers", ())]

    def layer(self, name: str) -> Layer:
        """A layer with its versions."""
        pages = self._calls.pages(self._client("lambda"), "list_layer_versions", LayerName=name)
        items = [item for page in pages for item in page.get("LayerVersions", ())]
        versions = tuple(Numbered(int(item["Version"]), moment(item.get("CreatedDate"))) for item in items)
        return Layer(name, {int(item["Version"]): str(item["LayerVersionArn"]) for item in items}, versions)

    def groups(self) -> list[tuple[Group, bool]]:
        """The log groups below /aws/lambda/, and whether each is protected from deletion.

        All of them before any goes: nobody says what becomes of the pages of a listing of which something is deleted.
        """
        found = []
        for page in self._calls.pages(self._client("logs"), "describe_log_groups", logGroupNamePrefix=GROUPS):
            for item in page.get("logGroups", ()):
                created = datetime.fromtimestamp(int(item.get("creationTime", 0)) / 1000, UTC)
                group = Group(str(item["logGroupName"]), created, int(item.get("storedBytes", 0)))
                found.append((group, bool(item.get("deletionProtectionEnabled"))))
        return found

    def last_event(self, group: str) -> datetime | None:
        """When something was last written to a log group, up to an hour late (CloudWatch Logs API, LogStream)."""
        answer = self._calls(
            self._client("logs"),
            "describe_log_streams",
            logGroupName=group,
            orderBy="LastEventTime",
            descending=True,
            limit=1,
        )
        times = [
            int(stream[field])
            for stream in answer.get("logStreams", ())
            for field in ("lastEventTimestamp", "lastIngestionTime")
            if field in stream
        ]
        return datetime.fromtimestamp(max(times) / 1000, UTC) if times else None

    def _there(self, operation: str, **parameters: Any) -> bool:
        try:
            self._calls(self._client("lambda"), operation, **parameters)
        except ClientError as error:
            if code_of(error) == NOT_FOUND:
                return False
            raise
        return True


def _add(inventory: Inventory, item: Mapping[str, Any]) -> None:
    """One function or version of ListFunctions."""
    name = str(item["FunctionName"])
    function = inventory.functions.setdefault(name, Function(name))
    inventory.layers.update(str(layer["Arn"]) for layer in item.get("Layers") or () if "Arn" in layer)
    group = (item.get("LoggingConfig") or {}).get("LogGroup")
    if group:
        inventory.log_groups.add(str(group))
    function.replica = function.replica or is_replica(name) or _is_elsewhere(item)
    number = number_of(str(item.get("Version", "")))
    if number is not None:
        function.versions.append(Numbered(number, moment(item.get("LastModified")), int(item.get("CodeSize", 0))))


def _is_elsewhere(item: Mapping[str, Any]) -> bool:
    """Whether the main function, of one that Lambda@Edge replicated, is in another region."""
    main, own = str(item.get("MasterArn") or ""), str(item.get("FunctionArn", ""))
    return bool(main) and main.split(":")[3:4] != own.split(":")[3:4]


def moment(text: Any) -> datetime | None:
    """A time of Lambda, `2026-11-20T08:00:00.000+0000`; None for what is none."""
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
