"""A witness cosigns a log's heads as long as they follow from one another.

>>> import tempfile
>>> from pathlib import Path
>>> from tachograph.brake.witness import Witness, add_log, create_witness, format_request
>>> from tachograph.ledger import Ledger, kinds
>>> folder = Path(tempfile.mkdtemp())
>>> with Ledger.open(folder / "log", create=True) as ledger:
...     _ = ledger.append([("loop", [], kinds.RunResumed(run="r-1"))])
...     note, key = ledger.sign_head(), ledger.verifier
>>> create_witness(folder / "witness", "example.net/witness")
>>> add_log(folder / "witness", key)
>>> witness = Witness.open(folder / "witness")
>>> witness.add_checkpoint(format_request(0, [], note).encode()).status
200
>>> witness.add_checkpoint(format_request(0, [], note).encode()).body
'1\\n'
"""

from tachograph.brake.witness.client import Collected, Outcome, collect
from tachograph.brake.witness.protocol import format_request
from tachograph.brake.witness.server import witness_application
from tachograph.brake.witness.witness import Witness, add_log, create_witness

__all__ = [
    "Collected",
    "Outcome",
    "Witness",
    "add_log",
    "collect",
    "create_witness",
    "format_request",
    "witness_application",
]
