"""Closed roads in the reader's language: which, why, and whom they cut off."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from dispatch.closures import Closure, ClosureInForce, ClosureReason, VillageCutOff
from routing.types import MetricKey
from web.i18n import Translator
from web.live_roads import RestsOn
from web.wording import distance, words

MOST_NAMED: Final = 3
"""Streets or villages named before the others are only counted."""


def reason_name(reason: ClosureReason, _: Translator) -> str:
    """Why a road is closed."""
    return {
        ClosureReason.FLOOD: _("flood"),
        ClosureReason.ACCIDENT: _("accident"),
        ClosureReason.ROADWORKS: _("roadworks"),
        ClosureReason.BRIDGE: _("bridge out"),
        ClosureReason.EVENT: _("event"),
        ClosureReason.OTHER: _("closed road"),
    }[reason]


def named(names: Sequence[str], _: Translator) -> str:
    """`Jl. A, Jl. B, Jl. C and 4 more`."""
    shown = ", ".join(names[:MOST_NAMED])
    if len(names) <= MOST_NAMED:
        return shown
    return _("{names} and {number} more").format(names=shown, number=len(names) - MOST_NAMED)


def closure_name(closure: Closure | ClosureInForce, _: Translator) -> str:
    """`flood Jl. Tuparev`."""
    streets = named(closure.streets, _) or _("nameless roads")
    return f"{reason_name(closure.reason, _)} {streets}"


def closures_text(closures: Sequence[Closure | ClosureInForce], _: Translator) -> str | None:
    """What is closed, in one sentence; None where nothing is."""
    if not closures:
        return None
    what = "; ".join(closure_name(one, _) for one in closures[:MOST_NAMED])
    if len(closures) > MOST_NAMED:
        what = _("{names} and {number} more").format(names=what, number=len(closures) - MOST_NAMED)
    return _.ngettext("{number} road closure: {what}.", "{number} road closures: {what}.", len(closures)).format(
        number=len(closures), what=what
    )


def cut_off_text(villages: Sequence[VillageCutOff], _: Translator) -> str | None:
    """Whom closed roads cut off, in one sentence; None where nobody is."""
    by_profiles: dict[tuple[str, ...], list[VillageCutOff]] = {}
    for one in sorted(villages, key=lambda one: (one.profiles, -(one.people or 0))):
        by_profiles.setdefault(one.profiles, []).append(one)
    return " ".join(_cut_off_text(profiles, some, _) for profiles, some in by_profiles.items()) or None


def _cut_off_text(profiles: Sequence[str], villages: Sequence[VillageCutOff], _: Translator) -> str:
    """Villages to which the same vehicles cannot drive: all of them, where none is named."""
    people = sum(one.people or 0 for one in villages)
    names = named([one.name for one in villages], _)
    if profiles:
        vehicles = words([vehicle_name(one, _) for one in profiles], _)
        if not people:
            return _("Cut off for {vehicles}: {villages}.").format(vehicles=vehicles, villages=names)
        return _.ngettext(
            "Cut off for {vehicles}: {villages}, {people} person.",
            "Cut off for {vehicles}: {villages}, {people} people.",
            people,
        ).format(vehicles=vehicles, villages=names, people=_.number(people))
    if not people:
        return _("Cut off: {villages}.").format(villages=names)
    return _.ngettext("Cut off: {villages}, {people} person.", "Cut off: {villages}, {people} people.", people).format(
        villages=names, people=_.number(people)
    )


def length_text(edge_count: int, length_m: float, _: Translator) -> str:
    """How much is closed."""
    return _("{length} of road closed ({edges} edges).").format(length=distance(length_m, _), edges=edge_count)


def vehicle_name(profile: str, _: Translator) -> str:
    """A vehicle profile of the defaults; a region's own as it is written."""
    names = {
        "ambulance": _("ambulance"),
        "fire_engine": _("fire engine"),
        "motorcycle": _("motorcycle"),
        "light_vehicle": _("light vehicle"),
    }
    return names.get(profile, profile.replace("_", " "))


def closures_json(closures: Sequence[ClosureInForce], metric: str, _: Translator) -> dict[str, Any]:
    """The closures under which an answer was made."""
    return {
        "ids": [one.closure_id for one in closures],
        "metric": metric,
        "message": closures_text(closures, _),
    }


def roads_json(roads: RestsOn, _: Translator) -> dict[str, Any]:
    """What an answer rests on: the closures in force, and the times that were asked."""
    return {
        "closures": closures_json(roads.state.closures, roads.state.metric, _),
        "times": times_json(roads.metrics, _, pending=roads.pending, failed=roads.failed),
    }


def times_json(
    metrics: Sequence[MetricKey], _: Translator, *, pending: bool = False, failed: Sequence[str] = ()
) -> dict[str, Any]:
    """The times that answered: by profile, hour of the week, closed roads and learnt speeds."""
    return {
        "metrics": [
            {"profile": one.profile, "hour": one.hour, "closures": one.closures, "speeds": one.speeds}
            for one in metrics
        ],
        "pending": pending,
        "failed": list(failed),
        "message": times_text(_, pending=pending, failed=failed),
    }


def times_text(_: Translator, *, pending: bool, failed: Sequence[str]) -> str | None:
    """What there is to say of the times, in one or two sentences; None where they are as they should be."""
    said = []
    if pending:
        said.append(_("New travel times are being worked out; these are the ones before."))
    if failed:
        said.append(
            _(
                "The travel times of {profiles} could not be worked out: older ones answer, which may lead over roads "
                "that are closed now. Check the way."
            ).format(profiles=words([vehicle_name(one, _) for one in failed], _))
        )
    return " ".join(said) or None
