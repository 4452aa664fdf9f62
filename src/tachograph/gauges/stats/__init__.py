"""The estimators that gauges share. Pure functions of numbers; each names its source.

>>> from tachograph.gauges.stats import wilson
>>> low, high = wilson(77, 129)
>>> f"{low:.3f} {high:.3f}"
'0.511 0.678'
"""

from tachograph.gauges.stats.bootstrap import percentile_interval
from tachograph.gauges.stats.change import change_point
from tachograph.gauges.stats.intervals import clopper_pearson, median_interval, t_interval, wilson
from tachograph.gauges.stats.logistic import fit_logistic
from tachograph.gauges.stats.regression import ols

__all__ = [
    "change_point", "clopper_pearson", "fit_logistic", "median_interval", "ols",
    "percentile_interval", "t_interval", "wilson",
]  # fmt: skip
