"""The `model` proposer: one call to any model, one candidate.

>>> from tachograph.loop.propose.model.answer import read_answer
>>> change = read_answer("FILE: a.py\\n```\\nx = 2\\n```", {"a.py": "x = 1\\n", "b.py": ""})
>>> change.files["a.py"], change.label
('x = 2\\n', 'changes a.py')
"""

from tachograph.loop.propose.model.proposer import ModelProposer

__all__ = ["ModelProposer"]
