"""The boxes that replays run in: one on this machine as it is, and some as unlike machines.

What a processor can do is told to NumPy and to its BLAS by their own variables, so one machine
stands in for several; real other machines are better, and needed for other BLAS libraries.
"""

from __future__ import annotations

import platform
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from tachograph.brake.training.record import LIMITS
from tachograph.brake.training.steps import LIBRARIES
from tachograph.sandbox import Box

UNLIKE = (
    {"OPENBLAS_CORETYPE": "Haswell"},
    {"OPENBLAS_CORETYPE": "Nehalem", "NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4 AVX512_ICL"},
)
"""With AVX2 and no AVX-512; with neither, and no fused multiply-add."""


@contextmanager
def open_boxes(*, unlike: bool = False) -> Iterator[list[Box]]:
    """One box, or with `unlike` several that round otherwise. Raises BoxError."""
    more = UNLIKE if unlike and platform.machine() in ("x86_64", "AMD64") else ()
    with ExitStack() as stack:
        yield [
            stack.enter_context(
                Box.open_best(libraries=LIBRARIES, limits=LIMITS, variables=variables)[0]
            )
            for variables in ({}, *more)
        ]
