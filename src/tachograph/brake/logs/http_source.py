"""A published log that is read over HTTP. See source.py; asks within bounds (exchange.py).

Proven by tests/brake/test_serve.py, and against hostile servers by tests/brake/test_post.py. Not
covered: whether what comes is true.
"""

from __future__ import annotations

from tachograph.brake.logs.source import CHECKPOINT, CHECKPOINT_BYTES, first_part, tile_bytes
from tachograph.brake.wire.exchange import TIMEOUT_SECONDS, UnreachableError, get
from tachograph.errors import FormatError, NotFoundError
from tachograph.merkle.tile import WIDTH, Tile, format_path

PAGE_BYTES = 64 * 1024


class HttpSource:
    """The log below a URL prefix."""

    def __init__(self, url: str, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        """`timeout_seconds` is for each file."""
        self._prefix = url.rstrip("/")
        self._timeout_seconds = timeout_seconds

    def checkpoint(self) -> bytes:
        """See Source. Raises UnreachableError too."""
        return self._get(CHECKPOINT, CHECKPOINT_BYTES, packed=False)

    def tile(self, tile: Tile) -> bytes:
        """See Source. Raises UnreachableError too."""
        packed = tile.level == "entries"
        try:
            return self._get(format_path(tile), tile_bytes(tile), packed=packed)
        except NotFoundError:
            if tile.width == WIDTH:
                raise
            full = Tile(tile.level, tile.index, WIDTH)
            return first_part(self._get(format_path(full), tile_bytes(full), packed=packed), tile)

    def _get(self, path: str, limit: int, *, packed: bool) -> bytes:
        url = f"{self._prefix}/{path}"
        # A host's page that says that there is no such file may be longer than the file.
        most = max(limit, PAGE_BYTES)
        answered = get(url, limit=most, timeout_seconds=self._timeout_seconds, packed=packed)
        if answered.status == 404:
            raise NotFoundError(f"{url} is not there", hint="see that it is the log's prefix")
        if answered.status != 200:
            raise _unexpected(url, f"answers {answered.status}")
        if not answered.body:
            # No file of a log is empty; an answer that is cut off in its headers looks like that.
            raise _unexpected(url, "answers nothing")
        if len(answered.body) > limit:
            raise FormatError(f"{url} is longer than {limit} bytes", hint="fetch it again")
        return answered.body


def _unexpected(url: str, what: str) -> UnreachableError:
    return UnreachableError(f"{url} {what}", hint="ask again later")
