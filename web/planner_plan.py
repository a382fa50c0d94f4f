"""What the planner's page sends: a plan as JSON, read with every fault in one sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import shapely

from dispatch.vocabulary import unit_kind
from gis.errors import N_, InputError
from gis.types import Location
from planning.coverage import Standard
from routing.closures import polygon_of
from web.i18n import Translator
from web.plan_changes import ADDED_KIND
from web.plan_roads import RoadChanges, assumed_on_roads
from web.plan_simulation import NIGHT
from web.plans import Post

MOST_POSTS: Final = 300
MOST_UNITS: Final = 20
MOST_CLOSED: Final = 50
MOST_CORNERS: Final = 500
WEEK_HOURS: Final = 168
DAY_HOURS: Final = 24
TEXT: Final = 80
"""Letters of a name that are kept."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SentPlan:
    """A plan of the page.

    Attributes
    ----------
    posts
        Where units stand at the hour asked; one with two units stands there twice.
    standard
        What they are measured by.
    roads
        What is closed; its hour is the hour of the week asked for, whether or not the region tells its traffic.
    assumed
        The changes in words, for reports: each a message and its values.
    """

    posts: tuple[Post, ...]
    standard: Standard
    roads: RoadChanges
    assumed: tuple[tuple[str, Mapping[str, Any]], ...]

    @property
    def places(self) -> tuple[Post, ...]:
        """The posts, each once."""
        return tuple(dict.fromkeys(self.posts))

    def assumptions(self, _: Translator) -> tuple[str, ...]:
        """What is assumed, in sentences."""
        return tuple(_(said).format(**values) for said, values in self.assumed)


def sent_plan(body: object) -> SentPlan:
    """Read a plan.

    Raises
    ------
    InputError
        It is no plan, or one that cannot be.
    """
    if not isinstance(body, dict) or not isinstance(body.get("posts"), list):
        raise InputError(N_("Send JSON with kind, minutes and posts, each with name, lat and lon."))
    if len(body["posts"]) > MOST_POSTS:
        raise InputError(N_("{count} posts are too many for one plan; send at most {most}."),
                         count=len(body["posts"]), most=MOST_POSTS)  # fmt: skip
    minutes = _number(body.get("minutes", 15))
    standard = Standard(kinds=(unit_kind(str(body.get("kind", ""))[:40]),), within_s=minutes * 60)
    hour = _hour(body.get("hour"))
    is_night = hour is not None and hour % DAY_HOURS in NIGHT
    posts: list[Post] = []
    asleep = []
    for number, one in enumerate(body["posts"], start=1):
        post, by_day, by_night = _post(number, one)
        posts += [post] * (by_night if is_night else by_day)
        if is_night and by_night < by_day:
            asleep.append(post.name)
    if not posts:
        raise InputError(N_("No post is left after these changes; nothing can be covered."))
    roads = _roads(body.get("closed", []), hour)
    assumed = assumed_on_roads(roads)
    if asleep:
        assumed.append((N_("Fewer units by night at: {posts}."), {"posts": ", ".join(asleep)}))
    return SentPlan(posts=tuple(posts), standard=standard, roads=roads, assumed=tuple(assumed))


def _post(number: int, one: object) -> tuple[Post, int, int]:
    if not isinstance(one, dict):
        raise InputError(N_("Post {number} is no object with name, lat and lon."), number=number)
    location = _location(one)
    if location is None:
        raise InputError(N_("Post {number} has no position on earth; give lat and lon in degrees."), number=number)
    by_day = _units(number, one.get("units", 1))
    by_night = _units(number, one.get("night_units", by_day))
    name = str(one.get("name", number))[:TEXT]
    return Post(name=name, kind=str(one.get("kind", ADDED_KIND))[:TEXT], location=location), by_day, by_night


def _units(number: int, given: object) -> int:
    if isinstance(given, bool) or not isinstance(given, int) or not 0 <= given <= MOST_UNITS:
        raise InputError(
            N_("Post {number}: the number of units must be a whole number from 0 to {most}."),
            number=number, most=MOST_UNITS,
        )  # fmt: skip
    return given


def _roads(given: object, hour: int | None) -> RoadChanges:
    if not isinstance(given, list) or len(given) > MOST_CLOSED:
        raise InputError(
            N_("Send what is closed as a list of at most {most}, each with street, with lat and lon, or with polygon."),
            most=MOST_CLOSED,
        )  # fmt: skip
    streets: list[str] = []
    spots: list[Location] = []
    areas: list[shapely.Geometry] = []
    for number, one in enumerate(given, start=1):
        if isinstance(one, dict) and isinstance(one.get("street"), str) and one["street"].strip():
            streets.append(one["street"].strip()[:TEXT])
        elif isinstance(one, dict) and isinstance(one.get("polygon"), list):
            areas.append(polygon_of(_corners(number, one["polygon"])))
        else:
            spot = _location(one) if isinstance(one, dict) else None
            if spot is None:
                raise InputError(
                    N_("Closure {number} tells no street, no lat and lon and no polygon; give one of them."),
                    number=number,
                )
            spots.append(spot)
    return RoadChanges(streets=streets, roads=spots, areas=areas, hour=hour)


def _corners(number: int, given: Sequence[object]) -> list[Location]:
    if len(given) > MOST_CORNERS:
        raise InputError(
            N_("Closure {number}: an area has at most {most} corners; draw it more simply."),
            number=number, most=MOST_CORNERS,
        )  # fmt: skip
    found = []
    for one in given:
        spot = _location(dict(zip(("lat", "lon"), one, strict=False))) if isinstance(one, list) else None
        if spot is None:
            raise InputError(N_("Closure {number}: a corner is no pair of lat and lon in degrees."), number=number)
        found.append(spot)
    return found


def _location(given: Mapping[str, object]) -> Location | None:
    lat, lon = _number(given.get("lat")), _number(given.get("lon"))
    return Location(lat=lat, lon=lon) if abs(lat) <= 90 and abs(lon) <= 180 else None


def _hour(given: object) -> int | None:
    if given is None:
        return None
    if isinstance(given, bool) or not isinstance(given, int) or not 0 <= given < WEEK_HOURS:
        raise InputError(N_("The hour of the week is a whole number from 0 (Monday 0:00) to 167."))
    return given


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not np.isfinite(value):
        raise InputError(N_("“{value}” is no number; give minutes and degrees as numbers."), value=str(value)[:20])
    return float(value)
