from __future__ import annotations

import hashlib
import hmac
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.ghost_calls import (
    NEVER_REFUSED,
    RULES,
    GhostLevel,
    GhostRule,
    ghost_score,
    is_withheld,
    normalise_number,
    number_hash,
)
from dispatch.incidents import Call, CallType, Channel
from gis.errors import InputError
from tests.strategies import NOW

KEY = bytes(range(32))


@pytest.mark.parametrize(
    "written",
    [
        "081234567890",
        "0812-3456-7890",
        "0812 3456 7890",
        "(0812) 3456.7890",
        "+6281234567890",
        "+62 812-3456-7890",
        "+62 (0)812 3456 7890",
        "+62081234567890",
        "006281234567890",
        "6281234567890",
        "81234567890",
        "tel:+6281234567890",
        "081234567890 ext. 12",
        "081234567890x12",
        "081234567890 pes 12",
        "tel:+6281234567890;ext=7",
        "０８１２３４５６７８９０",
        "0812\u00a03456\u20117890",
    ],
)
def test_every_spelling_of_a_number_is_one_number(written: str) -> None:
    assert normalise_number(written) == "+6281234567890"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("0231-321456", "+62231321456"),
        ("(0231) 321 456 ext 3", "+62231321456"),
        ("+1 202 555 0123", "+12025550123"),
        ("0065 6123 4567", "+6561234567"),
        ("112", "112"),
        ("119", "119"),
        ("14045", "14045"),
        ("1500-567", "1500567"),
    ],
)
def test_land_lines_foreign_and_service_numbers_are_understood(written: str, expected: str) -> None:
    assert normalise_number(written) == expected


@pytest.mark.parametrize(
    "written",
    ["", " ", "anonymous", "12", "321456", "0812a3456789", "08733", "+0812345678", "0" * 30, "9" * 200,
     "08\x0012345678", "٠٨١٢٣٤٥٦٧٨٩٠", "+", "--", "0812;DROP TABLE", "00", "000812345678", "+62"],
)  # fmt: skip
def test_what_is_no_number_is_refused_and_never_repeated(written: str) -> None:
    with pytest.raises(InputError) as refused:
        normalise_number(written)
    text = str(refused.value)
    assert text.startswith("The caller's number ")
    if len(written.strip()) > 4:
        assert written not in text


def test_a_withheld_number_is_told_from_a_wrong_one() -> None:
    assert is_withheld(" Anonymous ")
    assert is_withheld("")
    assert not is_withheld("0812")


def test_a_hash_needs_the_key() -> None:
    assert number_hash("081234567890", KEY) == number_hash("+62 812 3456 7890", KEY)
    assert number_hash("081234567890", KEY) != number_hash("081234567890", KEY[::-1])
    assert number_hash("081234567890", KEY) != number_hash("081234567891", KEY)
    assert number_hash("112", KEY) == hmac.new(KEY, b"siaga112 caller number 1\x00112", hashlib.sha256).hexdigest()
    with pytest.raises(InputError, match="key"):
        number_hash("081234567890", b"short")


@given(st.text(max_size=80))
def test_any_text_gives_a_number_or_one_sentence(text: str) -> None:
    try:
        found = normalise_number(text)
    except InputError:
        return
    assert found.removeprefix("+").isascii()
    assert found.removeprefix("+").isdigit()
    assert normalise_number(found) == found


@given(st.from_regex(r"\A8[1-9][0-9]{7,10}\Z"), st.sampled_from(("0", "+62", "62", "0062", "+62 (0)")), st.data())
def test_separators_never_matter(rest: str, prefix: str, data) -> None:
    cuts = data.draw(st.lists(st.sampled_from(("", "-", " ", ".")), min_size=len(rest), max_size=len(rest)))
    written = prefix + "".join(digit + cut for digit, cut in zip(rest, cuts, strict=True))
    assert normalise_number(written) == "+62" + rest


def call(age_s: float, call_type: CallType = CallType.GHOST, *, number: str | None = "a" * 64, of: int = 0) -> Call:
    return Call(
        call_id=f"C260131-{of:04}",
        channel=Channel.PHONE,
        call_type=call_type,
        received_at=NOW - timedelta(seconds=age_s),
        number_hash=number,
    )


def test_a_number_without_history_scores_nothing() -> None:
    score = ghost_score([], NOW)
    assert (score.points, score.level, score.hits) == (0, GhostLevel.NONE, ())
    assert score.notice == NEVER_REFUSED


def test_each_rule_says_what_it_counted() -> None:
    score = ghost_score([call(60 * at) for at in range(4)], NOW)
    points = {hit.rule: (hit.count, hit.points) for hit in score.hits}
    assert points == {
        GhostRule.LAST_HOUR: (4, 40),
        GhostRule.LAST_DAY: (4, 12),
        GhostRule.LAST_MONTH: (4, 4),
        GhostRule.SILENT_IN_A_ROW: (4, 10),
    }
    assert score.points == 66
    assert score.level is GhostLevel.HIGH
    assert score.hits[0].text["en"] == "4 ghost or prank calls in the last hour"
    assert set(score.hits[0].text) == {"id", "en"}


def test_real_reports_take_points_away() -> None:
    ghosts = [call(60 * at) for at in range(4)]
    score = ghost_score([*ghosts, call(7200, CallType.NORMAL), call(9000, CallType.DUPLICATE)], NOW)
    assert score.points == 66 - 30
    assert score.hits[-1].rule is GhostRule.REAL_REPORTS


def test_a_row_of_silent_calls_ends_at_any_other_call() -> None:
    silent = [call(age) for age in (10, 20, 30)]
    assert ghost_score([*silent, call(5, CallType.PRANK)], NOW).silent_in_a_row == 0
    assert ghost_score([*silent, call(25, CallType.INFORMATION)], NOW).silent_in_a_row == 2
    assert ghost_score([*silent, call(25, CallType.TEST)], NOW).silent_in_a_row == 3


@pytest.mark.parametrize(("age_s", "expected"), [(3600, (1, 1, 1)), (3601, (0, 1, 1)), (86_401, (0, 0, 1)),
                                                  (30 * 86_400 + 1, (0, 0, 0)), (-30, (1, 1, 1))])  # fmt: skip
def test_windows_count_their_edge_and_nothing_beyond(age_s: float, expected: tuple[int, int, int]) -> None:
    score = ghost_score([call(age_s)], NOW)
    assert tuple(one.by_type[CallType.GHOST] for one in score.counts) == expected


def test_calls_of_several_numbers_are_never_added_up() -> None:
    with pytest.raises(ValueError, match="one number"):
        ghost_score([call(1), call(2, number="b" * 64)], NOW)
    with pytest.raises(ValueError, match="one number"):
        ghost_score([call(1, number=None), call(2, number=None)], NOW)
    assert ghost_score([call(1, number=None)], NOW).level is GhostLevel.NONE


HISTORIES = st.lists(
    st.builds(
        call,
        st.sampled_from((0, 3600, 3601, 86_400, 90_000)) | st.integers(0, 40 * 86_400),
        st.sampled_from(CallType),
        of=st.integers(0, 9999),
    ),
    max_size=25,
    unique_by=lambda one: one.call_id,
)


def slow_points(calls: list[Call]) -> int:
    """Every window counted by itself, straight from the rules' table."""

    def within(seconds: float, *types: CallType) -> int:
        return len([one for one in calls if one.call_type in types and NOW - one.received_at <= timedelta(0, seconds)])

    silent = 0
    for one in sorted(calls, key=lambda one: (one.received_at, one.call_id))[::-1]:
        if one.call_type is CallType.TEST:
            continue
        if one.call_type is not CallType.GHOST:
            break
        silent += 1
    total = min(40, 10 * within(3600, CallType.GHOST, CallType.PRANK))
    total += min(30, 3 * within(86_400, CallType.GHOST, CallType.PRANK))
    total += min(20, within(30 * 86_400, CallType.GHOST, CallType.PRANK))
    total += min(20, 5 * max(0, silent - 2))
    total -= min(60, 15 * within(30 * 86_400, CallType.NORMAL, CallType.DUPLICATE))
    return max(0, min(100, total))


@given(HISTORIES, st.randoms())
def test_the_score_equals_its_slow_twin_in_any_order(calls: list[Call], shuffler) -> None:
    score = ghost_score(calls, NOW)
    assert score.points == slow_points(calls)
    shuffled = list(calls)
    shuffler.shuffle(shuffled)
    assert ghost_score(shuffled, NOW).points == score.points
    assert score.points == max(0, min(100, sum(hit.points for hit in score.hits)))
    assert score.notice["en"] == "A number is never refused automatically: every call is answered."


@given(HISTORIES, st.integers(0, 86_400))
def test_one_more_real_report_never_raises_the_score(calls: list[Call], age_s: int) -> None:
    assert ghost_score([*calls, call(age_s, CallType.NORMAL)], NOW).points <= ghost_score(calls, NOW).points


def test_no_rule_can_be_reached_by_one_silent_call_alone() -> None:
    assert ghost_score([call(0)], NOW).level is GhostLevel.NONE
    assert set(RULES) == set(GhostRule)
