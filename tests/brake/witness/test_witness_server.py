"""A witness over HTTP, as a log and a monitor see it."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from faults import broken
from logs import Log

from tachograph.brake.wire.exchange import get, post
from tachograph.brake.wire.web import running
from tachograph.brake.witness import Witness, witness_application
from tachograph.brake.witness.memory import slot_name

LOG = Log(40)


@pytest.fixture
def url(witness: Witness) -> Iterator[str]:
    with running(witness_application(witness)) as url:
        yield url


def test_cosign_and_monitor(url: str) -> None:
    """A cosigned head is served under the hash of its origin, and unknown ones are 404."""
    path = f"{url}/{slot_name(LOG.key.name)}/checkpoint"
    assert get(path, limit=1000).status == 404
    answered = post(f"{url}/add-checkpoint", LOG.request(0, 5), limit=1000)
    assert (answered.status, answered.content_type) == (200, "text/plain; charset=utf-8")
    assert get(path, limit=1000).body == LOG.head(5).encode() + answered.body
    for other in ("/x/checkpoint", f"/{'0' * 64}/checkpoint", "/..%2fkey/checkpoint", "/key"):
        assert get(url + other, limit=1000).status == 404


def test_a_stale_size_has_its_own_content_type(url: str) -> None:
    """409 says the size as `text/x.tlog.size`, and nothing more."""
    post(f"{url}/add-checkpoint", LOG.request(0, 5), limit=1000)
    answered = post(f"{url}/add-checkpoint", LOG.request(0, 5), limit=1000)
    assert (answered.status, answered.body) == (409, b"5\n")
    assert answered.content_type == "text/x.tlog.size"


def test_only_posts_of_a_bounded_size(url: str) -> None:
    """A GET is no submission, and a body of a megabyte is not read."""
    assert get(f"{url}/add-checkpoint", limit=1000).status == 405
    assert post(f"{url}/add-checkpoint", bytes(1 << 20), limit=1000).status == 413


def test_connections_are_kept(url: str) -> None:
    """A log may send one head after the other over one connection."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=20)
    for old, new in ((0, 5), (5, 9), (9, 40)):
        connection.request("POST", "/add-checkpoint", LOG.request(old, new))
        answer = connection.getresponse()
        assert (answer.status, answer.read()[:3]) == (200, "—".encode())
    connection.close()


def test_a_full_disk_is_the_witnesss_fault(url: str, folder: Path) -> None:
    """500 and no signature while nothing can be written; afterwards it goes on."""
    with broken(1, "lost"):
        answered = post(f"{url}/add-checkpoint", LOG.request(0, 5), limit=1000)
    assert (answered.status, b"sign" in answered.body) == (500, True)
    assert str(folder).encode() not in answered.body
    assert post(f"{url}/add-checkpoint", LOG.request(0, 5), limit=1000).status == 200
