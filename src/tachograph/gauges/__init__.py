"""The gauges: pure functions from data to a reading, each with a plot and a plain sentence.

>>> from pathlib import Path
>>> from tempfile import mkdtemp
>>> from tachograph.gauges import Inputs, find, take
>>> runs = Path(mkdtemp()) / "runs.csv"
>>> rows = [f"a,t{m},{m},{int(m < 16)}" for m in (1, 2, 4, 8, 16, 30, 60) for _ in range(4)]
>>> lines = ["agent,task,human_minutes,success", *rows, "a,t8,8,0", "a,t30,30,1"]
>>> _ = runs.write_text("\\n".join(lines))
>>> reading = take(find("horizon"), Inputs((runs,)))
>>> reading.verdict.words
'measured'
"""

from tachograph.gauges.gauge import Gauge, Inputs, option, record, recorded, take
from tachograph.gauges.reading import Reading
from tachograph.gauges.registry import find

__all__ = ["Gauge", "Inputs", "Reading", "find", "option", "record", "recorded", "take"]
