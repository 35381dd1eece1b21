"""What is set at deployment, read once from the environment."""

from __future__ import annotations

import functools
import os
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from watchpost.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

ACCOUNT = "account"  # of subscription_scope


@dataclass(frozen=True, slots=True)
class Settings:
    """The environment of every function. Each field is the variable of the same name in capitals.

    All are set by template.yaml for all functions; none is a secret.
    """

    stack: str  # name of the CloudFormation stack
    environment: str  # e.g. "prod": the namespace of the data streams
    aws_region: str  # set by Lambda itself
    elasticsearch_url: str  # https://host:port, without credentials
    elasticsearch_compression: str  # of bulk requests: "none" or "gzip"
    elasticsearch_secret: str  # ARN of the secret with the credentials
    notification_secret: str  # ARN of the secret with the receivers of notifications
    config_parameter: str  # name of the SSM parameter with the configuration document
    kibana_url: str  # https://host:port[/path], "none" when the stack knows of no Kibana
    kibana_space: str  # Kibana's space for our objects; "default" is the one that every Kibana has
    kibana_secret: str  # ARN of the secret with Kibana's credentials, which may be Elasticsearch's
    metric_namespace: str  # CloudWatch namespace of the services' metrics
    dead_letter_bucket: str
    critical_topic: str  # ARN of the SNS topic for alarms that wake somebody
    warning_topic: str  # ARN of the SNS topic for the others
    fallback_topic: str  # ARN of the SNS topic for notifications that no receiver took; it has no function behind it
    mail_topic: str  # ARN of the SNS topic with the e-mail addresses that are told of alarms
    incident_table: str  # name of the DynamoDB table with what rings and who was told of it
    shipper_arn: str  # of its alias: destination of the subscription filters, unless there is a stream
    stream_arn: str  # of the Kinesis stream, whether the stack has one or not
    ledger_table: str  # name of the DynamoDB table with the subscriptions' ledger
    subscription_scope: str  # "groups": a filter for each log group; "account": one policy for all of them
    stream_role: str  # ARN of what CloudWatch Logs delivers as; "none" when filters go to the shipper
    log_destination: str = "none"  # ARN of another account's destination of CloudWatch Logs, where filters go there
    url_suffix: str = "amazonaws.com"  # how names of AWS's endpoints end; amazonaws.com.cn in China

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Settings:
        """Read the settings.

        Raises ConfigurationError that names the first variable that is missing or empty.
        """
        values = {field.name: environ.get(field.name.upper(), "") for field in fields(cls)}
        for name, value in values.items():
            if not value:
                raise ConfigurationError(name.upper(), "nothing", "a value, set by template.yaml")
        return cls(**values)

    @property
    def account(self) -> str:
        """The number of the stack's AWS account."""
        # arn:<partition>:lambda:<region>:<account>:function:<name>
        return [*self.shipper_arn.split(":"), *[""] * 5][4]

    @property
    def partition(self) -> str:
        """The partition of AWS that the stack is in: aws, aws-us-gov, aws-cn …"""
        return [*self.shipper_arn.split(":"), *[""] * 2][1] or "aws"


@functools.lru_cache(maxsize=1)
def current() -> Settings:
    """The settings of this process."""
    return Settings.from_environment(os.environ)
