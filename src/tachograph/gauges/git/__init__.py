"""A git repository as evidence: who made which lines, read from history and what lies beside it.

>>> from tachograph.gauges.git import load_markers
>>> load_markers().of_email("noreply@anthropic.com")
'Claude Code'
"""

from tachograph.gauges.git.history import read_history
from tachograph.gauges.git.markers import load_markers
from tachograph.gauges.git.rows import History

__all__ = ["History", "load_markers", "read_history"]
