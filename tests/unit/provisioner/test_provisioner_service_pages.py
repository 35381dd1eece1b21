"""What a service's page says besides its graphs: where to look in Kibana, and when something was deployed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from provisioner import service_pages
from provisioner.inventory import Resource
from watchpost import links
from watchpost.search import kql
from watchpost.settings import Settings


def _settings(kibana_url: str) -> Settings:
    return Settings(**dict.fromkeys(Settings.__slots__, "x") | {"kibana_url": kibana_url})


def _resource(name: str, deployed: str) -> Resource:
    return Resource("lambda", name, "orders", {}, deployed=deployed)


def test_without_a_kibana_there_is_no_link() -> None:
    assert service_pages._kibana(_settings("none"), "orders") == ""


@pytest.mark.parametrize("url", ["https://kibana.example.com:5601/base", "https://kibana.example.com:5601/base/"])
def test_the_link_leads_to_the_services_lines(url: str) -> None:
    link = service_pages._kibana(_settings(url), "orders")

    assert link.startswith("https://kibana.example.com:5601/base/s/x/app/discover#/?_g=")
    assert links.discovered(link)["query"] == 'service.name: "orders"'


@given(st.text())
def test_no_name_of_a_service_breaks_out_of_the_link(service: str) -> None:
    text = service.encode("utf-8", "replace").decode()
    link = service_pages._kibana(_settings("https://kibana"), text)

    assert not set(link) & set(" '\"<>\\`|^{}\n")
    assert links.discovered(link)["query"] == kql.field_equals("service.name", text)


def test_what_changed_within_a_minute_is_one_deployment() -> None:
    found = service_pages._deployments(
        [
            _resource("b", "2026-11-21T13:42:50.000+0000"),
            _resource("a", "2026-11-21T13:42:10.000+0000"),
            _resource("c", "2026-11-21T13:43:00.000+0000"),
            _resource("d", ""),
            _resource("e", "yesterday"),
        ]
    )

    assert found == (("2026-11-21T13:42:00+00:00", "a and 1 more"), ("2026-11-21T13:43:00+00:00", "c"))
