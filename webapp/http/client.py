"""Who sent a request: the client's address, the network that counts as one client, its token."""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address

from flask import Request

_UNKNOWN = "unknown"
_WITH_PORT = re.compile(r"\[([^\]]*)\](?::\d+)?|([^:]*):\d+")
_SITE_BITS = 64  # of an IPv6 address; a client chooses the other 64 itself


def bearer_token(request: Request) -> str | None:
    """The token in `Authorization: Bearer …`; None where there is no such header."""
    scheme, _space, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def client_address(request: Request) -> str:
    """The address of the client: that of the connection, or what trusted proxies say it is.

    `unknown` if it is no IP address, as on a Unix socket.
    """
    return str(_parsed(request.remote_addr or "") or _UNKNOWN)


def client_network(request: Request) -> str:
    """The network whose addresses count as one client.

    An IPv4 address, or the /64 of an IPv6 address, all of whose 2⁶⁴ addresses one client may use.
    """
    return network_of(request.remote_addr or "")


@lru_cache(maxsize=4096)
def network_of(address: str) -> str:
    """The same, by address. What is no IP address is one client, as it could be anything."""
    ip = _parsed(address)
    if not isinstance(ip, IPv6Address):
        return str(ip or _UNKNOWN)
    return f"{IPv6Address(int(ip) >> _SITE_BITS << _SITE_BITS)}/{_SITE_BITS}"


def _parsed(address: str) -> IPv4Address | IPv6Address | None:
    """The IP address; an IPv4 address that is written as IPv6 (`::ffff:a.b.c.d`) is IPv4."""
    if with_port := _WITH_PORT.fullmatch(address):  # some proxies add the client's port
        address = with_port[1] or with_port[2] or ""
    try:
        ip = ip_address(address)
    except ValueError:
        return None
    return getattr(ip, "ipv4_mapped", None) or ip
