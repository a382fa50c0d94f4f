from __future__ import annotations

import ast
import inspect
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import dispatch
from dispatch import transitions
from dispatch.directory import Directory, VillageOfficial
from dispatch.errors import RefusedError
from dispatch.incidents import IncidentLocation, LocationKind, Verification
from dispatch.verification import (
    WAIT_S,
    Advice,
    VerificationStanding,
    VillageAnswer,
    answer_took_s,
    answered,
    check_asked,
    officials_for,
    summary,
    verification_standing,
)
from gis.errors import InputError
from tests.strategies import NOW

VILLAGE = "32.09.01.2008"
DIRECTORY = Directory(
    officials=(
        VillageOfficial(village_code=VILLAGE, post="kepala desa", contact="0231-1"),
        VillageOfficial(village_code=VILLAGE, post="babinsa", contact="0231-2"),
        VillageOfficial(village_code="32.09.01.2009", post="kepala desa", contact="0231-3"),
        VillageOfficial(village_code="32.09.010.2001", post="kepala desa", contact="0231-4"),
    )
)
ASKED = Verification(
    verification_id="260131-001.v1", incident_id="260131-001", village_code=VILLAGE, post="babinsa", asked_at=NOW
)


def later(seconds: float):
    return NOW + timedelta(seconds=seconds)


def test_the_posts_of_the_village_are_asked_else_those_of_the_kecamatan() -> None:
    there = IncidentLocation(kind=LocationKind.VILLAGE, village_code=VILLAGE, kecamatan_code="32.09.01")
    assert [one.contact for one in officials_for(there, DIRECTORY)] == ["0231-1", "0231-2"]
    wide = IncidentLocation(kind=LocationKind.KECAMATAN, kecamatan_code="32.09.01")
    assert [one.contact for one in officials_for(wide, DIRECTORY)] == ["0231-1", "0231-2", "0231-3"]
    assert officials_for(IncidentLocation(kind=LocationKind.UNKNOWN), DIRECTORY) == ()


def test_only_a_post_of_the_directory_is_asked() -> None:
    assert check_asked(VILLAGE, "babinsa", DIRECTORY).contact == "0231-2"
    with pytest.raises(InputError, match="it has: babinsa, kepala desa"):
        check_asked(VILLAGE, "dukun", DIRECTORY)
    with pytest.raises(InputError, match="it has: none"):
        check_asked("32.09.01.2001", "babinsa", DIRECTORY)


def test_an_answer_is_timed() -> None:
    done = answered(ASKED, answer=VillageAnswer.CONFIRMED, answered_at=later(75))
    assert (done.answer, answer_took_s(done)) == ("confirmed", 75.0)
    assert verification_standing(done, later(9999)) is VerificationStanding.ANSWERED


def test_a_question_is_late_after_its_wait_and_not_before() -> None:
    assert verification_standing(ASKED, later(WAIT_S)) is VerificationStanding.WAITING
    assert verification_standing(ASKED, later(WAIT_S + 1)) is VerificationStanding.LATE
    assert answer_took_s(ASKED) is None


def test_a_village_that_calls_back_is_heard() -> None:
    silent = answered(ASKED, answer=VillageAnswer.NO_ANSWER, answered_at=later(300))
    assert verification_standing(silent, later(301)) is VerificationStanding.UNANSWERED
    assert answer_took_s(silent) is None
    assert answered(silent, answer=VillageAnswer.DENIED, answered_at=later(400)).answer == "denied"


def test_a_given_answer_stays_and_a_repeated_one_changes_nothing() -> None:
    done = answered(ASKED, answer=VillageAnswer.DENIED, answered_at=later(10))
    assert answered(done, answer=VillageAnswer.DENIED, answered_at=later(20)) is done
    with pytest.raises(RefusedError, match="ask again"):
        answered(done, answer=VillageAnswer.CONFIRMED, answered_at=later(20))


def test_an_answer_never_comes_before_the_question() -> None:
    with pytest.raises(InputError, match="earlier"):
        answered(ASKED, answer=VillageAnswer.UNKNOWN, answered_at=later(-1))


def question(answer: VillageAnswer | None, seconds: int) -> Verification:
    return ASKED if answer is None else answered(ASKED, answer=answer, answered_at=later(seconds))


@given(st.lists(st.builds(question, st.none() | st.sampled_from(VillageAnswer), st.integers(0, 900))), st.randoms())
def test_all_answers_together_in_any_order(questions: list[Verification], shuffler) -> None:
    found = summary(questions)
    said = [one.answer for one in questions]
    if "confirmed" in said:
        expected = Advice.CONTRADICTORY if "denied" in said else Advice.CONFIRMED
    elif "denied" in said:
        expected = Advice.DENIED
    else:
        expected = Advice.OPEN if said else Advice.NOT_ASKED
    assert found.advice is expected
    assert found.answered == len([one for one in said if one not in (None, "no_answer")])
    shuffled = list(questions)
    shuffler.shuffle(shuffled)
    assert summary(shuffled) == found


def test_no_move_of_an_incident_or_unit_depends_on_a_village() -> None:
    """The tables of moves and what sends units neither read a verification nor import its rules."""
    folder = Path(dispatch.__file__).parent
    sending = ["transitions", "ranking", "screening", "settings", "roster", "types", "village_eta"]
    sending += [path.stem for path in folder.glob("*.py") if path.stem.startswith(("recommend", "joint", "cover"))]
    sending += [path.stem for path in folder.glob("decide_*.py") if {"unit", "assign"} & set(path.stem.split("_"))]
    for module in sending:
        path = folder / f"{module}.py"
        if not path.is_file():
            continue
        names = {
            name
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            for name in (
                [node.id]
                if isinstance(node, ast.Name)
                else [node.attr]
                if isinstance(node, ast.Attribute)
                else [alias.name for alias in node.names] + [getattr(node, "module", None) or ""]
                if isinstance(node, ast.Import | ast.ImportFrom)
                else []
            )
        }
        assert not {one for one in names if "verif" in one.lower()}, f"{module} looks at a verification"
    assert list(inspect.signature(transitions.check_incident_move).parameters) == ["incident_id", "now", "then"]
    assert list(inspect.signature(transitions.check_unit_move).parameters) == ["unit_id", "now", "then"]
