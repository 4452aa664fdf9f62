"""The command line. `tacho --help` is its reference; `main` is its entry point."""

import gc

__all__ = ["main"]

COLLECT_EVERY = 100_000
"""New objects between two looks for garbage. Imports make some 200,000 that all stay, and so does
what an audit reads: with Python's 700 a sixth of a command's start, and a tenth of an audit, went
into looking through them."""


def main() -> None:
    """Do what the command line says; ends the process with an Exit code."""
    gc.set_threshold(COLLECT_EVERY)
    from tachograph.cli.app import main as answer

    answer()
