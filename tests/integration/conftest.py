"""What the integration tests stand on."""

from __future__ import annotations

import os

import pytest


@pytest.fixture(scope="session")
def elasticsearch_url(request: pytest.FixtureRequest) -> str:
    """URL with credentials of a real Elasticsearch: the one of ELASTICSEARCH_URL, else the session's own."""
    url = os.environ.get("ELASTICSEARCH_URL")
    return url or request.getfixturevalue("local_account").elasticsearch_url
