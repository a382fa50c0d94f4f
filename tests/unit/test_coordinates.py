"""Coordinates in all the forms in which people send them."""

from __future__ import annotations

import math
from urllib.parse import quote

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from openlocationcode import openlocationcode as olc

from gis.coordinate_types import CoordinateForm, Note, NoteKind, note_text
from gis.coordinates import MAX_TEXT_LENGTH, parse_coordinates, plus_code_beside, read_coordinates
from gis.errors import InputError
from gis.geodesy import distance_m
from gis.types import Bounds, Location

CIREBON = Bounds(south=-7.0, west=108.2, north=-6.4, east=108.9)
REFERENCE = Location(lat=-6.75, lon=108.5)
CODE = olc.encode(-6.76, 108.48)
GOOGLE = "https://www.google.com/maps"
OSM = "https://www.openstreetmap.org"

SAME_POINT = [
    "-6.76, 108.48",
    "-6.76,108.48",
    "-6.76 108.48",
    "-6.76;108.48",
    "-6.76 / 108.48",
    "(-6.76, 108.48)",
    "[-6.76, 108.48].",
    "-6.76, 108.48, 17z",
    "\N{MINUS SIGN}6.76, 108.48",
    "\N{EN DASH}6.76,\N{NO-BREAK SPACE}108.48",
    "-6.76\n108.48",
    "6.76 S 108.48 E",
    "6.76S, 108.48E",
    "S 6.76 E 108.48",
    "E 108.48 S 6.76",
    "108.48 E 6.76 S",
    "6.76 LS 108.48 BT",
    "6.76° LS, 108.48° BT",
    "6,76 LS 108,48 BT",
    "6.76 L.S. 108.48 B.T.",
    "6.76 lintang selatan 108.48 bujur timur",
    "-6.76 S, 108.48 E",
    "lat: -6.76 lon: 108.48",
    "lat=-6.76&lng=108.48",
    "Latitude -6.76, Longitude 108.48",
    "lon 108.48 lat -6.76",
    "Lintang: -6,76 Bujur: 108,48",
    '{"lat": -6.76, "lng": 108.48}',
    "-6,76; 108,48",
    "-6,76 108,48",
    "-6,76, 108,48",
    "-6,76,108,48",
    "108.48, -6.76",
    "108,48; -6,76",
    "6°45'36\"S 108°28'48\"E",
    "6° 45' 36\" S, 108° 28' 48\" E",
    "6\N{DEGREE SIGN}45\N{PRIME}36\N{DOUBLE PRIME}S 108\N{DEGREE SIGN}28\N{PRIME}48\N{DOUBLE PRIME}E",
    "6º45’36”LS – 108º28’48”BT",
    "6°45'36.0''S 108°28'48.0''E",
    "S6°45'36\" E108°28'48\"",
    "-6°45'36\", 108°28'48\"",
    "6 45 36 S, 108 28 48 E",
    "S 6 45 36 E 108 28 48",
    "6:45:36 S 108:28:48 E",
    "6° 45.6' S 108° 28.8' E",
    "6 45.6 S 108 28.8 E",
    "6°45,6' LS 108°28,8' BT",
    "6 derajat 45 menit 36 detik LS 108 derajat 28 menit 48 detik BT",
    "108°28'48\"E 6°45'36\"S",
    "-6:45:36 108:28:48",
    "6d45m36s S 108d28m48s E",
    "6d 45m 36s S, 108d 28m 48s E",
    "S 6d45m36s E 108d28m48s",
    "-6d45m36s 108d28m48s",
    "6d45m36s 108d28m48e",
    "X: 108.48, Y: -6.76",
    "x=108.48 y=-6.76",
    "-6.76 108.480",
    "geo:-6.76,108.48",
    "geo:-6.76,108.48;u=35?z=17",
    "geo:-6.76,108.48,12",
    "geo:108.48,-6.76",
    "geo:0,0?q=-6.76,108.48(Rumah)",
    "geo:0,0?q=-6.76%2C108.48",
    "geo:-6.9,108.1?q=-6.76,108.48",
    f"{GOOGLE}/@-6.76,108.48,17z",
    f"{GOOGLE}?q=-6.76,108.48",
    f"{GOOGLE}?q=-6.76%2C108.48&z=17",
    f"{GOOGLE}?q=loc:-6.76+108.48",
    "https://maps.google.com/maps?q=-6.76,108.48&hl=id",
    "https://maps.google.co.id/?ll=-6.76,108.48",
    "maps.google.com/?q=-6.76,108.48",
    "www.google.com/maps/place/-6.76,108.48",
    f"{GOOGLE}/place/-6.76,108.48/@-6.7,108.4,15z",
    f"{GOOGLE}/place/Balai+Desa/@-6.7,108.4,17z/data=!3m1!4b1!4m6!3m5!1s0x0:0x1!8m2!3d-6.76!4d108.48!16s%2Fg",
    f"{GOOGLE}/place/6%C2%B045'36.0%22S+108%C2%B028'48.0%22E/@-6.7,108.4,17z",
    f"{GOOGLE}/place/6%C2%B045'36.0\"S+108%C2%B028'48.0\"E/",
    f"{GOOGLE}?q=6%C2%B045'36.0%22S+108%C2%B028'48.0%22E",
    f"{GOOGLE}/dir/Plumbon/6%C2%B045'36.0%22S+108%C2%B028'48.0%22E/@-6.7,108.4,17z",
    f"{GOOGLE}/search/?api=1&query=-6.76%2C108.48",
    f"{GOOGLE}/search/-6.76,+108.48",
    f"{GOOGLE}/dir/-6.71,108.55/-6.76,108.48/@-6.7,108.4,13z",
    f"{GOOGLE}/dir//-6.76,108.48",
    f"{GOOGLE}/dir/Current+Location/-6.76,108.48",
    f"{GOOGLE}/dir/A/B/@-6.7,108.4,13z/data=!4m14!4m13!1m5!1m1!1s0x0!2m2!1d108.5!2d-6.7!1m5!1m1!1s0x1!2m2!1d108.48!2d-6.76",
    f"{GOOGLE}/dir/?api=1&destination=-6.76,108.48&origin=-6.7,108.5",
    "https://maps.google.com/?saddr=-6.7,108.5&daddr=-6.76,108.48",
    "https://maps.googleapis.com.google.com/maps/api/staticmap?center=-6.76,108.48&zoom=14",
    f"{GOOGLE}/embed?pb=!1m18!1m12!1m3!1d3962.1!2d108.48!3d-6.76!2m3!1f0!2f0",
    f"{OSM}/#map=17/-6.76/108.48",
    f"{OSM}/?mlat=-6.76&mlon=108.48#map=17/-6.7/108.4",
    f"{OSM}/directions?engine=fossgis_osrm_car&route=-6.7%2C108.5%3B-6.76%2C108.48",
    f"{OSM}/search?query=-6.76%2C108.48#map=12/-6.7/108.4",
    "https://waze.com/ul?ll=-6.76%2C108.48&navigate=yes",
    "https://www.waze.com/live-map/directions?to=ll.-6.76%2C108.48",
    "waze.com/live-map/directions?to=ll.-6.76%2C108.48",
    "here.com/?map=-6.76,108.48,15,normal",
    "https://share.here.com/l/-6.76,108.48,Rumah",
    "https://maps.apple.com/?ll=-6.76,108.48&q=Pin",
    "https://www.bing.com/maps?cp=-6.76~108.48&lvl=16",
    "posisi saya -6.76, 108.48 tolong",
    "Lokasi: -6,76; 108,48",
    f"kebakaran di sini {GOOGLE}?q=-6.76,108.48 mohon bantuan",
]


@pytest.mark.parametrize("text", SAME_POINT)
def test_every_form_gives_the_same_point(text: str) -> None:
    parsed = parse_coordinates(text)
    assert parsed is not None
    assert (parsed.location.lat, parsed.location.lon) == pytest.approx((-6.76, 108.48), abs=1e-9)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "Plumbon",
        "Desa Babakan RT 02 RW 01 Kecamatan Ciwaringin",
        "jam 14.30 sampai 15.45 WIB",
        "tanggal 12.05.2025",
        "12-05-2025",
        "0812 3456 7890",
        "+62 812-3456-7890",
        "Rp 5.000, 100.000",
        "kerugian 10.000.000, 20.000.000",
        "2 rumah, 3 motor",
        "Blok 2 no 5",
        "200 m timur, 108 orang",
        "45153",
        "https://youtu.be/dQw4w9WgXcQ",
        "https://www.google.com/search?q=plumbon",
        "suhu 38.5, tensi 140.90",
        "SDN 2 + 3",
        "blok 6",
        "Blok B 6.5",
        "RT 02/05",
        "02/05",
        "6",
        "6.5",
        "No. 6.5",
        "08.30",
        "jam 08.30",
        "08:30 - 10:15",
        "08:30 -10:15",
        "14:30:00 15:45:00",
        "100.000",
        "115.5 kg",
        "3,5 km",
        "0812-3456-7890",
        "32.09",
        "2,3",
    ],
)
def test_what_does_not_look_like_coordinates_is_none(text: str) -> None:
    assert parse_coordinates(text, bounds=CIREBON, reference=REFERENCE) is None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("-95.2, 108.48", "Latitude -95.2"),
        ("95.2, 108.48", "Latitude 95.2"),
        ("-6.76, 200.1", "Longitude 200.1"),
        ("6°75'36\"S 108°28'48\"E", "minutes 75"),
        ("6°45'76\"S 108°28'48\"E", "seconds 76"),
        ("6°45.5'36\"S 108°28'48\"E", "decimals of minutes"),
        ("6.76 S 108.48 S", "two latitudes"),
        ("6.76 E 108.48 E", "two longitudes"),
        ("-6.76 N, 108.48 E", "contradict"),
        ("lat 6.76 E, lon 108.48", "latitude and longitude"),
        ("https://maps.app.goo.gl/abcDEF", "shortened"),
        ("https://goo.gl/maps/abcDEF tolong", "no request is made"),
        (f"{GOOGLE}/place/Plumbon", "names no coordinates"),
        (f"{OSM}/node/123", "names no coordinates"),
        ("-6.76", "the longitude is missing"),
        ("-6.76,", "the longitude is missing"),
        ("-6.76 S", "the longitude is missing"),
        ("posisi saya -6.76", "the longitude is missing"),
        ("lat: -6.76", "the longitude is missing"),
        ("6°45'36\"S", "only a latitude (-6.76)"),
        ("6°75'36\"S", "minutes 75"),
        ("-6,76", "only a latitude (-6.76)"),
        ("-6,108", "only a latitude (-6.108)"),
        ("108.48", "the latitude is missing"),
        ("108.48 BT", "the latitude is missing"),
        ("108°28'48\"E", "the latitude is missing"),
        ("-6..76, 108.48", "cannot be read as coordinates"),
        ("-6.7.6, 108.48", "cannot be read as coordinates"),
        ("-6,76,108.48", "cannot be read as coordinates"),
        ("-676, 10848", "check the decimal points"),
        ("-6760000 108480000", "check the decimal points"),
        (f"{GOOGLE}/dir/-6.71,108.55/Plumbon", "names no coordinates"),  # the point is where the way begins
        ("https://www.waze.com/ul?q=plumbon", "www.waze.com names no coordinates"),
        ("geo:0,0?q=Plumbon", "carries no coordinates"),
        ("geo:abc", "carries no coordinates"),
        (f"{CODE[4:]}", "is short"),
        (f"{CODE[4:]} Kedawung", "is short"),
    ],
)
def test_wrong_coordinates_say_in_one_sentence_what_is_wrong(text: str, says: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_coordinates(text)
    sentence = str(caught.value)
    assert says in sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence


def test_numbers_beside_a_shortened_link_are_used() -> None:
    parsed = parse_coordinates("https://maps.app.goo.gl/abc (-6.76312, 108.48123)")
    assert parsed is not None
    assert parsed.location == Location(lat=-6.76312, lon=108.48123)


def test_a_swap_is_noted() -> None:
    parsed = parse_coordinates("108.48, -6.76")
    assert parsed is not None
    assert parsed.notes == (Note(kind=NoteKind.SWAPPED),)


def test_decimal_commas_are_noted() -> None:
    parsed = parse_coordinates("-6,76; 108,48")
    assert parsed is not None
    assert parsed.notes == (Note(kind=NoteKind.DECIMAL_COMMAS),)


def test_a_missing_minus_is_added_only_when_the_region_tells_and_is_noted() -> None:
    parsed = parse_coordinates("6.76, 108.48", bounds=CIREBON)
    assert parsed is not None
    assert parsed.location == Location(lat=-6.76, lon=108.48)
    assert parsed.notes == (Note(kind=NoteKind.MINUS_MISSING),)


@pytest.mark.parametrize(
    ("text", "bounds"),
    [
        ("6.76, 108.48", None),
        ("6.76, 118.48", CIREBON),  # neither lies in the region
        ("6.76 N, 108.48 E", CIREBON),  # said to be north
        ("0.5, 108.48", Bounds(south=-1.0, west=108.0, north=1.0, east=109.0)),  # lies in the region as given
    ],
)
def test_otherwise_a_northern_latitude_stays_as_given(text: str, bounds: Bounds | None) -> None:
    parsed = parse_coordinates(text, bounds=bounds)
    assert parsed is not None
    assert parsed.location.lat > 0
    assert parsed.notes == ()


def test_precision_follows_the_last_digit_given() -> None:
    precisions = []
    for text in ("-6.8, 108.5", "-6.76, 108.48", "-6.7612, 108.4834", "6°45'36\"S 108°28'48\"E"):
        parsed = parse_coordinates(text)
        assert parsed is not None
        precisions.append(parsed.precision_m)
    assert precisions == pytest.approx([5566, 556.6, 5.566, 15.46], rel=1e-3)


def test_the_uncertainty_of_a_geo_link_is_its_precision() -> None:
    parsed = parse_coordinates("geo:-6.76,108.48;u=35")
    assert parsed is not None
    assert (parsed.form, parsed.precision_m) == (CoordinateForm.GEO_URI, 35.0)


def test_the_middle_of_a_map_view_is_no_place_and_says_so() -> None:
    view = parse_coordinates(f"{GOOGLE}/@-6.76,108.48,17z")
    place = parse_coordinates(f"{GOOGLE}/place/X/@-6.7,108.4,17z/data=!3d-6.76!4d108.48")
    assert view is not None
    assert place is not None
    assert view.precision_m > 100
    assert view.notes == (Note(kind=NoteKind.MIDDLE_OF_VIEW),)
    assert place.notes == ()


def test_a_full_plus_code_needs_no_reference() -> None:
    parsed = parse_coordinates(f"saya di {CODE} tolong")
    assert parsed is not None
    assert parsed.form is CoordinateForm.PLUS_CODE
    assert distance_m(parsed.location.lat, parsed.location.lon, -6.76, 108.48) <= parsed.precision_m


def test_a_short_plus_code_lies_near_the_reference_and_is_noted() -> None:
    parsed = parse_coordinates(f"{CODE[4:].lower()} Kedawung", reference=REFERENCE)
    assert parsed is not None
    assert distance_m(parsed.location.lat, parsed.location.lon, -6.76, 108.48) <= parsed.precision_m
    assert parsed.notes == (Note(kind=NoteKind.SHORT_PLUS_CODE, given=CODE[4:], read=CODE),)
    assert CODE in note_text(parsed.notes[0])


def test_a_text_too_long_is_refused() -> None:
    with pytest.raises(InputError, match="5001 characters"):
        parse_coordinates("a" * (MAX_TEXT_LENGTH + 1))


def test_an_openstreetmap_shortlink_is_decoded_without_a_request() -> None:
    parsed = parse_coordinates("https://osm.org/go/0EEQjE--")  # the example of short_link's own tests
    assert parsed is not None
    assert (parsed.location.lat, parsed.location.lon) == pytest.approx((51.5107, 0.0550), abs=0.001)


def test_a_plus_code_in_a_link_goes_before_the_middle_of_its_map() -> None:
    for link in (f"{GOOGLE}/place/{quote(CODE)}/@-6.7,108.4,15z", f"{GOOGLE}/place/{CODE}/@-6.7,108.4,15z"):
        parsed = parse_coordinates(link)
        assert parsed is not None
        assert (parsed.form, parsed.notes) == (CoordinateForm.PLUS_CODE, ())
        assert distance_m(parsed.location.lat, parsed.location.lon, -6.76, 108.48) <= parsed.precision_m


def test_a_short_plus_code_in_a_link_is_read_near_the_place_beside_it() -> None:
    link = f"{GOOGLE}/place/{quote(CODE[4:])}+Sumber"
    assert plus_code_beside(link) == (CODE[4:], "  Sumber")
    parsed = parse_coordinates(link, reference=REFERENCE)
    assert parsed is not None
    assert distance_m(parsed.location.lat, parsed.location.lon, -6.76, 108.48) <= parsed.precision_m


@pytest.mark.parametrize(
    "link",
    [
        f"{GOOGLE}/dir//-6.76,108.48",
        f"{GOOGLE}/dir/A/B/@-6.7,108.4,13z/data=!4m8!4m7!1m0!1m5!1m1!1s0x1!2m2!1d108.48!2d-6.76",
        f"{OSM}/directions?engine=fossgis_osrm_car&route=-6.7,108.5;-6.76,108.48",
    ],
)
def test_the_destination_of_directions_is_taken_and_says_so(link: str) -> None:
    parsed = parse_coordinates(link)
    assert parsed is not None
    assert parsed.location == Location(lat=-6.76, lon=108.48)
    assert parsed.notes == (Note(kind=NoteKind.DESTINATION),)


def test_an_embedded_map_gives_its_middle_and_says_so() -> None:
    parsed = parse_coordinates(f"{GOOGLE}/embed?pb=!1m18!1m12!1m3!1d3962.1!2d108.48!3d-6.76!2m3!1f0!2f0")
    assert parsed is not None
    assert parsed.notes == (Note(kind=NoteKind.MIDDLE_OF_VIEW),)


def test_a_swapped_geo_link_is_noted() -> None:
    parsed = parse_coordinates("geo:108.48,-6.76")
    assert parsed is not None
    assert parsed.notes == (Note(kind=NoteKind.SWAPPED),)


# --- Round trips ------------------------------------------------------------------------------------------------------

LATITUDES = st.floats(-11, 6).map(lambda value: round(value, 5)).filter(lambda value: abs(value) > 1e-3)
LONGITUDES = st.floats(95, 141).map(lambda value: round(value, 5))
FORMS = [
    lambda lat, lon: f"{lat:.5f}, {lon:.5f}",
    lambda lat, lon: f"{lat:.5f} {lon:.5f}",
    lambda lat, lon: f"{lon:.5f}, {lat:.5f}",
    lambda lat, lon: f"{lat:.5f}; {lon:.5f}".replace(".", ","),
    lambda lat, lon: f"{lat:.5f} {lon:.5f}".replace(".", ","),
    lambda lat, lon: f"{abs(lat):.5f} {'LS' if lat < 0 else 'LU'} {lon:.5f} BT",
    lambda lat, lon: f"{'S' if lat < 0 else 'N'}{abs(lat):.5f} E{lon:.5f}",
    lambda lat, lon: f"geo:{lat:.5f},{lon:.5f}",
    lambda lat, lon: f"{GOOGLE}?q={quote(f'{lat:.5f},{lon:.5f}')}",
    lambda lat, lon: f"{GOOGLE}/place/X/@1.0,100.0,12z/data=!3d{lat:.5f}!4d{lon:.5f}",
    lambda lat, lon: f"{OSM}/#map=16/{lat:.5f}/{lon:.5f}",
    lambda lat, lon: f"tolong, posisi {lat:.5f},{lon:.5f} ada kebakaran",
]


@pytest.mark.parametrize("form", FORMS)
@given(lat=LATITUDES, lon=LONGITUDES)
def test_written_decimals_come_back(form: object, lat: float, lon: float) -> None:
    parsed = parse_coordinates(form(lat, lon))  # type: ignore[operator]
    assert parsed is not None
    assert (parsed.location.lat, parsed.location.lon) == pytest.approx((lat, lon), abs=1e-9)


def _sexagesimal(value: float, marks: tuple[str, str, str]) -> str:
    seconds = round(abs(value) * 3600, 2)
    minutes, seconds = divmod(seconds, 60)
    degrees, minutes = divmod(int(minutes), 60)
    return f"{degrees}{marks[0]}{minutes}{marks[1]}{seconds:.2f}{marks[2]}"


@given(
    lat=LATITUDES,
    lon=LONGITUDES,
    marks=st.sampled_from([("°", "'", '"'), ("° ", "′ ", "″ "), (" ", " ", " "), (":", ":", " "), ("º", "’", "”")]),
    letters=st.sampled_from([("S", "N", "E"), ("LS", "LU", "BT"), (" s", " n", " e")]),
)
def test_degrees_minutes_seconds_come_back(
    lat: float, lon: float, marks: tuple[str, str, str], letters: tuple[str, str, str]
) -> None:
    text = f"{_sexagesimal(lat, marks)}{letters[0 if lat < 0 else 1]} {_sexagesimal(lon, marks)}{letters[2]}"
    parsed = parse_coordinates(text)
    assert parsed is not None
    assert parsed.form is CoordinateForm.SEXAGESIMAL
    assert math.isclose(parsed.location.lat, lat, abs_tol=2e-6)
    assert math.isclose(parsed.location.lon, lon, abs_tol=2e-6)


@given(lat=LATITUDES, lon=LONGITUDES, length=st.sampled_from([10, 11, 12]))
def test_plus_codes_come_back_within_their_cell(lat: float, lon: float, length: int) -> None:
    parsed = parse_coordinates(olc.encode(lat, lon, length))
    assert parsed is not None
    assert distance_m(parsed.location.lat, parsed.location.lon, lat, lon) <= parsed.precision_m


@given(st.text(max_size=200))
def test_any_text_gives_coordinates_or_none_or_one_sentence(text: str) -> None:
    try:
        parse_coordinates(text, bounds=CIREBON, reference=REFERENCE)
    except InputError as error:
        assert str(error)


@given(st.lists(st.sampled_from(list("0123456789.,-°'\" SNEWLSBT;:/+")), max_size=40).map("".join))
def test_any_heap_of_digits_and_marks_gives_coordinates_or_none_or_one_sentence(text: str) -> None:
    try:
        parse_coordinates(text, bounds=CIREBON, reference=REFERENCE)
    except InputError as error:
        assert str(error)


@given(lat=st.floats(-10.9, 5.9, allow_subnormal=False), lon=st.floats(95.1, 140.9))
def test_numbers_as_programs_print_them_are_read_whole(lat: float, lon: float) -> None:
    assume("e" not in f"{lat}{lon}")
    parsed = parse_coordinates(f"{lat},{lon}")
    assert parsed is not None
    assert (parsed.location.lat, parsed.location.lon) == (lat, lon)


@given(
    lat=st.decimals(-7, -6, places=6) | st.decimals(-90, 90, places=3),
    lon=st.decimals(108, 109, places=7) | st.decimals(-180, 180, places=3),
    between=st.sampled_from([",", ", "]),
    bounds=st.sampled_from([CIREBON, Bounds(south=-1.0, west=-1.0, north=1.0, east=1.0)]),
)
def test_a_plain_pair_is_read_as_any_other_form(lat: object, lon: object, between: str, bounds: Bounds) -> None:
    text = f"{lat}{between}{lon}"
    assert parse_coordinates(text, bounds=bounds) == read_coordinates(text, bounds=bounds, reference=None)
