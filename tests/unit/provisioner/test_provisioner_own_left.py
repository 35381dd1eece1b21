"""A run that leaves Watchpost's own as it is: what it spares, and what it does not."""

from __future__ import annotations

from provisioner.actual import Existing, Listing
from provisioner.own_left import spare


def _listing(*names: str) -> dict[str, Existing]:
    return {name: Existing(name, f"arn:{name}", "{}") for name in names}


def test_alarms_and_dashboards_of_watchpost_are_taken_out_and_no_others() -> None:
    alarms = Listing(
        _listing("wp/watchpost/pipeline/lag", "wp/watchpost/shipper/fails", "wp/watchposts/a/b", "wp/orders/a/b"),
        _listing("wp/watchpost/service/unhealthy", "wp/orders/service/unhealthy"),
    )
    dashboards = {"wp-watchpost", "wp-watchpost-2", "wp-overview", "wp-overview-2", "wp-orders", "wp-watchposts"}

    spared = spare("wp", alarms, dashboards)

    assert set(alarms.alarms) == {"wp/watchposts/a/b", "wp/orders/a/b"}
    assert set(alarms.composites) == {"wp/orders/service/unhealthy"}
    assert dashboards == {"wp-orders", "wp-watchposts"}
    assert spared == {"wp-watchpost", "wp-watchpost-2", "wp-overview", "wp-overview-2"}


def test_what_could_not_be_listed_is_nothing_to_spare() -> None:
    assert spare("wp", None, None) == frozenset()
