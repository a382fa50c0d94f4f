"""What if: posts added, closed, opened again or moved, as a person types them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from gis.errors import N_, InputError
from gis.types import Location
from web.plans import Planner, Post

ADDED_KIND = "added"


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


def _standing(planner: Planner, posts: Sequence[Post], name: str, kind: str) -> Post:
    post = planner.post(name)
    if post not in posts:
        raise InputError(
            N_("{post} is no post in service of units of the kind {kind}; there is nothing to close or move."),
            post=post.name, kind=kind,
        )  # fmt: skip
    return post
