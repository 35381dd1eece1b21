"""How requests to Elasticsearch prove who sends them."""

from __future__ import annotations

import base64

import pytest
from watchpost import login
from watchpost.errors import ConfigurationError
from watchpost.secrets import Secret


def test_an_api_key_counts_before_user_and_password() -> None:
    both = {"api_key": "a-key", "username": "u", "password": "p"}

    assert login.authorization(Secret("s", both)) == "ApiKey a-key"
    basic = login.authorization(Secret("s", {"username": "ü", "password": "p:q"}))
    assert base64.b64decode(basic.removeprefix("Basic ")).decode() == "ü:p:q"


@pytest.mark.parametrize("key", ["hidden\n", "hidden\r\nx: y", "hidden\0", "hiddén", 7])
def test_a_key_that_no_header_can_hold_is_told_without_its_content(key: object) -> None:
    with pytest.raises(ConfigurationError) as raised:
        login.authorization(Secret("elasticsearch", {"api_key": key}))

    assert raised.value.path == "secret elasticsearch: api_key"
    assert "hidd" not in str(raised.value)
