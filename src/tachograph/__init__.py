"""Tachograph runs closed loops of AI research and development and keeps the record of them."""

__version__ = "0.1.0"
