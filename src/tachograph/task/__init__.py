"""What to improve, what may be changed, and how the answer is checked.

>>> import numpy
>>> from tachograph.task import Check, load
>>> task = load("pairwise")
>>> task.entry
'pairwise:nearest'
>>> check = Check(task)
>>> inputs = check.draw(numpy.random.default_rng(1))
>>> right = check.expected(inputs)
>>> check.compare(inputs, right, right) is None
True
"""

from tachograph.task.candidate import Candidate
from tachograph.task.check import Check
from tachograph.task.load import builtin_names, load
from tachograph.task.task import Task

__all__ = ["Candidate", "Check", "Task", "builtin_names", "load"]
