"""Whether people sign in at a server, and what must be in place for it."""

from __future__ import annotations

import os
from ipaddress import ip_address
from urllib.parse import urlsplit

from gis.errors import InputError
from web.running import Running
from web.sessions import SECRET_VARIABLE, Access, secret_key


def access_for(
    running: Running, url: str, *, host: str, accounts: bool | None, public_url: str | None
) -> tuple[Access | None, list[str]]:
    """Accounts for a server, and what its operator should hear.

    Where nobody says, only the demonstration region on loopback is open without signing in.

    Raises
    ------
    InputError
        No accounts on an address that others reach.
    SourceError
        The key that signs cookies is missing or too short.
    """
    is_private = is_loopback(host) and public_url is None
    wanted = accounts if accounts is not None else not (running.centre.region.notice is not None and is_private)
    if not wanted:
        if not is_private:
            raise InputError("Without accounts the server listens on this machine alone; leave out --no-accounts.")
        return None, ["No accounts: everybody at this machine may do everything; --accounts lets people sign in."]
    is_https = public_url is not None and urlsplit(public_url).scheme == "https"
    said = []
    if not is_private and not is_https:
        said.append(
            "Passwords would cross the network unprotected: put a proxy that speaks https in front, and name its "
            "address with --public-url (docs/access.md)."
        )
    key = secret_key(url, os.environ.get(SECRET_VARIABLE, "").strip())
    return Access(sign_in=running.sign_in, secret_key=key, https=is_https), said


def check_public_url(url: str | None) -> None:
    """Refuse an address that nobody could open.

    Raises
    ------
    InputError
        No http or https address of a host, or more than that.
    """
    if url is None:
        return
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.path in ("", "/")
        good = good and not parts.query and not parts.fragment
    except ValueError:
        good = False
    if not good:
        raise InputError("--public-url is the address of the server alone, such as https://112.example.id.")


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches an address."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
