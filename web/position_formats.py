"""What trackers and phones send: messages of the protocols, read into `Reading`s.

- **OsmAnd**, as Traccar Client and many trackers speak it: a query string or a form, and the JSON body of Traccar
  Client from version 9 on (https://www.traccar.org/osmand/).
- **OwnTracks** in HTTP mode (https://owntracks.org/booklet/tech/http/ and …/tech/json/).
- **Plain JSON**: a batch of positions, for gateways and programs of a centre's own.

Position and time are read strictly: a wrong one is refused with one sentence. What only adds to them (speed, heading,
accuracy, battery) is left out where it makes no sense: the place of a unit is worth more than its battery's charge.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import parse_qsl

from dispatch.fixes import Reading, checked_location
from gis.errors import InputError

MAX_BATCH: Final = 1000
"""Positions of one message."""

_KPH_PER_KNOT: Final = 1.852
_KPH_PER_MPS: Final = 3.6
_METRES_PER_HDOP: Final = 5.0
"""Range error of a plain receiver under open sky: accuracy where a device tells only its dilution of precision."""

_MAX_SPEED_KPH: Final = 1500.0
_MAX_ACCURACY_M: Final = 1_000_000.0
_MAX_SECONDS: Final = 2**31 - 1
"""Traccar's border: larger whole numbers are milliseconds."""

_FIRST_YEAR: Final = 1980
_LAST_YEAR: Final = 2100
"""GPS began in 1980; nothing outside is the time of a fix."""

_MAX_FIELDS: Final = 100
_MAX_SHOWN: Final = 40
_NUMBER = re.compile(r"\s*[+-]?(?:[0-9]{1,20}(?:\.[0-9]{0,30})?|\.[0-9]{1,30})(?:[eE][+-]?[0-9]{1,3})?\s*")
_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:[.,][0-9]{1,9})?(?:Z|[+-][0-9]{2}(?::?[0-9]{2})?)?"
)
_BATCH_FIELDS: Final = ("time", "lat", "lon", "accuracy_m", "speed_kph", "heading", "battery")


def osmand_token(query: str, body: bytes, content_type: str) -> str | None:
    """The id that a message of the OsmAnd protocol gives its device: for us, the token. Never an error."""
    try:
        if _is_json(body, content_type):
            given = _json(body).get("device_id")
            return str(given) if isinstance(given, str | int) and not isinstance(given, bool) else None
        fields = _form(query or body.decode("utf-8", "replace"))
    except (InputError, ValueError):
        return None
    return fields.get("id") or fields.get("deviceid") or None


def parse_osmand(query: str, body: bytes, content_type: str) -> tuple[Reading, ...]:
    """Read a message of the OsmAnd protocol; a heartbeat, which has no position, gives no reading.

    Parameters
    ----------
    query
        The query string, still encoded.
    body
        JSON goes before the query; where there is no query, it is a form.
    content_type
        As the header says.

    Raises
    ------
    InputError
        It cannot be read, or its position or time cannot be.
    """
    if _is_json(body, content_type):
        return _osmand_json(_json(body))
    return _osmand_form(_form(query or body.decode("utf-8", "replace")))


def _is_json(body: bytes, content_type: str) -> bool:
    return content_type.lower().startswith("application/json") or body.lstrip()[:1] == b"{"


def _osmand_form(fields: Mapping[str, str]) -> tuple[Reading, ...]:
    lat, lon = fields.get("lat"), fields.get("lon")
    if "location" in fields:
        lat, _, lon = fields["location"].partition(",")
    if lat is None and lon is None:
        return ()
    speed_knots = _number(fields.get("speed"))
    accuracy_m, hdop = _number(fields.get("accuracy")), _number(fields.get("hdop"))
    if not accuracy_m and hdop:
        accuracy_m = hdop * _METRES_PER_HDOP
    reading = Reading(
        location=checked_location(_degrees("lat", lat), _degrees("lon", lon)),
        device_time=_time("timestamp", fields["timestamp"]) if fields.get("timestamp") else None,
        accuracy_m=_accuracy(accuracy_m),
        speed_kph=_speed(speed_knots, _KPH_PER_KNOT),
        heading_deg=_heading(_number(fields.get("bearing", fields.get("heading")))),
        battery_percent=_battery(_number(fields.get("batt"))),
        valid=_truth(fields.get("valid", "true")),
        mock=_truth(fields.get("mock", "false")),
    )
    return (reading,)


def _osmand_json(root: Mapping[str, Any]) -> tuple[Reading, ...]:
    given = root.get("location")
    locations = given if isinstance(given, list) else [given]
    if len(locations) > MAX_BATCH:
        raise InputError("The message holds {count} positions, more than {most}.", count=len(locations), most=MAX_BATCH)
    readings = []
    for number, location in enumerate(locations):
        where = f"location[{number}]." if isinstance(given, list) else "location."
        if not isinstance(location, Mapping):
            raise InputError("The message has no object “location”; send it as Traccar Client does.")
        coords = location.get("coords")
        if coords is None:
            continue
        if not isinstance(coords, Mapping):
            raise InputError("{where}coords is not an object with latitude and longitude.", where=where)
        battery = location.get("battery")
        level = _number(battery.get("level")) if isinstance(battery, Mapping) else None
        readings.append(
            Reading(
                location=checked_location(
                    _degrees(where + "coords.latitude", coords.get("latitude")),
                    _degrees(where + "coords.longitude", coords.get("longitude")),
                ),
                device_time=_time(where + "timestamp", location.get("timestamp")),
                accuracy_m=_accuracy(_number(coords.get("accuracy"))),
                speed_kph=_speed(_number(coords.get("speed")), _KPH_PER_MPS),
                heading_deg=_heading(_number(coords.get("heading"))),
                battery_percent=None if level is None else _battery(level * 100),
                mock=location.get("mock") is True,
            )
        )
    return tuple(readings)


def parse_owntracks(body: bytes) -> tuple[Reading, ...]:
    """Read a message of OwnTracks; anything but a location (and a body of no bytes) holds no reading.

    Raises
    ------
    InputError
        It cannot be read, or its position or time cannot be.
    """
    if not body.strip():
        return ()
    root = _json(body)
    if root.get("_type") == "encrypted":
        raise InputError("The message is encrypted; switch encryption off in OwnTracks and use HTTPS instead.")
    if root.get("_type") != "location":
        return ()
    reading = Reading(
        location=checked_location(_degrees("lat", root.get("lat")), _degrees("lon", root.get("lon"))),
        device_time=_time("tst", root.get("tst")),
        accuracy_m=_accuracy(_number(root.get("acc"))),
        speed_kph=_speed(_number(root.get("vel")), 1.0),
        heading_deg=_heading(_number(root.get("cog"))),
        battery_percent=_battery(_number(root.get("batt"))),
    )
    return (reading,)


def parse_batch(body: bytes) -> tuple[Reading, ...]:
    """Read `{"positions": [{"time", "lat", "lon", "accuracy_m", "speed_kph", "heading", "battery"}, …]}`.

    All of a batch is read or nothing: it comes from a program that can be put right.

    Raises
    ------
    InputError
        It cannot be read, is too long, or a position of it is wrong; the text names the field.
    """
    positions = _json(body).get("positions")
    if not isinstance(positions, list) or not positions:
        raise InputError('The body has no list “positions”; send {"positions": [{"time": …, "lat": …, "lon": …}]}.')
    if len(positions) > MAX_BATCH:
        raise InputError(
            "The batch holds {count} positions, more than {most}; send it in parts.",
            count=len(positions),
            most=MAX_BATCH,
        )
    return tuple(_batch_reading(f"positions[{at}]", one) for at, one in enumerate(positions))


def _batch_reading(where: str, one: object) -> Reading:
    if not isinstance(one, Mapping):
        raise InputError("{where} is not an object with time, lat and lon.", where=where)
    unknown = next((name for name in one if name not in _BATCH_FIELDS), None)
    if unknown is not None:
        raise InputError(
            "{where} has the unknown field “{name}”; use {fields}.",
            where=where,
            name=_short(unknown),
            fields=", ".join(_BATCH_FIELDS),
        )
    try:
        location = checked_location(_degrees("lat", one.get("lat")), _degrees("lon", one.get("lon")))
        time = _time("time", one.get("time"))
    except InputError as error:
        raise InputError("{where}: {fault}", where=where, fault=error) from None
    return Reading(
        location=location,
        device_time=time,
        accuracy_m=_accuracy(_number(one.get("accuracy_m"))),
        speed_kph=_speed(_number(one.get("speed_kph")), 1.0),
        heading_deg=_heading(_number(one.get("heading"))),
        battery_percent=_battery(_number(one.get("battery"))),
    )


# --- the parts ---------------------------------------------------------------------------------------------------


def _json(body: bytes) -> Mapping[str, Any]:
    try:
        root = json.loads(body.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        raise InputError("The body is no JSON; check the client's settings.") from None
    if not isinstance(root, dict):
        raise InputError("The body is no JSON object; check the client's settings.")
    return root


def _form(text: str) -> dict[str, str]:
    """Fields of a form; of a repeated one, the last."""
    try:
        return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=_MAX_FIELDS))
    except ValueError:
        raise InputError(
            "The message has more than {most} fields; it is none of the OsmAnd protocol.", most=_MAX_FIELDS
        ) from None


def _number(value: object) -> float | None:
    """A finite number, also as text; None for anything else."""
    if isinstance(value, str):
        if not _NUMBER.fullmatch(value):
            return None
        number = float(value)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        try:
            number = float(value)
        except OverflowError:
            return None
    else:
        return None
    return number if math.isfinite(number) else None


def _degrees(name: str, value: object) -> float:
    number = _number(value)
    if number is None:
        shown = "missing" if value is None or value == "" else f"“{_short(value)}”, which is no number"
        raise InputError("{name} is {shown}; send degrees such as -6.7123.", name=name, shown=shown)
    return number


def _time(name: str, value: object) -> datetime:
    """UTC of seconds, of milliseconds, or of ISO text (UTC where it names no offset)."""
    number = _number(value)
    try:
        if number is not None:
            moment = datetime.fromtimestamp(number if abs(number) < _MAX_SECONDS else number / 1000, UTC)
        elif isinstance(value, str) and _TIME.fullmatch(value.strip()):
            moment = datetime.fromisoformat(value.strip())
            moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        else:
            raise ValueError
    except (ValueError, OverflowError, OSError):
        shown = "missing" if value is None or value == "" else f"“{_short(value)}”, which is no time"
        raise InputError(
            "{name} is {shown}; send seconds since 1970 or such as 2026-01-31T06:45:00Z.", name=name, shown=shown
        ) from None
    if not _FIRST_YEAR <= moment.year < _LAST_YEAR:
        raise InputError("{name} is of the year {year}; set the device's clock.", name=name, year=moment.year)
    return moment


def _accuracy(metres: float | None) -> float | None:
    """Metres; None for 0, by which phones say that they do not know."""
    return metres if metres is not None and 0 < metres <= _MAX_ACCURACY_M else None


def _speed(speed: float | None, to_kph: float) -> float | None:
    return speed * to_kph if speed is not None and 0 <= speed * to_kph <= _MAX_SPEED_KPH else None


def _heading(degrees: float | None) -> float | None:
    return degrees % 360 if degrees is not None and 0 <= degrees <= 360 else None


def _battery(percent: float | None) -> float | None:
    return percent if percent is not None and 0 <= percent <= 100 else None


def _truth(word: str) -> bool:
    return word.strip().lower() in ("true", "1")


def _short(value: object) -> str:
    """A faulty value on one line, cut."""
    text = (
        value if isinstance(value, str) else type(value).__name__ if isinstance(value, list | dict) else str(value)[:99]
    )
    shown = "".join(char if char.isprintable() else "�" for char in " ".join(text[:200].split()))
    return shown if len(shown) <= _MAX_SHOWN else shown[:_MAX_SHOWN] + "…"
