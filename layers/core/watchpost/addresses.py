"""Which addresses may be connected to. A host from a secret must not lead into the network that the function is in.

The check is made on the address that is connected to, so a name that resolves to something else a moment later does not
get around it.
"""

from __future__ import annotations

import socket
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

_GLOBAL = IPv6Network("2000::/3")  # all that is assigned for use in the internet (RFC 4291, 2.4)
_EXAMPLES = IPv6Network("3fff::/20")  # RFC 9637, which older versions of Python do not know
_TRANSLATED = IPv6Network("64:ff9b::/96")  # IPv4 through a translator (RFC 6052), as NAT gateways of AWS are


class PrivateAddressError(Exception):
    """A host has no address in the public internet. Its name is not part of the message: it may be a secret."""

    def __init__(self) -> None:
        super().__init__("its address is not public; allow_private: true beside the URL would allow it")


def is_public(text: str) -> bool:
    """Whether an IP address belongs to the public internet, and so do those that are written within it.

    False for what is private, shared (100.64.0.0/10), loopback, link-local (where the metadata of instances is),
    multicast, reserved or no address at all (IANA special-purpose address registries).
    """
    try:
        address = ip_address(text)
    except ValueError:
        return False
    if isinstance(address, IPv4Address):
        return address.is_global and not address.is_multicast
    if address.scope_id:
        return False
    inner = _inside(address)
    if inner is not None:
        return is_public(str(inner))
    return address in _GLOBAL and address.is_global and address not in _EXAMPLES


def _inside(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that a packet to this one is sent on to."""
    if address in _TRANSLATED:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour


def check(host: str) -> None:
    """Look at a host that somebody else will resolve: an address has to be public, a name is taken as it is.

    Raises PrivateAddressError.
    """
    try:
        ip_address(host.partition("%")[0])
    except ValueError:
        return
    if not is_public(host):
        raise PrivateAddressError


def connect(host: str, port: int, timeout: float, *, allow_private: bool) -> socket.socket:
    """Connect to a host at one of its public addresses, or at any when private ones are allowed.

    timeout: seconds, for each address. Raises PrivateAddressError when it has no other, and OSError.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    usable = [one for one in found if allow_private or is_public(str(one[4][0]))]
    if found and not usable:
        raise PrivateAddressError
    failure: OSError = ConnectionError("the host has no address")
    for family, kind, protocol, _, address in usable:
        made = socket.socket(family, kind, protocol)
        try:
            made.settimeout(timeout)
            made.connect(address)
            return made
        except OSError as error:
            made.close()
            failure = error
    raise failure
