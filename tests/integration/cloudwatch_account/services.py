"""What a large account runs, as far as the provisioner asks for it: functions, queues, topics, tables and others."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.integration.services_account.scripted import Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

PLACE = "eu-west-1:123456789012"
_PAGES = {"ListFunctions": 50, "ListQueues": 1000, "ListTopics": 100}


def function_arn(name: str) -> str:
    return f"arn:aws:lambda:{PLACE}:function:{name}"


@dataclass
class Services:
    """Resources by ARN, with their type of the tagging API and their tags. timeouts: of functions, in seconds."""

    tagged: dict[str, tuple[str, dict[str, str]]] = field(default_factory=dict)
    timeouts: dict[str, int] = field(default_factory=dict)
    queues: set[str] = field(default_factory=set)
    topics: set[str] = field(default_factory=set)  # ARNs
    tables: set[str] = field(default_factory=set)

    def function(self, name: str, service: str, timeout: int = 30, **tags: str) -> None:
        """A function with tags; one that exists gets the new timeout."""
        self.timeouts[name] = timeout
        self.tagged[function_arn(name)] = "lambda:function", {"service": service, **tags}

    def delete_function(self, name: str) -> None:
        """Also from the listing of tags."""
        del self.timeouts[name], self.tagged[function_arn(name)]

    def queue(self, name: str, service: str) -> None:
        self.queues.add(name)
        self.tagged[f"arn:aws:sqs:{PLACE}:{name}"] = "sqs:queue", {"service": service}

    def topic(self, name: str, service: str) -> None:
        arn = f"arn:aws:sns:{PLACE}:{name}"
        self.topics.add(arn)
        self.tagged[arn] = "sns:topic", {"service": service}

    def table(self, name: str, service: str) -> None:
        self.tables.add(name)
        self.tagged[f"arn:aws:dynamodb:{PLACE}:table/{name}"] = "dynamodb:table", {"service": service}

    def rule(self, name: str, service: str) -> None:
        """A rule of EventBridge."""
        self.tagged[f"arn:aws:events:{PLACE}:rule/{name}"] = "events:rule", {"service": service}

    def machine(self, name: str, service: str) -> None:
        """A state machine."""
        self.tagged[f"arn:aws:states:{PLACE}:stateMachine:{name}"] = "states:stateMachine", {"service": service}

    def list_functions(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        names, more = self._page("ListFunctions", sorted(self.timeouts), asked.get("Marker"))
        described = [{"FunctionName": name, "Timeout": self.timeouts[name], "MemorySize": 128} for name in names]
        return {"Functions": described, **({"NextMarker": more} if more else {})}

    def get_function_event_invoke_config(self, asked: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG002
        raise Refusal("ResourceNotFoundException", 404)

    def get_account_settings(self, asked: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG002
        return {"AccountLimit": {"ConcurrentExecutions": 1000, "UnreservedConcurrentExecutions": 1000}}

    def list_event_source_mappings(self, asked: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG002
        return {"EventSourceMappings": []}

    def list_queues(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        names, more = self._page("ListQueues", sorted(self.queues), asked.get("NextToken"))
        urls = [f"https://sqs.eu-west-1.amazonaws.com/123456789012/{name}" for name in names]
        return {"QueueUrls": urls, **({"NextToken": more} if more else {})}

    def get_queue_attributes(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        name = asked["QueueUrl"].rpartition("/")[2]
        target = {"deadLetterTargetArn": f"arn:aws:sqs:{PLACE}:{name}-dead", "maxReceiveCount": 3}
        redrive = {} if name.endswith("-dead") else {"RedrivePolicy": json.dumps(target)}
        return {"Attributes": {"MessageRetentionPeriod": "345600", **redrive}}

    def list_dead_letter_source_queues(self, asked: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG002
        return {"queueUrls": []}

    def list_topics(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        arns, more = self._page("ListTopics", sorted(self.topics), asked.get("NextToken"))
        return {"Topics": [{"TopicArn": arn} for arn in arns], **({"NextToken": more} if more else {})}

    def list_subscriptions(self, asked: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG002
        return {"Subscriptions": []}

    def describe_table(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        indexes = [{"IndexName": "by-date"}]
        mode = {"BillingMode": "PAY_PER_REQUEST"}
        return {
            "Table": {"TableName": asked["TableName"], "BillingModeSummary": mode, "GlobalSecondaryIndexes": indexes}
        }

    def scan(self, asked: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG002
        return {"Items": [], "Count": 0}

    def list_metrics(self, asked: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG002
        return {"Metrics": []}

    @staticmethod
    def _page(operation: str, names: list[str], token: str | None) -> tuple[list[str], str]:
        """A page and the token of the next one, "" at the end."""
        size = _PAGES[operation]
        left = [name for name in names if name > (token or "")]
        return left[:size], left[size - 1] if left[size:] else ""
