"""Labels of sessions by a model as judge: a table that `tacho gauge sessions --labels` reads.

>>> from tachograph.label import CLASS, read_answer
>>> read_answer(CLASS, '{"class": "routine", "why": "one known edit"}', later_messages=0)
{'class': 'routine'}
"""

from tachograph.label.judge import Judge, Label
from tachograph.label.rubric import CLASS, OUTCOME, read_answer, rubric
from tachograph.label.table import write_labels

__all__ = ["CLASS", "OUTCOME", "Judge", "Label", "read_answer", "rubric", "write_labels"]
