"""Help for the call taker in words, for a terminal: duplicates, ghost calls, timers, neighbours."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo

from dispatch.border_help import BorderHelp, BorderStanding
from dispatch.duplicates import CategoryPart, DuplicateCandidate, Likeness, Relation, SpaceBasis, SpacePart, TimePart
from dispatch.ghost_calls import GhostLevel, GhostScore
from dispatch.timers import Timer, TimerKind
from web.i18n import Translator
from web.terminal import table
from web.wording import distance, duration


def duplicate_table(candidates: Sequence[DuplicateCandidate], _: Translator) -> str:
    """A line for every candidate: its score, and the three parts whose product it is."""
    rows = [
        [
            one.incident_id,
            _.number(one.score, 2),
            _("likely") if one.likeness is Likeness.LIKELY else _("possible"),
            f"{_.number(one.space.score, 2)} {_space(one.space, _)}",
            f"{_.number(one.time.score, 2)} {_time(one.time, _)}",
            f"{_.number(one.category.score, 2)} {_relation(one.category, _)}",
        ]
        for one in candidates
    ]
    return table([_("Incident"), _("Score"), "", _("Space"), _("Time"), _("Category")], rows, right=(1,))


def ghost_lines(score: GhostScore, _: Translator, *, has_number: bool) -> list[str]:
    """What is said of a number, the points of every rule that counted, and that no number is ever refused."""
    sentences = {
        GhostLevel.NONE: _("No sign of ghost calls ({points} of 100 points)."),
        GhostLevel.SOME: _("Some ghost or prank calls from this number ({points} of 100 points)."),
        GhostLevel.HIGH: _("Mostly ghost or prank calls from this number ({points} of 100 points)."),
    }
    said = sentences[score.level] if has_number else _("The call came without a number; nothing is known of it.")
    hits = [f"  {one.points:+4d}  {one.text[_.language]}" for one in score.hits]
    return [said.format(points=score.points), *hits, score.notice[_.language]]


def timer_table(timers: Sequence[Timer], timezone: tzinfo, _: Translator) -> str:
    """A line for every wait: what for, until when, and how long that is from now."""
    waits = {
        TimerKind.RESPONSE: _("first unit on scene"),
        TimerKind.TURNOUT: _("on the way"),
        TimerKind.EN_ROUTE: _("on scene"),
    }
    rows = [
        [
            one.incident_id,
            waits[one.kind],
            one.unit_id or "-",
            one.due_at.astimezone(timezone).strftime("%Y-%m-%d %H:%M:%S"),
            (_("overdue by {time}") if one.overdue else _("{time} left")).format(time=duration(abs(one.left_s), _)),
        ]
        for one in timers
    ]
    return table([_("Incident"), _("Waits for"), _("Unit"), _("Due at"), ""], rows)


def border_lines(found: BorderHelp, _: Translator) -> list[str]:
    """Where an incident is to the region's edge, and whom to call."""
    sentences = {
        BorderStanding.FAR: _("Far from the region's edge: {edge}."),
        BorderStanding.MAY_BE_NEAR: _("Perhaps near the region's edge: {edge}, and the place is not exact."),
        BorderStanding.NEAR: _("Near the region's edge: {edge}."),
        BorderStanding.OUTSIDE: _("Outside the region, {edge} from its edge."),
        BorderStanding.UNKNOWN: _("The place is not known, nor how near the region's edge it is; locate the incident."),
    }
    edge = "?" if found.edge_m is None else distance(found.edge_m, _)
    said = sentences[found.standing].format(edge=edge)
    if found.contacts:
        rows = [
            [one.neighbour_id, one.name, one.contact, "-" if one.distance_m is None else distance(one.distance_m, _)]
            for one in found.contacts
        ]
        return [said, table([_("Neighbour"), _("Name"), _("Contact"), _("Distance")], rows, right=(3,))]
    if found.standing in (BorderStanding.FAR, BorderStanding.UNKNOWN):
        return [said]
    return [said, _("The directory names no neighbouring centre.")]


def _space(part: SpacePart, _: Translator) -> str:
    if part.basis is SpaceBasis.DISTANCE and part.distance_m is not None:
        return distance(part.distance_m, _)
    return {SpaceBasis.SAME_VILLAGE: _("same village"), SpaceBasis.SAME_KECAMATAN: _("same kecamatan")}.get(
        part.basis, _("not known")
    )


def _time(part: TimePart, _: Translator) -> str:
    return duration(part.gap_s, _) if part.gap_s > 0 else _("at the same time")


def _relation(part: CategoryPart, _: Translator) -> str:
    return {
        Relation.SAME: _("the same"),
        Relation.RELATED: _("related"),
        Relation.NOT_CHOSEN: _("not chosen yet"),
        Relation.DIFFERENT: _("different"),
    }[part.relation]
