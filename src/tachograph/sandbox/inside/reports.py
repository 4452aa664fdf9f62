"""What zygote and keeper report of what has ended, as bytes. Judges read it without either."""

from __future__ import annotations

import struct

CALL = struct.Struct("<idd?")
"""wait status, user seconds, system seconds, whether a moment without a child would be of use"""
COMMAND = struct.Struct("<idd")
"""wait status, user seconds, system seconds"""
