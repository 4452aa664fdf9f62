"""The type of fields that name large content by its hash.

Proven by tests/ledger/test_ledger_kinds.py. Not covered: the content, which lies in objects.py.
"""

from __future__ import annotations

from typing import Annotated

Digest = Annotated[str, "sha-256"]
"""SHA-256 of an object in the object store, in hex."""
