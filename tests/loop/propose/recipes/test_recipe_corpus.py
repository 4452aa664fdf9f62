"""Properties of every classical recipe over a corpus of small programs, some of them odd."""

from __future__ import annotations

import numpy as np
import pytest
from recipe_programs import ODD, PROGRAMS
from recipe_workbench import Find, agree, call, workpiece

from tachograph.loop.propose.recipes import (
    comprehension,
    drop_checks,
    float32,
    hoist,
    in_place,
    local_names,
    powers,
    preallocate,
    subexpressions,
    vectorise,
)
from tachograph.loop.propose.recipes.observe import Observation
from tachograph.loop.propose.recipes.workpiece import Workpiece, compiles

EXACT: dict[str, Find] = {
    "hoist": hoist.find,
    "subexpressions": subexpressions.find,
    "powers": powers.find,
    "in-place": in_place.find,
    "preallocate": preallocate.find,
    "comprehension": comprehension.find,
    "drop-checks": drop_checks.find,
    "local-names": local_names.find,
    "vectorise": vectorise.find,
}
EVERY: dict[str, Find] = {**EXACT, "float32": float32.find}


@pytest.mark.parametrize("program", sorted(PROGRAMS))
@pytest.mark.parametrize("recipe", sorted(EVERY))
def test_every_variant_compiles_and_agrees(recipe: str, program: str) -> None:
    """On inputs that the recipe has not seen, too; labels are the same each time."""
    source, draw = PROGRAMS[program]
    piece = workpiece(source, draw(np.random.default_rng(0)))
    found = list(EVERY[recipe](piece))
    assert [v.label for v in found] == [v.label for v in EVERY[recipe](piece)]
    assert len({v.label for v in found}) == len(found)
    for variant in found:
        assert variant.label.startswith(f"{recipe}/")
        assert compiles(variant.files)
        assert variant.files != piece.files
        for seed in (0, 1, 2):
            inputs = draw(np.random.default_rng(seed))
            before = call(piece.files, piece.entry, inputs)
            after = call(variant.files, piece.entry, inputs)
            if recipe in EXACT:
                agree(before, after, 1e-9, f"{variant.label}\n{''.join(variant.files.values())}")
            else:
                agree(before[0], after[0], 1e-3, variant.label)


@pytest.mark.parametrize("odd", sorted(ODD))
@pytest.mark.parametrize("recipe", sorted(EVERY))
def test_odd_sources_raise_nothing_and_what_comes_compiles(recipe: str, odd: str) -> None:
    """Sources that do not parse, that cannot be cut by lines, or that play with scopes."""
    piece = Workpiece({"program.py": ODD[odd]}, "program:main", Observation())
    for variant in EVERY[recipe](piece):
        assert compiles(variant.files)
