"""Making the compiled code ready before anybody waits for an answer.

Only the modules `routing/*_kernels.py` and `gis/*_kernels.py` import numba, and every function in them is compiled when
its module is imported, for the types that it is used with and no others: so nothing is ever compiled during a call.
What was compiled once is kept beside the modules (or in numba's own cache folder), and the next process loads it within
a second or two.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable

Say = Callable[[str], object]

MODULES = (
    "routing.customization_kernels",
    "routing.label_kernels",
    "routing.sweep_kernels",
    "routing.way_kernels",
    "routing.dissection_kernels",
    "routing.elimination_kernels",
    "routing.snap_kernels",
    "routing.osm_pbf_kernels",
)


class KernelsUnusableError(Exception):
    """The compiled code cannot be used on this machine; the message says why."""


def warm_kernels(say: Say = lambda _: None) -> None:
    """Compile what was not compiled before, and load the rest.

    Parameters
    ----------
    say
        Told, once, that this begins; the first time on a machine it takes up to a minute.

    Raises
    ------
    KernelsUnusableError
        When numba is missing, cannot be loaded, or fails to compile.
    """
    say("making the travel-time engine ready (compiled the first time on a machine: up to a minute)")
    for name in MODULES:
        try:
            importlib.import_module(name)
        except Exception as error:  # whatever numba and LLVM raise on a machine that they do not suit
            raise KernelsUnusableError(f"{type(error).__name__}: {error}".splitlines()[0]) from error
