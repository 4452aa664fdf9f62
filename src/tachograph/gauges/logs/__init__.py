"""Logs of coding agents as sessions: who worked on what, and how often a person stepped in.

>>> from pathlib import Path
>>> from tempfile import mkdtemp
>>> from tachograph.gauges.logs import read_sessions
>>> path = Path(mkdtemp()) / "sessions.csv"
>>> _ = path.write_text("session,model,day,class,success\\ns-1,m,2026-01-02,routine,1\\n")
>>> read_sessions(path)[0].success
1.0
"""

from tachograph.gauges.logs.read import read_sessions
from tachograph.gauges.logs.session import CLASSES, Session

__all__ = ["CLASSES", "Session", "read_sessions"]
