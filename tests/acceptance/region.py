"""A stack of its own in a region of the account where nothing else is: tests do not disturb each other."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from watchpost import names
from watchpost.ledger import Entry, Ledger

from local import stack
from local.state import tool
from tests import secrets_seen
from tests.acceptance import readback
from tests.acceptance.helpers import client_as, eventually

if TYPE_CHECKING:
    from local.account import Account

NOWHERE = "http://127.0.0.1:9"  # the discard port: nothing listens there


@dataclass(frozen=True)
class Region:
    """A stack in a region of its own, and what is done to it from outside."""

    account: Account
    name: str
    region: str
    foreign: str = ""  # ARN of somebody else's function

    @property
    def outputs(self) -> dict[str, str]:
        return self.account.outputs(self.name, self.region)

    @property
    def logs(self) -> Any:
        return self.account.client("logs", self.region)

    @property
    def shipper(self) -> str:
        """The ARN of its alias."""
        client = self.account.client("lambda", self.region)
        return str(client.get_alias(FunctionName=f"{self.name}-shipper", Name=names.SHIPPER_ALIAS)["AliasArn"])

    def filters(self, group: str) -> dict[str, str]:
        found = self.logs.describe_subscription_filters(logGroupName=group)["subscriptionFilters"]
        return {item["filterName"]: item["destinationArn"] for item in found}

    def ledger(self) -> dict[str, Entry]:
        return Ledger(self.account.client("dynamodb", self.region), self.outputs["LedgerTable"]).read()

    def sweep(self) -> dict[str, Any]:
        """One sweep, which has time enough."""
        answer = self.account.invoke(self.outputs["SubscriberFunction"], {"action": "sweep"}, self.region)
        assert answer["complete"], answer
        return dict(answer)

    def configure(self, document: dict[str, Any]) -> None:
        self.account.client("ssm", self.region).put_parameter(
            Name=self.outputs["ConfigParameter"], Value=json.dumps(document), Type="String", Overwrite=True
        )

    def send(self, detail_type: str, detail: dict[str, Any], resources: tuple[str, ...] = ()) -> None:
        """Send an event as AWS would."""
        entry = {
            "Source": "watchpost.test",
            "DetailType": detail_type,
            "Detail": json.dumps(detail),
            "Resources": list(resources),
        }
        assert self.account.client("events", self.region).put_events(Entries=[entry])["FailedEntryCount"] == 0

    def announce(self, group: str) -> None:
        detail = {"eventSource": "logs.amazonaws.com", "eventName": "CreateLogGroup"}
        self.send("AWS API Call via CloudTrail", {**detail, "requestParameters": {"logGroupName": group}})

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run `watchpost` as a user would, for this stack."""
        environment = {"PATH": os.environ["PATH"], **stack.aws_environment(self.account.endpoint, self.region)}
        done = subprocess.run(
            [tool("project", "watchpost"), *arguments, "--stack", self.name],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        secrets_seen.shown(f"output of watchpost {arguments[0]}", done.stdout + done.stderr)
        return done

    def client_as(self, component: str, service: str) -> Any:
        """A client with the credentials of a function's role."""
        return client_as(self.account, component, service, self.name, self.region)

    def deploy(self, **parameters: str) -> None:
        """Deploy the stack, or change its parameters, and check what its provisioner put as CloudWatch would.

        Its canary is off unless asked for: in the middle of another test it would write, and tell, by itself.
        """
        parameters = {"Canary": "off", **parameters}
        stack.deploy(self.account.state, self.account.endpoint, NOWHERE, self.name, self.region, **parameters)
        self.check()

    def alarms(self) -> dict[str, dict[str, Any]]:
        """The stack's alarms by name, composite ones too."""
        cloudwatch = self.account.client("cloudwatch", self.region)
        pages = cloudwatch.get_paginator("describe_alarms").paginate(
            AlarmNamePrefix=f"{self.name}/", AlarmTypes=["MetricAlarm", "CompositeAlarm"]
        )
        return {
            alarm["AlarmName"]: alarm
            for page in pages
            for kind in page.values()
            if isinstance(kind, list)
            for alarm in kind
        }

    def check(self) -> None:
        """Check the stack's alarms and dashboards as CloudWatch would check the requests that put them."""
        readback.check(self.account.client("cloudwatch", self.region), self.name)

    def delete(self) -> None:
        """Delete the stack, and wait until it is gone."""
        cloudformation = self.account.client("cloudformation", self.region)
        cloudformation.delete_stack(StackName=self.name)

        def gone() -> bool:
            try:
                described = cloudformation.describe_stacks(StackName=self.name)["Stacks"]
            except cloudformation.exceptions.ClientError:
                return True
            assert "FAILED" not in described[0]["StackStatus"], described[0].get("StackStatusReason")
            return described[0]["StackStatus"] == "DELETE_COMPLETE"

        eventually(gone, "the deletion of the stack", patience=300)
