"""A candidate: the task's editable files with a change, named by the hash of its content."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

from tachograph import canon


@dataclass(frozen=True)
class Candidate:
    """Editable files, path to text. Equal content is the same candidate, whoever made it."""

    files: Mapping[str, str]

    def __post_init__(self) -> None:
        object.__setattr__(self, "files", MappingProxyType(dict(sorted(self.files.items()))))

    @cached_property
    def manifest(self) -> dict[str, str]:
        """Path to the SHA-256 (hex) of the file's UTF-8 bytes."""
        return {
            path: hashlib.sha256(text.encode()).hexdigest() for path, text in self.files.items()
        }

    @cached_property
    def id(self) -> str:
        """`c-` and the first 32 hex digits of the SHA-256 of the manifest's canonical bytes."""
        return "c-" + hashlib.sha256(canon.encode(self.manifest)).hexdigest()[:32]

    @property
    def source_bytes(self) -> int:
        """Size of all files, in bytes of UTF-8."""
        return sum(len(text.encode()) for text in self.files.values())
