"""How the centre signs what leaves it: the `[alerts]` table of region.toml."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from dispatch.exports_common import Areas, Issuer
from dispatch.toml_entry import Entry

_DOMAIN: Final = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+")
MAX_DOMAIN: Final = 200


def read_issuer(
    table: Mapping[str, object], *, region_name: str, areas: Areas, notice: str | None, source: str
) -> Issuer:
    """The centre as `[alerts]` names it; what the table leaves out keeps its default.

    Parameters
    ----------
    table
        As parsed from TOML: `sender`, `sender_name` and `restriction`.
    region_name
        Stands for what nobody wrote. A sender made of it ends in `.invalid` (RFC 2606): it can be nobody's domain.
    areas
        Villages and kecamatan by code.
    notice
        The demonstration region's notice; None for a real region.
    source
        The file, for the text of errors.

    Raises
    ------
    SourceError
        An unknown key, or a sender that is no domain name.
    """
    entry = Entry(table, f"{source}, [alerts]", ("sender", "sender_name", "restriction"))
    slug = re.sub(r"[^a-z0-9]+", "-", region_name.lower()).strip("-") or "region"
    sender = entry.text("sender", f"112.{slug[:60]}.invalid".replace("-.", "."))
    if len(sender) > MAX_DOMAIN or not _DOMAIN.fullmatch(sender):
        raise entry.fault("sender", "must be the centre's domain name, such as 112.cirebonkab.go.id")
    return Issuer(
        sender=sender,
        sender_name=entry.text("sender_name", region_name),
        restriction=entry.text("restriction", Issuer().restriction),
        areas=areas,
        notice=notice,
    )
