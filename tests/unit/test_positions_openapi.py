"""The description of the endpoints of positions says what is there."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import validate

from dispatch.fixes import FixFlag
from web.openapi import SCHEMAS
from web.positions import positions_blueprint
from web.positions_openapi import POSITION_SECURITY, position_paths


def test_the_description_is_valid_openapi() -> None:
    validate(
        {
            "openapi": "3.1.0",
            "info": {"title": "positions", "version": "1"},
            "paths": position_paths(),
            "components": {"schemas": SCHEMAS, "securitySchemes": POSITION_SECURITY},
        }
    )


def test_it_names_every_route_and_no_other() -> None:
    app = Flask("positions")
    app.register_blueprint(positions_blueprint)
    served = {
        (rule.rule, method.lower())
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.endpoint.startswith("positions.")
    }
    told = {(path, method) for path, methods in position_paths().items() for method in methods}
    assert told == served


def test_it_names_every_flag() -> None:
    flagged = batch()["responses"]["200"]["content"]["application/json"]["schema"]["properties"]["flagged"]
    named = flagged["items"]["properties"]["flags"]["items"]["enum"]
    assert named == [str(flag.name).lower() for flag in FixFlag if flag]


def batch() -> Any:
    return position_paths()["/api/v1/positions"]["post"]


@pytest.mark.parametrize(
    ("point", "good"),
    [
        ({"time": "2026-01-31T06:45:00Z", "lat": -6.7, "lon": 108.5, "battery": 80}, True),
        ({"time": 1769841900, "lat": -6.7, "lon": 108.5}, True),
        ({"lat": -6.7, "lon": 108.5}, False),
        ({"time": 1769841900, "lat": 95, "lon": 108.5}, False),
        ({"time": 1769841900, "lat": -6.7, "lon": 108.5, "latt": 1}, False),
    ],
)
def test_its_schema_takes_what_the_endpoint_takes(point: dict[str, object], good: bool) -> None:
    schema = batch()["requestBody"]["content"]["application/json"]["schema"]
    assert OAS31Validator(schema).is_valid({"positions": [point]}) is good
