"""What if: posts added, closed, opened again or moved, as a person types or draws them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import inf

from gis.errors import N_, InputError
from gis.types import Location
from web.i18n import Translator
from web.plans import Planner, Post

ADDED_KIND = "added"
SAME_PLACE_DEG = 1e-5
"""A post within a metre stands where it stood: positions are rounded on their way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """Changes to the posts of a kind of unit.

    Attributes
    ----------
    add
        `NAME=PLACE`, or a place alone.
    close, reopen
        Names of stations.
    move
        `STATION=PLACE`.
    """

    add: Sequence[str] = ()
    close: Sequence[str] = ()
    reopen: Sequence[str] = ()
    move: Sequence[str] = ()

    def __bool__(self) -> bool:
        return bool(self.add or self.close or self.reopen or self.move)


def changed_posts(
    planner: Planner, kind: str, changes: Changes, *, place: Callable[[str], Location]
) -> tuple[Post, ...]:
    """The posts of a kind of unit after the changes, which are made in the order close, reopen, move, add.

    Parameters
    ----------
    planner
        Knows the stations.
    kind
        Of unit.
    changes
        As typed.
    place
        Finds the location that a text means.

    Raises
    ------
    InputError
        A station that is not there, closed twice or open already, a place that cannot be found, or no post left.
    """
    # A region without a station in service may still be given posts.
    brings_posts = bool(changes.add or changes.reopen)
    posts = list(planner.posts_if_any(kind) if brings_posts else planner.posts(kind))
    for name in changes.close:
        posts.remove(_standing(planner, posts, name, kind))
    for name in changes.reopen:
        post = planner.post(name)
        if post.kind not in planner.post_kinds[kind]:
            raise InputError(
                N_("{post} is a station of the kind {kind}, at which no such unit stands; name another."),
                post=post.name, kind=post.kind,
            )  # fmt: skip
        if post in posts:
            raise InputError(N_("{post} is in service already; leave it out."), post=post.name)
        posts.append(replace(post, operating=True))
    for text in changes.move:
        name, separator, where = text.partition("=")
        if not separator or not where.strip():
            raise InputError(N_("“{text}” does not say where to; write STATION=PLACE."), text=text[:80])
        post = _standing(planner, posts, name, kind)
        posts[posts.index(post)] = replace(post, location=place(where.strip()))
    for number, text in enumerate(changes.add, start=1):
        name, where = named(text, f"+{number}")
        if any(post.name.casefold() == name.casefold() for post in posts):
            raise InputError(N_("There is a post called {post} already; give the new one another name."), post=name)
        posts.append(Post(name=name, kind=ADDED_KIND, location=place(where)))
    if not posts:
        raise InputError(N_("No post is left after these changes; nothing can be covered."))
    return tuple(posts)


def named(text: str, name: str) -> tuple[str, str]:
    """`NAME=PLACE` in its parts; a link, or a place alone, gets the name given."""
    head, separator, where = text.partition("=")
    if not separator or "://" in head or not head.strip() or not where.strip():
        return name, text.strip()
    return head.strip(), where.strip()


def told_changes(planner: Planner, kind: str, units: Sequence[Post], _: Translator) -> list[str]:
    """What a plan drawn on the map changes about the posts of a kind of unit, in the words of the commands.

    Parameters
    ----------
    planner
        Knows the stations.
    kind
        Of unit.
    units
        Where they stand in the plan; a post with two units is there twice.
    _
        Of the reader's language.
    """
    left, out = list(planner.posts_if_any(kind)), [one for one in planner.stations if not one.operating]
    told: dict[str, list[str]] = {"reopened": [], "new": [], "moved": []}
    elsewhere = [post for post in dict.fromkeys(units) if not _taken(left, post, within_deg=SAME_PLACE_DEG)]
    for post in elsewhere:
        where = f"{post.name}={post.location.lat:.5f}, {post.location.lon:.5f}"
        if _taken(left, post):
            told["moved"].append(where)
        elif _taken(out, post, within_deg=SAME_PLACE_DEG):
            told["reopened"].append(post.name)
        else:
            told["new"].append(where)
    said = ((_("closed"), [one.name for one in left]), (_("In service"), told["reopened"]), (_("new"), told["new"]),
            (_("moved"), told["moved"]))  # fmt: skip
    several = [(post.name, count) for post, count in Counter(units).items() if count > 1]
    return [
        *(f"{word}: {text}" for word, texts in said for text in texts),
        *(_("Units at {post}: {count}.").format(post=name, count=count) for name, count in several),
    ]


def _taken(posts: list[Post], post: Post, *, within_deg: float = inf) -> bool:
    """Whether one of the posts has this name and stands so near; it is taken out of them."""
    for number, one in enumerate(posts):
        north, east = one.location.lat - post.location.lat, one.location.lon - post.location.lon
        if one.name == post.name and max(abs(north), abs(east)) <= within_deg:
            del posts[number]
            return True
    return False


def _standing(planner: Planner, posts: Sequence[Post], name: str, kind: str) -> Post:
    post = planner.post(name)
    if post not in posts:
        raise InputError(
            N_("{post} is no post in service of units of the kind {kind}; there is nothing to close or move."),
            post=post.name, kind=kind,
        )  # fmt: skip
    return post
