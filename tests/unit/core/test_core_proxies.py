"""Which proxy is on the way to a URL, by what the environment and a secret say."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from watchpost.errors import ConfigurationError
from watchpost.proxies import Proxy, authorization, proxy_for
from watchpost.secrets import Secret

if TYPE_CHECKING:
    from collections.abc import Iterator

PASSWORD = "hidden-part"


@pytest.fixture(autouse=True)
def _only_these() -> Iterator[None]:
    with patch.dict("os.environ", {"HTTPS_PROXY": "http://proxy.internal:3128"}, clear=True):
        yield


@pytest.mark.parametrize(
    ("url", "no_proxy", "goes_through"),
    [
        ("https://elasticsearch.example.com:9200", "", True),
        ("http://elasticsearch.example.com:9200", "", False),  # there is nothing to tunnel
        ("https://monitoring.eu-west-1.amazonaws.com", ".amazonaws.com", False),
        ("https://monitoring.eu-west-1.amazonaws.com", "amazonaws.com", False),
        ("https://notamazonaws.com", ".amazonaws.com", True),
        ("https://elasticsearch.example.com:9200", "other, elasticsearch.example.com", False),
        ("https://elasticsearch.example.com:9200", "elasticsearch.example.com:9200", False),
        ("https://elasticsearch.example.com:9200", "elasticsearch.example.com:9201", True),
        ("https://10.0.0.7", "10.0.0.0/8", True),  # ranges mean nothing, as to botocore
        ("https://elasticsearch.example.com", "*", False),
    ],
)
def test_hosts_and_their_endings_are_reached_without_the_proxy(
    url: str, no_proxy: str, goes_through: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", no_proxy)

    assert proxy_for(url) == (Proxy("proxy.internal", 3128) if goes_through else None)


def test_without_a_proxy_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HTTPS_PROXY")
    monkeypatch.setenv("HTTP_PROXY", "http://other:1")

    assert proxy_for("https://elasticsearch.example.com") is None


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("http://proxy:3128", "http://proxy:3128"),
        ("proxy:3128", "http://proxy:3128"),
        ("http://proxy", "http://proxy:80"),
        ("http://proxy:3128/", "http://proxy:3128"),
        ("http://[fd00::1]:3128", "http://[fd00::1]:3128"),
    ],
)
def test_a_proxy_is_named_as_others_name_it(text: str, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", text)

    found = proxy_for("https://x")

    assert found is not None
    assert found.url == url


def test_the_secrets_password_comes_before_that_of_the_shell_and_neither_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://me:{PASSWORD}%40x@proxy:3128")
    header = authorization(Secret("elasticsearch", {"proxy_username": "stack", "proxy_password": PASSWORD}))

    own, secrets = proxy_for("https://x"), proxy_for("https://x", header)

    assert own is not None
    assert secrets is not None
    assert own.headers["Proxy-Authorization"] == "Basic " + base64.b64encode(f"me:{PASSWORD}@x".encode()).decode()
    assert secrets.headers == {"Proxy-Authorization": header}
    assert base64.b64decode(str(header).removeprefix("Basic ")).decode() == f"stack:{PASSWORD}"
    for shown in (repr(own), repr(secrets), own.url, secrets.url):
        assert PASSWORD not in shown
        assert str(header) not in shown


@pytest.mark.parametrize(
    "values",
    [{"proxy_username": "u"}, {"proxy_password": PASSWORD}, {"proxy_username": "u", "proxy_password": 7}],
)
def test_half_of_the_credentials_is_a_mistake(values: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        authorization(Secret("elasticsearch", values))

    assert "elasticsearch" in str(caught.value)
    assert PASSWORD not in str(caught.value)


@pytest.mark.parametrize(
    "text", ["https://proxy:3128", "socks5://proxy:1080", "http://", "http://proxy:0", "http://[x"]
)
def test_what_is_no_proxy_is_told_without_its_text(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", text.replace("//", f"//me:{PASSWORD}@"))

    with pytest.raises(ConfigurationError) as caught:
        proxy_for("https://x")

    assert caught.value.path == "HTTPS_PROXY"
    assert PASSWORD not in str(caught.value)


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1))
@example("http://a:b@[")
@example("http://\u2100")
def test_every_text_is_a_proxy_or_a_clear_refusal(text: str) -> None:
    with patch.dict("os.environ", {"HTTPS_PROXY": text, "NO_PROXY": ""}, clear=True):
        try:
            found = proxy_for("https://x")
        except ConfigurationError:
            return
    assert found is not None
    assert found.host
    assert 0 < found.port < 65_536
