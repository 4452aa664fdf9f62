"""No secret of this environment leaves this process, whatever a provider sends back.

A provider, a proxy or a server under test may repeat the key that it was sent, in an error or in an
answer. What leaves is searched for the values of all variables whose names say that they are
secrets. Not covered: a secret in another spelling (halved, in base64); one of under 8 characters.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping

NAMES = re.compile(
    r"(KEY|TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIAL|COOKIE|(^|_)AUTH)S?(_|\d|$)",
    re.IGNORECASE,
)
LEAST = 8
MARK = "[redacted]"


def secrets_of(environment: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """Values to be kept in, the longest first, as they are spelt inside JSON text."""
    found = {
        value.strip()
        for name, value in environment.items()
        if NAMES.search(name) and len(value.strip()) >= LEAST
    }
    return tuple(json.dumps(value)[1:-1] for value in sorted(found, key=len, reverse=True))


def redacted(document: str, secrets: tuple[str, ...]) -> str:
    """A JSON document (as json.dumps spells it) without them."""
    for secret in secrets:
        if secret in document:
            document = document.replace(secret, MARK)
    return document
