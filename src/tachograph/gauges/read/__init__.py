"""Strict readers: a number, or an error that names file and line. Never a guess.

>>> from pathlib import Path
>>> from tempfile import mkdtemp
>>> from tachograph.gauges.read import read_rows
>>> path = Path(mkdtemp()) / "scores.csv"
>>> _ = path.write_text("model,score\\na,0.5\\nb,nan\\n")
>>> rows = read_rows(path)
>>> rows[0].number("score")
0.5
>>> rows[1].number("score")
Traceback (most recent call last):
tachograph.errors.FormatError: ...scores.csv:3: score: not a finite number: 'nan'
"""

from tachograph.gauges.read.rows import Row, read_rows

__all__ = ["Row", "read_rows"]
