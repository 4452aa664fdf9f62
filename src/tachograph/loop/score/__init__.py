"""Scored tasks: a gain is confirmed on fresh draws, a sealed hold-out opened once.

>>> from tachograph.loop.score import compare, gap_recovered
>>> seed, candidate = [0.61, 0.66, 0.60, 0.63], [0.70, 0.74, 0.69, 0.73]
>>> gain = compare(candidate, seed, sign=1.0, margin=0.01)
>>> gain.verdict, round(gain.interval.value, 3)
('better', 0.09)
>>> gap = gap_recovered(candidate, floors=[0.5] * 4, ceilings=[0.9] * 4)
>>> f"{gap.value:.2f} [{gap.low:.2f}, {gap.high:.2f}]"
'0.54 [0.44, 0.63]'

`judge.py` makes a trial of it, `holdout.py` opens the hold-out, `words.py` tells of both.
"""

from tachograph.loop.score.compare import Gain, compare, gap_recovered
from tachograph.loop.score.interval import Interval

__all__ = ["Gain", "Interval", "compare", "gap_recovered"]
