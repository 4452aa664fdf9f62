"""The command line. `tacho --help` is its reference; `main` is its entry point."""

from tachograph.cli.app import main

__all__ = ["main"]
