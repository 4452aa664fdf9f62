"""A specialising compiler from Python and NumPy to code that numba takes, for observed inputs.

    made = specialise(module, "train", seen, real="float64", fixed_up_to=64)
    made.source          # the compiled function, a guard, and a function that joins the two

It runs the program on values known by type and shape only. Containers, text, calls and small loops
over known items are gone afterwards; arrays become loops over single elements. What does not fit
raises `BeyondError`. A guard sends inputs of other types or sizes to the original function.

Proven by tests/loop/propose/recipes/test_recipes_specialise.py. Not covered: generators, classes,
exceptions, text that is not known, several modules, overflow of integers, index errors.
"""

from tachograph.loop.propose.recipes.specialise.entry import Specialised, specialise
from tachograph.loop.propose.recipes.specialise.values import BeyondError

__all__ = ["BeyondError", "Specialised", "specialise"]
