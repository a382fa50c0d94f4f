"""Personal texts as they are shown to those who have not said why they need them."""

from __future__ import annotations

from typing import Final

from dispatch.incidents import TextField

KEPT_DIGITS: Final = 3
HIDDEN: Final = "•••"


def mask_text(field: TextField, text: str) -> str:
    """The last digits of a number, the first letter of a name, and of what somebody said nothing."""
    if field is TextField.CALLER_NUMBER:
        is_long = sum(one.isdigit() for one in text) > 2 * KEPT_DIGITS
        return HIDDEN + (text[-KEPT_DIGITS:] if is_long else "")
    return f"{text.strip()[:1]}{HIDDEN}" if field is TextField.CALLER_NAME else HIDDEN
