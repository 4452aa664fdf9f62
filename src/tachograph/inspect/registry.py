"""What Inspect finds by our entry point: importing this registers the sandbox and the tasks."""

from tachograph.inspect.provider import TachographSandbox

__all__ = ["TachographSandbox"]
