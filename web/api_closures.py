"""Closed roads over HTTP: which there are, more of them, and whom that cuts off. Reopening is one of the commands."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any, Final

from flask import Blueprint, Response, request

from dispatch.closures import Closure
from dispatch.codec import dump, load_request
from dispatch.incidents import TextField
from dispatch.store import queries
from web.access import Permission, Scope, actor, needs
from web.api_centre import language, send_json
from web.api_commands import answer_json, centre, check_path_ids, idempotency_key, json_body
from web.closing import NewClosure, closing_of
from web.i18n import translator
from web.problems import BadRequestError, NotFoundError
from web.reach import shown_text
from web.wording_roads import closure_name, closures_text, cut_off_text, length_text, reason_name

closures_api: Final = Blueprint("closures_api", __name__, url_prefix="/api/v1")
closures_api.before_request(check_path_ids)


@closures_api.get("/closures")
@needs(Permission.CENTRE_READ, Scope.OPEN)
def closures() -> Response:
    """Closures in force and still to come, with `all` those that are over too; and who is cut off."""
    everything = _everything()
    centre().roads.look()  # so that whoever follows the log and asks next is answered on the roads that are told here
    store, words = centre().store, translator(language())
    roads, now = centre().desk.roads.state, store.now()
    seq = store.head()[0]
    with store.book() as book:
        found = queries.closures(book.connection, now, over=everything)
        cut_off = book.cut_off()
    in_force = [one for one in found if one.is_in_force(now)]
    moments = [one.starts_at for one in found if one.starts_at > now and one.reopened_at is None]
    moments += [one.ends_at for one in found if one.ends_at is not None and one.ends_at > now]
    villages = () if cut_off is None else cut_off.villages
    return send_json(
        {
            "items": [dump(one) for one in found],
            "in_force": [one.closure_id for one in in_force],
            "lost": list(roads.lost),
            "message": closures_text(in_force, words),
            "cut_off": None if cut_off is None or not villages else dump(cut_off),
            "cut_off_message": cut_off_text(villages, words),
            "changes_at": dump(min(moments)) if moments else None,
            "seq": seq,
        }
    )


@closures_api.get("/closure-map")
@needs(Permission.CENTRE_READ, Scope.OPEN)
def closures_map() -> Response:
    """The roads of the closures in force and still to come, as GeoJSON."""
    words = translator(language())
    now = centre().store.now()
    with centre().store.book() as book:
        found = queries.closures(book.connection, now)
    features = [_feature(one, words, in_force=one.is_in_force(now)) for one in found]
    body = {"type": "FeatureCollection", "features": features, "notice": centre().region.notice}
    text = json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    answer = Response(text, content_type="application/geo+json")
    answer.headers["Cache-Control"] = "no-store"
    return answer


@closures_api.get("/closures/<closure_id>")
@needs(Permission.CENTRE_READ, Scope.OPEN)
def closure(closure_id: str) -> Response:
    """One closure."""
    found = _the_closure(closure_id)
    answer = send_json({"closure": dump(found), "in_force": found.is_in_force(centre().store.now())})
    answer.set_etag(str(found.version))
    answer.headers["Cache-Control"] = "no-cache"
    return answer


@closures_api.get("/closures/<closure_id>/texts")
@needs(Permission.PERSONAL_READ)
def closure_texts(closure_id: str) -> Response:
    """What was written about a closure: personal data."""
    note = _the_closure(closure_id).note
    known = {} if note is None else centre().store.texts([note.text_id])
    text, masked = (None, False) if note is None else shown_text(TextField.NOTE, known.get(note.text_id))
    return send_json(
        {
            "texts": []
            if note is None
            else [
                {
                    "of": closure_id,
                    "field": "note",
                    "text_id": note.text_id,
                    "text": text,
                    "masked": masked,
                    "erased": note.text_id not in known,
                }
            ]
        }
    )


@closures_api.post("/closures")
@needs(Permission.ROAD_CLOSE)
def close() -> Response:
    """Close roads; answered when the next question is asked on the roads without them."""
    made = closing_of(load_request(NewClosure, json_body()), centre().desk, centre().roads)
    answer = centre().execute(made.command, actor=actor().name, key=idempotency_key())
    with centre().store.book() as book:
        cut_off = book.cut_off()
    villages = () if cut_off is None else cut_off.villages
    told = {
        "cut_off": None if cut_off is None or not villages else dump(cut_off),
        "cut_off_message": cut_off_text(villages, translator(language())),
    }
    return answer_json({**answer, **told}, HTTPStatus.CREATED, shows="closures")


@closures_api.post("/closure-preview")
@needs(Permission.ROAD_CLOSE)
def preview() -> Response:
    """What a closure would close and whom it would cut off; nothing is changed."""
    words = translator(language())
    made = closing_of(load_request(NewClosure, json_body()), centre().desk, centre().roads, with_villages=True)
    command, finder = made.command, centre().desk.roads.finder
    return send_json(
        {
            "edges": made.edges.tolist(),
            "edge_count": len(made.edges),
            "length_m": command.length_m,
            "streets": list(command.streets),
            "villages": [dump(one) for one in made.villages],
            "people": made.people,
            "message": length_text(len(made.edges), command.length_m, words),
            "cut_off_message": cut_off_text(made.villages, words),
            "lines": finder.lines_of(made.edges),
        }
    )


def _the_closure(closure_id: str) -> Closure:
    with centre().store.book() as book:
        found = book.closure(closure_id)
    if found is None:
        raise NotFoundError(f"There is no closure '{closure_id[:64]}'; check its id.")
    return found


def _feature(one: Closure, words: Any, *, in_force: bool) -> dict[str, Any]:
    finder = centre().desk.roads.finder
    lines = finder.lines_of(centre().roads.edges_of(one))
    area = [[corner.lon, corner.lat] for corner in one.selector.polygon]
    return {
        "type": "Feature",
        "id": one.closure_id,
        "properties": {
            "closure_id": one.closure_id,
            "reason": one.reason.value,
            "reason_name": reason_name(one.reason, words),
            "name": closure_name(one, words),
            "streets": list(one.streets),
            "starts_at": dump(one.starts_at),
            "ends_at": None if one.ends_at is None else dump(one.ends_at),
            "author": one.author,
            "in_force": in_force,
            "area": [*area, area[0]] if area else None,
        },
        "geometry": {
            "type": "MultiLineString",
            "coordinates": [[[lon, lat] for lat, lon in line] for line in lines],
        },
    }


def _everything() -> bool:
    given = request.args.get("all", "false")
    if given not in ("true", "false"):
        raise BadRequestError(f"The parameter 'all' must be true or false, not '{given[:40]}'.")
    return given == "true"
