"""Which compiled modules are at hand: nobody compiles or loads one during a question."""

from __future__ import annotations

import sys
from types import ModuleType

READY = "READY"
"""What a compiled module defines as its last line."""


def loaded(name: str) -> ModuleType | None:
    """The compiled module of that name where `routing.kernels.warm_kernels` has loaded it; else None.

    Whoever asks then answers from numpy: the command line always does.
    """
    module = sys.modules.get(name)
    return module if module is not None and hasattr(module, READY) else None
