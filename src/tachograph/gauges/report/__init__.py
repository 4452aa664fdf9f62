"""The report: all readings on one self-contained page, in the order of the argument.

>>> from datetime import date
>>> from tachograph.gauges.report import Report, write
>>> page = write(Report(title="Our lab", day=date(2026, 11, 25), source="no readings", readings={}))
>>> page.count("would need")  > 5
True
"""

from tachograph.gauges.report.demo import demonstrate
from tachograph.gauges.report.gather import newest, of_files
from tachograph.gauges.report.page import Report, write

__all__ = ["Report", "demonstrate", "newest", "of_files", "write"]
