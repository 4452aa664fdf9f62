"""Seeds of inputs: derived from a committed secret, never twice, kept for the owner alone."""

from __future__ import annotations

import hashlib
import hmac
import stat

import pytest

from tachograph.errors import DamagedError, NotFoundError, StoreError
from tachograph.loop.draws import Secret, drop_secret, keep_secret, read_secret

SECRET = Secret(bytes(range(32)))


def test_a_seed_is_the_documented_code():
    """Whoever knows secret, nonce and index derives it with any HMAC-SHA256."""
    code = hmac.new(SECRET.value, b"00ff|7", hashlib.sha256).hexdigest()
    assert SECRET.lot("00ff", 7).seed == int(code, 16)


def test_a_commitment_is_the_hash_of_the_secret():
    """As RunOpened holds it."""
    assert SECRET.commitment == hashlib.sha256(bytes(range(32))).hexdigest()


def test_no_draw_comes_twice():
    """Neither within a stage nor in another of the same secret."""
    stages = [SECRET.series() for _ in range(50)]
    lots = [stage.next() for _ in range(20) for stage in stages]
    assert len({lot.seed for lot in lots}) == len(lots)
    assert {lot.index for lot in lots} == set(range(20))


def test_a_series_can_be_drawn_again():
    """By the nonce and the number of draws."""
    stage = SECRET.series()
    lots = [stage.next() for _ in range(3)]
    assert [SECRET.lot(stage.nonce, index) for index in range(stage.count)] == lots


def test_a_series_holds_a_digest_over_its_inputs():
    """Over the digests, in order; nothing where nothing was drawn."""
    stage = SECRET.series()
    assert stage.inputs_sha256 == ""
    digests = [hashlib.sha256(bytes([n])) for n in range(3)]
    for digest in digests:
        stage.next()
        stage.drawn(digest.hexdigest())
    joined = b"".join(digest.digest() for digest in digests)
    assert stage.inputs_sha256 == hashlib.sha256(joined).hexdigest()


def test_neither_secret_nor_seed_is_printed():
    """A traceback or a log that shows the objects gives nothing away."""
    assert SECRET.value.hex() not in repr(SECRET)
    assert repr(SECRET.value) not in repr(SECRET)
    lot = SECRET.lot("00", 0)
    assert str(lot.seed) not in repr(lot)


def test_a_kept_secret_is_its_owners_alone(tmp_path):
    """File and folder are shut to others, and read back."""
    keep_secret(tmp_path, "r-1", SECRET)
    place = tmp_path / "secrets"
    assert stat.S_IMODE(place.stat().st_mode) == 0o700
    assert stat.S_IMODE((place / "r-1").stat().st_mode) == 0o600
    assert read_secret(tmp_path, "r-1", SECRET.commitment) == SECRET


def test_a_secret_is_never_overwritten(tmp_path):
    """The first one stands."""
    keep_secret(tmp_path, "r-1", SECRET)
    keep_secret(tmp_path, "r-1", Secret.fresh())
    assert read_secret(tmp_path, "r-1", SECRET.commitment) == SECRET


def test_another_secret_is_refused(tmp_path):
    """What was committed to is what is read."""
    keep_secret(tmp_path, "r-1", Secret.fresh())
    with pytest.raises(DamagedError, match="not the one that the run committed to"):
        read_secret(tmp_path, "r-1", SECRET.commitment)


@pytest.mark.parametrize("text", [b"no hex\n", b"\xff\xfe\n", b""])
def test_a_damaged_secret_is_refused(tmp_path, text):
    """Other bytes are no secret."""
    keep_secret(tmp_path, "r-1", SECRET)
    (tmp_path / "secrets" / "r-1").write_bytes(text)
    with pytest.raises(DamagedError):
        read_secret(tmp_path, "r-1", SECRET.commitment)


def test_a_missing_secret_is_said(tmp_path):
    """A ledger that was copied without it cannot go on with its runs."""
    with pytest.raises(NotFoundError, match="not beside the ledger"):
        read_secret(tmp_path, "r-1", SECRET.commitment)
    keep_secret(tmp_path, "r-1", SECRET)
    drop_secret(tmp_path, "r-1")
    drop_secret(tmp_path, "r-1")
    with pytest.raises(NotFoundError):
        read_secret(tmp_path, "r-1", SECRET.commitment)


def test_a_place_that_is_none_is_said(tmp_path):
    """A file in the folder's place is the world's fault."""
    (tmp_path / "secrets").write_text("")
    with pytest.raises(StoreError):
        keep_secret(tmp_path, "r-1", SECRET)
