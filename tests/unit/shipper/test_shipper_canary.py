"""The canary's line is shipped whatever is configured, to a data stream of its own, and adds no metric but its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from watchpost import names
from watchpost.configuration import Configuration, Logs, ServiceRule

if TYPE_CHECKING:
    from tests.unit.shipper.conftest import Shipper

GROUP = names.canary_log_group("watchpost")
LINE = "MONITORING|1|Count|CanaryLines|Watchpost|id=0123456789abcdef0123456789abcdef"


def test_the_canarys_line_goes_to_a_data_stream_that_no_view_of_the_environment_has(shipper: Shipper) -> None:
    done = shipper.ship(LINE, logGroup=GROUP, logStream="canary")

    assert [one["_index"] for one in done.actions] == ["metrics-watchpost.line-dev.canary"]
    [document] = done.documents
    assert document["data_stream"]["namespace"] == "dev.canary"
    assert document["service"]["name"] == names.CANARY_SERVICE
    assert document["labels"] == {"id": "0123456789abcdef0123456789abcdef"}


def test_services_lines_go_where_they_always_did(shipper: Shipper) -> None:
    [action] = shipper.ship(LINE).actions

    assert action["_index"] == "metrics-watchpost.line-dev"


@pytest.mark.parametrize(
    "configuration",
    [
        Configuration(logs=Logs(exclude=("*",))),
        Configuration(services=(ServiceRule("*", "everything"),)),
        Configuration(metric_dimensions=("id",)),
    ],
    ids=["excluded", "named otherwise", "dimensions"],
)
def test_no_configuration_keeps_it_back_or_changes_what_it_counts_as(
    shipper: Shipper, configuration: Configuration
) -> None:
    done = shipper.ship(LINE, logGroup=GROUP, logStream="canary", configuration=configuration)

    assert [one["service"]["name"] for one in done.documents] == [names.CANARY_SERVICE]
    [entry] = done.entries
    assert entry["MetricName"] == "CanaryLines"
    # an id would be another metric every minute, each of which costs money
    assert entry["Dimensions"] == [{"Name": "Service", "Value": names.CANARY_SERVICE}]


def test_the_line_of_another_stacks_canary_is_left_out(shipper: Shipper) -> None:
    done = shipper.ship(LINE, logGroup=names.canary_log_group("blue"))

    assert done.items == []
    assert done.counts.filtered_by == {"canary of another stack": 1}
