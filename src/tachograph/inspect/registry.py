"""What Inspect finds by our entry point: importing this registers the sandbox and the tasks."""

from tachograph.inspect.provider import TachographSandbox
from tachograph.inspect.tasks import char_lm, folder, pairwise, weak_to_strong

__all__ = ["TachographSandbox", "char_lm", "folder", "pairwise", "weak_to_strong"]
