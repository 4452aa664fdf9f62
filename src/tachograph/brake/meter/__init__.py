"""The meter: what a site's machines did, measured and signed apart from the loop.

    tacho brake meter --site hall --meter hall-1 --key .meter --ledger .tacho

A process of its own with a key of its own. It beats, and reports windows without gaps; it knows
nothing of the loop but what stands in the ledger, and what it measures is compared with that.
docs/concepts/meter.md says what it can see and what it cannot.

>>> from tachograph.brake.meter import Reading
>>> Reading(cpu_seconds=12.5).told()
'CPU 12.5 s; GPU not measured; energy not measured'
"""

from tachograph.brake.meter.compare import Comparison, compare
from tachograph.brake.meter.declared import Compute, compute_of
from tachograph.brake.meter.meter import Meter, Metered
from tachograph.brake.meter.reading import Instruments, Reading

__all__ = [
    "Comparison",
    "Compute",
    "Instruments",
    "Meter",
    "Metered",
    "Reading",
    "compare",
    "compute_of",
]
