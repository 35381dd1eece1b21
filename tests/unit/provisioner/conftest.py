"""What the provisioner's unit tests share."""

from __future__ import annotations

import pytest
from watchpost.settings import Settings


@pytest.fixture
def settings() -> Settings:
    """The settings of a made-up stack."""
    return Settings(
        stack="wp",
        environment="dev",
        aws_region="eu-west-1",
        elasticsearch_url="https://search.example:9243",
        elasticsearch_compression="none",
        elasticsearch_secret="arn:aws:secretsmanager:eu-west-1:123456789012:secret:search",
        notification_secret="arn:aws:secretsmanager:eu-west-1:123456789012:secret:receivers",
        config_parameter="/watchpost/wp/config",
        kibana_url="none",
        kibana_space="default",
        kibana_secret="arn:aws:secretsmanager:eu-central-1:123456789012:secret:elasticsearch",
        metric_namespace="Watchpost",
        dead_letter_bucket="letters",
        critical_topic="arn:aws:sns:eu-west-1:123456789012:critical",
        warning_topic="arn:aws:sns:eu-west-1:123456789012:warning",
        fallback_topic="arn:aws:sns:eu-west-1:123456789012:fallback",
        mail_topic="arn:aws:sns:eu-west-1:123456789012:mail",
        incident_table="watchpost-incidents",
        shipper_arn="arn:aws:lambda:eu-west-1:123456789012:function:wp-shipper:live",
        stream_arn="arn:aws:kinesis:eu-west-1:123456789012:stream/logs",
        stream_role="none",
        ledger_table="watchpost-subscriptions",
        subscription_scope="groups",
    )
