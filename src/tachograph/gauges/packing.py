"""Files and folders as bytes under a name, and back: how the ledger keeps a gauge's inputs.

A file is its own bytes. A folder, whose name ends in `/`, is a tar archive of its files in the
order of their names, without times, owners and rights: the same files give the same bytes. Proven
by tests/gauges/test_stored.py. Not covered: links, which are followed; empty folders, which are
lost.
"""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

from tachograph.errors import FormatError, NotFoundError

MOST_BYTES = 256 << 20
"""Of one file or folder: an object is handed over in one piece."""


def pack(path: Path, _: object = None) -> tuple[str, bytes]:
    """A file as it is, a folder as a tar archive; by name. Raises FormatError, NotFoundError."""
    name = path.resolve().name
    try:
        if not path.is_dir():
            _bound(path, path.stat().st_size)
            return name, path.read_bytes()
        return f"{name}/", _tar(path)
    except FileNotFoundError:
        raise NotFoundError(f"{path}: no such file", hint="mend the path") from None
    except OSError as error:
        raise FormatError(f"{path}: {error.strerror}", hint="name what can be read") from error


def _tar(folder: Path) -> bytes:
    """Files by relative name, without times, owners or rights: the same files, the same bytes."""
    inside = sorted(path for path in folder.rglob("*") if path.is_file())
    _bound(folder, sum(path.stat().st_size for path in inside))
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path in inside:
            data = path.read_bytes()
            about = tarfile.TarInfo(path.relative_to(folder).as_posix())
            about.size = len(data)
            archive.addfile(about, io.BytesIO(data))
    return made.getvalue()


def _bound(path: Path, size: int) -> None:
    if size > MOST_BYTES:
        raise FormatError(f"{path}: {size:,} bytes; at most {MOST_BYTES:,} can be recorded",
                          hint="record a part of it")  # fmt: skip


def lay(folder: Path, name: str, data: bytes) -> Path:
    """Write one object under its name. Raises FormatError for a name that leads elsewhere."""
    place = folder / name
    if name.strip("/") in ("", ".", "..") or place.resolve().parent != folder:
        raise FormatError(f"a file named {name!r:.80}", hint="the entry was not made by keep")
    if not name.endswith("/"):
        place.write_bytes(data)
        return place
    try:
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            archive.extractall(place, filter="data")
    except (tarfile.TarError, OSError) as error:
        raise FormatError(f"{name}: not the archive of a folder: {error}",
                          hint="the entry was not made by keep") from error  # fmt: skip
    return place
