"""Which edges the law and a vehicle's exemptions open to it, and which exemptions an edge needs.

Two questions stand behind it, and each has its own exemptions: whether the vehicle may be on this road at all (access,
and barriers), and whether it may drive in this direction.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from routing.network import BARRIERS, EdgeFlag, RoadNetwork, UInt8Array, UInt32Array
from routing.profile import Exemption, Profile

BoolArray = npt.NDArray[np.bool_]

EXEMPTIONS: tuple[Exemption, ...] = tuple(Exemption)
"""In the order in which they are tried: what the tags allow first, what breaks a rule of the road last."""

_OPENS_FOR_ITS_OWNER = frozenset({"gate", "lift_gate", "swing_gate", "sliding_gate", "checkpoint", "unknown"})
"""Barriers that somebody opens from within; the exemption from private access counts at them."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Openings:
    """What is open to a vehicle by law and by its exemptions, whether it fits there or not.

    Attributes
    ----------
    is_open
        (E,) True where it may drive.
    used
        (E,) the exemptions that it needs for it, one bit each in the order of `EXEMPTIONS`.
    """

    is_open: BoolArray
    used: UInt8Array


def openings(network: RoadNetwork, profile: Profile) -> Openings:
    """What is open to a vehicle."""
    return _openings(np.asarray(network.edge_flags), np.asarray(network.edge_barrier), profile)


def _openings(flags: UInt32Array, barrier: UInt8Array, profile: Profile) -> Openings:
    used = np.zeros(len(flags), dtype=np.uint8)
    is_open = _may_be_there(flags, barrier, profile, used) & _may_drive_so(flags, profile, used)
    used[~is_open] = 0
    return Openings(is_open=is_open, used=used)


def exemptions_used(network: RoadNetwork, profile: Profile, edges: Sequence[int]) -> tuple[Exemption, ...]:
    """Which of its exemptions a vehicle uses by driving edges one after the other, in the order of `EXEMPTIONS`.

    Parameters
    ----------
    network, profile
        The roads and the vehicle.
    edges
        In driving order; the first and the last may be driven in part.
    """
    if not profile.exemptions:
        return ()
    driven = np.array(edges, dtype=np.int64)
    opened = _openings(network.edge_flags[driven], network.edge_barrier[driven], profile)
    bits = int(np.bitwise_or.reduce(opened.used, initial=0))
    if not profile.obeys_restrictions and breaks_a_restriction(network, edges):
        bits |= _bit(Exemption.RESTRICTIONS_IGNORED)
    return names_of(bits)


def names_of(bits: int) -> tuple[Exemption, ...]:
    """The exemptions of `Openings.used`."""
    return tuple(exemption for exemption in EXEMPTIONS if bits & _bit(exemption))


def needed_somewhere(network: RoadNetwork, profile: Profile) -> bool:
    """Whether any of the vehicle's exemptions opens anything in this network, or could."""
    return bool(openings(network, profile).used.any()) or (
        not profile.obeys_restrictions and len(network.restriction_offset) > 1
    )


def breaks_a_restriction(network: RoadNetwork, edges: Iterable[int]) -> bool:
    """Whether a forbidden sequence of edges is driven."""
    driven = list(edges)
    offset, sequence = network.restriction_offset, network.restriction_edges
    last = {int(sequence[end - 1]) for end in offset[1:].tolist() if end}
    if not last & set(driven):
        return False
    forbidden = {tuple(sequence[start:end].tolist()) for start, end in pairwise(offset.tolist())}
    sizes = {len(one) for one in forbidden}
    return any(
        tuple(driven[end - size : end]) in forbidden
        for end in range(2, len(driven) + 1)
        for size in sizes
        if size <= end
    )


# --- access and barriers -----------------------------------------------------------------------------------------


def _may_be_there(flags: UInt32Array, barrier: UInt8Array, profile: Profile, used: UInt8Array) -> BoolArray:
    private, forbidden = _has(flags, EdgeFlag.PRIVATE), _has(flags, EdgeFlag.NO_ACCESS)
    if profile.two_wheels:
        allowed = _has(flags, EdgeFlag.MOTORCYCLE)
        private = private & ~allowed
        forbidden = (forbidden & ~allowed) | _has(flags, EdgeFlag.NO_MOTORCYCLE)
    barred = _has(flags, EdgeFlag.BARRIER)
    passed = _of_kinds(barrier, profile.passes)
    if profile.two_wheels:
        passed |= allowed
    own_gate = _of_kinds(barrier, _OPENS_FOR_ITS_OWNER) & ~_has(flags, EdgeFlag.LOCKED)
    is_open = ~private & ~forbidden & (~barred | passed)
    for exemption, opened in (
        (Exemption.EMERGENCY_YES, _has(flags, EdgeFlag.EMERGENCY)),
        (Exemption.BUS_LANES, forbidden & ~private & ~barred & _has(flags, EdgeFlag.BUS)),
        (Exemption.ACCESS_PRIVATE, private & ~forbidden & (~barred | own_gate | passed)),
    ):
        if exemption in profile.exemptions:
            newly = ~is_open & opened
            used[newly] |= np.uint8(_bit(exemption))
            is_open = is_open | newly
    return np.asarray(is_open, dtype=np.bool_)


def _of_kinds(barrier: UInt8Array, kinds: frozenset[str]) -> BoolArray:
    return np.asarray(np.array([kind in kinds for kind in BARRIERS])[barrier])


# --- direction ---------------------------------------------------------------------------------------------------


def _may_drive_so(flags: UInt32Array, profile: Profile, used: UInt8Array) -> BoolArray:
    against = _has(flags, EdgeFlag.CONTRAFLOW)
    is_open = ~against
    for exemption, opened in (
        (Exemption.BUS_LANES, against & _has(flags, EdgeFlag.BUS)),
        (Exemption.ONEWAY_AGAINST, against),
    ):
        if exemption in profile.exemptions:
            newly = ~is_open & opened
            used[newly] |= np.uint8(_bit(exemption))
            is_open = is_open | newly
    return np.asarray(is_open, dtype=np.bool_)


def _has(flags: UInt32Array, flag: EdgeFlag) -> BoolArray:
    return np.asarray((flags & np.uint32(flag)) != 0)


def _bit(exemption: Exemption) -> int:
    return 1 << EXEMPTIONS.index(exemption)
