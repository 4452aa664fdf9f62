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

from typing import TYPE_CHECKING, Any

from tachograph.ledger import kinds
from tachograph.ledger.entry import Entry
from tachograph.ledger.kinds import Body

if TYPE_CHECKING:
    from tachograph.ledger.ledger import Ledger
    from tachograph.ledger.verify import Verification

__all__ = ["Body", "Entry", "Ledger", "Verification", "kinds"]


def __getattr__(name: str) -> Any:
    # Entries can be read where no database may be opened (brake/audit.py): what needs one comes
    # when it is first named.
    if name == "Ledger":
        from tachograph.ledger.ledger import Ledger

        return Ledger
    if name == "Verification":
        from tachograph.ledger.verify import Verification

        return Verification
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
