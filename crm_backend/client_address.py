"""Whose request it is, behind reverse proxies.

`X-Forwarded-For` is what anybody may write, so only the part counts that proxies of
TRUSTED_PROXIES added: from the right, up to the first address that is none of them.
"""

import logging
from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from crm_backend.setting_values import Network

log = logging.getLogger(__name__)

IpAddress = IPv4Address | IPv6Address
# Whoever has one address of such a network has all of them.
IPV6_HOUSEHOLD = 64


def make_forwarded(proxies: Sequence[Network]) -> Middleware:
    """Make the middleware that gives requests their real address and scheme."""
    has_warned = False

    @web.middleware
    async def forwarded(request: web.Request, handler: Handler) -> web.StreamResponse:
        nonlocal has_warned
        hops = _split(request, "X-Forwarded-For")
        peer = _read(request.remote or "")
        if peer is None or not _is_in(peer, proxies):
            if hops and not has_warned and peer is not None and peer.is_private:
                has_warned = True
                log.warning(
                    "A proxy at %s sends X-Forwarded-For, but TRUSTED_PROXIES does "
                    "not name it, so the visitors behind it cannot be told apart.",
                    peer,
                )
            return await handler(request)
        remote = str(find_client(peer, hops, proxies))
        scheme = (_split(request, "X-Forwarded-Proto") or [""])[-1].lower()
        if scheme not in ("http", "https"):
            scheme = request.scheme
        return await handler(request.clone(remote=remote, scheme=scheme))

    return forwarded


def find_client(
    peer: IpAddress, hops: Sequence[str], proxies: Sequence[Network]
) -> IpAddress:
    """Return the first address from the right that is no trusted proxy's.

    Args:
        peer: who is connected to us.
        hops: X-Forwarded-For, its parts from left to right.
        proxies: whose parts count.
    """
    client = peer
    for hop in reversed(hops):
        if not _is_in(client, proxies):
            break
        address = _read(hop)
        if address is None:
            break
        client = address
    return client


def limit_key(remote: str) -> str:
    """Return what an address counts as: IPv6 by household, the rest by itself."""
    address = _read(remote)
    if isinstance(address, IPv6Address):
        return str(IPv6Network((address, IPV6_HOUSEHOLD), strict=False))
    return str(address or remote)


def is_loopback(remote: str) -> bool:
    """Whether a request comes from this machine itself."""
    address = _read(remote)
    return address is not None and address.is_loopback


def _is_in(address: IpAddress, networks: Sequence[Network]) -> bool:
    return any(address in network for network in networks)


def _split(request: web.Request, name: str) -> list[str]:
    text = ",".join(request.headers.getall(name, []))
    return [part.strip() for part in text.split(",") if part.strip()]


@lru_cache(maxsize=4096)
def _read(text: str) -> IpAddress | None:
    """Read an address; some proxies add a port, or write IPv4 as IPv6."""
    host = text
    if text.startswith("["):
        host = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        host = text.partition(":")[0]
    try:
        address = ip_address(host)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
