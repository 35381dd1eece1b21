"""Only addresses of the public internet are connected to."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

import pytest
from hypothesis import given
from hypothesis import strategies as st
from watchpost.addresses import is_public

# IANA IPv4 and IPv6 Special-Purpose Address Registries, and multicast (RFC 1112, RFC 4291).
NOT_PUBLIC = [
    *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.2.0/24"),
    *("192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
    *("::/128", "::1/128", "::/96", "64:ff9b:1::/48", "100::/64", "2001:db8::/32", "3fff::/20", "5f00::/16"),
    *("fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8"),
]


@pytest.mark.parametrize(
    "address",
    ["8.8.8.8", "172.15.255.255", "172.32.0.0", "11.0.0.0", "100.63.255.255", "100.128.0.0", "169.253.255.255"],
)
def test_addresses_of_the_internet_are_public(address: str) -> None:
    assert is_public(address)
    assert is_public(f"::ffff:{address}")
    assert is_public(f"64:ff9b::{address}")
    assert is_public(str(IPv6Address((0x2002 << 112) | (int(IPv4Address(address)) << 80))))  # 6to4, RFC 3056


@pytest.mark.parametrize("address", ["2600:1f18::1", "2a00:1450:4001:81a::200e"])
def test_addresses_of_the_internet_of_version_6_are_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("text", ["", "localhost", "10.0.0.1:80", "fe80::1%eth0", "2600:1f18::1%eth0", "1.2.3", "::g"])
def test_what_is_no_address_of_the_internet_is_not_public(text: str) -> None:
    assert not is_public(text)


@pytest.mark.parametrize("network", NOT_PUBLIC)
def test_the_first_and_the_last_address_of_what_is_set_apart_are_not_public(network: str) -> None:
    found = IPv6Network(network) if ":" in network else IPv4Network(network)

    assert not is_public(str(found[0]))
    assert not is_public(str(found[-1]))


private = st.sampled_from([network for network in NOT_PUBLIC if ":" not in network]).flatmap(
    lambda network: st.ip_addresses(v=4, network=network)
)


@given(private)
def test_no_way_to_write_a_private_address_makes_it_public(address: IPv4Address) -> None:
    number = int(address)

    written = [
        IPv6Address((0xFFFF << 32) | number),  # mapped
        IPv6Address(number),  # compatible
        IPv6Address((0x64FF9B << 96) | number),  # translated
        IPv6Address((0x2002 << 112) | (number << 80) | 1),  # 6to4
        IPv6Address((0x20010000 << 96) | (number ^ 0xFFFFFFFF)),  # Teredo, RFC 4380
    ]
    assert [str(one) for one in (address, *written) if is_public(str(one))] == []


@given(st.text(max_size=40) | st.ip_addresses().map(str))
def test_every_text_is_judged(text: str) -> None:
    assert is_public(text) in (True, False)
