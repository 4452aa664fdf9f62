"""The record: an append-only ledger whose entries are the leaves of a Merkle tree.

>>> import tempfile
>>> from tachograph.ledger import Ledger, kinds
>>> with Ledger.open(tempfile.mkdtemp(), create=True) as ledger:
...     opened, closed = ledger.append([
...         ("loop", [], kinds.RunResumed(run="r-1")),
...         ("loop", [], kinds.RunClosed(run="r-1", reason="trials", best=None)),
...     ])
...     [entry.body.reason for entry in ledger.entries(kinds=["RunClosed"])]
...     ledger.verify().size
['trials']
2
"""

from tachograph.ledger import kinds
from tachograph.ledger.entry import Entry
from tachograph.ledger.kinds import Body
from tachograph.ledger.ledger import Ledger
from tachograph.ledger.verify import Verification

__all__ = ["Body", "Entry", "Ledger", "Verification", "kinds"]
