"""An account of Lambda for the janitor: pages of few items, refusals as of AWS, and time that does not wait."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import botocore.session
from janitor.run import Surroundings, run
from watchpost.calls import Calls
from watchpost.configuration import Configuration, Janitor

from tests.integration.logs_account.clock import Clock
from tests.integration.services_account.scripted import Refusal, answer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from janitor.result import Entry, Result

STACK = "wp"
REGION, ACCOUNT = "eu-west-1", "123456789012"
PAGE = 2  # items of each listing: every one has several pages
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
OLD = NOW - timedelta(days=90)
NOT_FOUND = Refusal("ResourceNotFoundException", 404)
OPERATIONS = {
    "lambda": (
        *("ListFunctions", "ListEventSourceMappings", "ListAliases", "ListProvisionedConcurrencyConfigs"),
        *("GetPolicy", "DeleteFunction", "ListLayers", "ListLayerVersions", "GetLayerVersionPolicy"),
        "DeleteLayerVersion",
    ),
    "logs": ("DescribeLogGroups", "DescribeLogStreams", "DeleteLogGroup"),
}
DELETES = {"DeleteFunction", "DeleteLayerVersion", "DeleteLogGroup"}


def arn(function: str) -> str:
    return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{function}"


def layer_arn(layer: str, version: int) -> str:
    return f"arn:aws:lambda:{REGION}:{ACCOUNT}:layer:{layer}:{version}"


@dataclass
class World:
    """What there is, and how the account answers."""

    functions: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)  # name, version, configuration
    aliases: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    provisioned: dict[str, list[str]] = field(default_factory=dict)  # qualifiers
    mappings: list[str] = field(default_factory=list)  # ARNs of functions, qualified or not
    policies: set[str] = field(default_factory=set)  # <function>:<version>, <layer>:<version>
    layers: dict[str, dict[int, datetime]] = field(default_factory=dict)
    groups: dict[str, dict[str, Any]] = field(default_factory=dict)
    events: dict[str, datetime] = field(default_factory=dict)  # the last one of a log group
    refuse: Callable[[str, Mapping[str, Any]], Refusal | None] = lambda *_: None
    rules: Janitor = field(default_factory=lambda: Janitor(delete=True))
    problem: str | None = None
    seconds: float = 900.0
    each: float = 0.0  # seconds that a call takes
    made: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        self.function(f"{STACK}-janitor")

    def function(self, name: str, versions: int = 0, since: datetime = OLD, **fields: Any) -> None:
        """A function with versions 1 to `versions`, and $LATEST."""
        numbers = ["$LATEST", *map(str, range(1, versions + 1))]
        self.functions[name] = {number: self._version(name, number, since, fields) for number in numbers}

    def _version(self, name: str, number: str, since: datetime, fields: Mapping[str, Any]) -> dict[str, Any]:
        qualified = arn(name) if number == "$LATEST" else f"{arn(name)}:{number}"
        modified = since.strftime("%Y-%m-%dT%H:%M:%S.000+0000")
        there = {"FunctionName": name, "FunctionArn": qualified, "Version": number, "LastModified": modified}
        return {**there, "CodeSize": 100, **fields}

    def layer(self, name: str, versions: int, since: datetime = OLD) -> None:
        self.layers[name] = dict.fromkeys(range(1, versions + 1), since)

    def group(self, name: str, created: datetime = OLD, last: datetime | None = None, **fields: Any) -> None:
        self.groups[name] = {
            "logGroupName": name,
            "creationTime": int(created.timestamp() * 1000),
            "storedBytes": 7,
            **fields,
        }
        if last:
            self.events[name] = last

    def versions(self, function: str) -> list[int]:
        """The published versions that are there."""
        return sorted(int(one) for one in self.functions[function] if one != "$LATEST")

    def calls(self, *operations: str) -> list[dict[str, Any]]:
        """The parameters of the calls that were made of these operations."""
        return [parameters for name, parameters in self.made if name in operations]

    def run(self, *, delete: bool | None = None) -> Result:
        start = self.clock.now()

        def left() -> float:
            return self.seconds - (self.clock.now() - start)

        around = Surroundings(
            stack=STACK,
            client={name: self._client(name) for name in OPERATIONS}.__getitem__,
            calls=Calls(self.clock.now, self.clock.sleep, left, random=lambda: 0.5),
            configuration=lambda: Configuration(janitor=self.rules),
            problem=lambda: self.problem,
            now=lambda: NOW,
        )
        return run(around, delete=delete)

    def _client(self, service: str) -> Any:
        made = botocore.session.get_session().create_client(
            service, region_name=REGION, aws_access_key_id="k", aws_secret_access_key="s"
        )
        for operation in OPERATIONS[service]:
            answer(made, operation, self._answers(operation))
        return made

    def _answers(self, operation: str) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
        def respond(parameters: Mapping[str, Any]) -> dict[str, Any]:
            self.made.append((operation, dict(parameters)))
            self.clock.sleep(self.each)
            refusal = self.refuse(operation, parameters)
            if refusal:
                raise refusal
            answered: dict[str, Any] = getattr(self, f"_{operation}")(parameters)
            return answered

        return respond

    def _ListFunctions(self, asked: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802
        assert asked["FunctionVersion"] == "ALL"
        return paged("Functions", [one for versions in self.functions.values() for one in versions.values()], asked)

    def _ListEventSourceMappings(self, asked: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802
        items = [{"UUID": f"uuid-{number}", "FunctionArn": one} for number, one in enumerate(self.mappings)]
        return paged("EventSourceMappings", items, asked)

    def _ListAliases(self, asked: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802
        return paged("Aliases", self.aliases.get(asked["FunctionName"], []), asked)

    def _ListProvisionedConcurrencyConfigs(self, asked: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802
        name = asked["FunctionName"]
        items = [{"FunctionArn": f"{arn(name)}:{qualifier}"} for qualifier in self.provisioned.get(name, [])]
        return paged("ProvisionedConcurrencyConfigs", items, asked)

    def _GetPolicy(self, asked: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802
        return self._policy(f"{asked['FunctionName']}:{asked['Qualifier']}")

    def _GetLayerVersionPolicy(self, asked: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802
        return self._policy(f"{asked['LayerName']}:{asked['VersionNumber']}")

    def _policy(self, name: str) -> dict[str, Any]:
        if name not in self.policies:
            raise NOT_FOUND
        return {"Policy": "{}"}

    def _DeleteFunction(self, asked: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802
        name, version = asked["FunctionName"], asked["Qualifier"]  # without one it would delete everything
        assert version != "$LATEST"
        if version not in self.functions.get(name, {}):
            raise NOT_FOUND
        routes = [{alias["FunctionVersion"], *_weights(alias)} for alias in self.aliases.get(name, [])]
        if any(version in route for route in routes):
            raise Refusal("ResourceConflictException", 409)
        del self.functions[name][version]
        return {}

    def _ListLayers(self, asked: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802
        return paged("Layers", [{"LayerName": name} for name, there in self.layers.items() if there], asked)

    def _ListLayerVersions(self, asked: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802
        name = asked["LayerName"]
        items = [
            {"Version": number, "LayerVersionArn": layer_arn(name, number), "CreatedDate": since.isoformat()}
            for number, since in sorted(self.layers[name].items(), reverse=True)
        ]
        return paged("LayerVersions", items, asked)

    def _DeleteLayerVersion(self, asked: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802
        self.layers[asked["LayerName"]].pop(asked["VersionNumber"], None)
        return {}

    def _DescribeLogGroups(self, asked: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802
        items = [one for name, one in sorted(self.groups.items()) if name.startswith(asked["logGroupNamePrefix"])]
        return paged("logGroups", items, asked, ("nextToken", "nextToken"))

    def _DescribeLogStreams(self, asked: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802
        assert (asked["orderBy"], asked["descending"], asked["limit"]) == ("LastEventTime", True, 1)
        last = self.events.get(asked["logGroupName"])
        return {"logStreams": [{"lastEventTimestamp": int(last.timestamp() * 1000)}] if last else []}

    def _DeleteLogGroup(self, asked: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802
        if asked["logGroupName"] not in self.groups:
            raise Refusal("ResourceNotFoundException", 400)
        del self.groups[asked["logGroupName"]]
        return {}


def _weights(alias: Mapping[str, Any]) -> Mapping[str, float]:
    found: Mapping[str, float] = alias.get("RoutingConfig", {}).get("AdditionalVersionWeights", {})
    return found


def paged(
    key: str, items: Sequence[Any], asked: Mapping[str, Any], names: tuple[str, str] = ("Marker", "NextMarker")
) -> dict[str, Any]:
    """A page of a listing, as AWS answers with."""
    token, following = names
    start = int(asked.get(token, 0))
    page: dict[str, Any] = {key: list(items[start : start + PAGE])}
    return page | ({following: str(start + PAGE)} if start + PAGE < len(items) else {})


def ends(result: Result, kind: str) -> dict[str, list[Any]]:
    """By action: `<name>:<version>` of what came to that end."""
    found: dict[str, list[Any]] = {}
    for one in result.entries:
        if one.kind == kind:
            found.setdefault(one.action, []).append(one.name if one.number is None else f"{one.name}:{one.number}")
    return {action: sorted(names) for action, names in found.items()}


def reasons(result: Result, name: str) -> dict[int | None, str]:
    """By version: why one thing's versions are kept, as the kind of reason."""
    return {one.number: one.why for one in of(result, name) if one.action == "kept"}


def of(result: Result, name: str) -> list[Entry]:
    """All entries about a name."""
    return [one for one in result.entries if one.name == name]
