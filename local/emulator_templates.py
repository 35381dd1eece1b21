"""What the AWS emulator does not know of templates; see emulator_main.py, which starts it."""

from __future__ import annotations

import json
from typing import Any

import yaml
from ministack.services import cloudwatch_logs
from ministack.services.cloudformation import changesets, engine, handlers, provisioners, stacks

_evaluate_conditions = engine._evaluate_conditions  # noqa: SLF001


class _FastLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # which of the two is there
    """The emulator's loader on top of libyaml. While a template is read, nobody is answered."""

    yaml_constructors = engine.CfnLoader.yaml_constructors


def mend() -> None:
    """Conditions with Fn::Join, and destinations of CloudWatch Logs; and templates are read in a third of the time."""
    for module in (changesets, engine, handlers, stacks):
        module._evaluate_conditions = _evaluate_conditions_with_joins  # noqa: SLF001
    engine.CfnLoader = _FastLoader
    provisioners._RESOURCE_HANDLERS["AWS::Logs::Destination"] = _DESTINATION  # noqa: SLF001


def _joined(value: Any, parameters: dict[str, Any]) -> Any:
    """A part of conditions, with the text in place of Fn::Join over a list that is a parameter."""
    if isinstance(value, list):
        return [_joined(one, parameters) for one in value]
    if not isinstance(value, dict):
        return value
    delimiter, items = value.get("Fn::Join", ("", None))
    if isinstance(items, dict) and items.get("Ref") in parameters:
        return delimiter.join(one.strip() for one in str(parameters[items["Ref"]]["Value"]).split(","))
    return {key: _joined(one, parameters) for key, one in value.items()}


def _evaluate_conditions_with_joins(template: dict[str, Any], parameters: dict[str, Any]) -> dict[str, bool]:
    conditions = _joined(template.get("Conditions", {}), parameters)
    return dict(_evaluate_conditions({**template, "Conditions": conditions}, parameters))


def _create_destination(_logical_id: str, properties: dict[str, Any], _stack: str) -> tuple[str, dict[str, str]]:
    name = properties["DestinationName"]
    request = {"destinationName": name, "targetArn": properties["TargetArn"], "roleArn": properties["RoleArn"]}
    destination = json.loads(cloudwatch_logs._put_destination(request)[2])["destination"]  # noqa: SLF001
    policy = {"destinationName": name, "accessPolicy": properties.get("DestinationPolicy", "")}
    cloudwatch_logs._put_destination_policy(policy)  # noqa: SLF001
    return name, {"Arn": destination["arn"]}


_DESTINATION = {
    "create": _create_destination,
    "update": lambda _id, _old, new, stack: _create_destination("", new, stack),
    "delete": lambda name, _properties: cloudwatch_logs._delete_destination({"destinationName": name}),  # noqa: SLF001
}
