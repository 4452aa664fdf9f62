"""One strict rule for signatures, on every published edge case."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

from tachograph.errors import ProofError
from tachograph.merkle import ed25519

REFUSED = {
    "low_order_A", "low_order_R", "non_canonical_A", "non_canonical_R", "low_order_residue",
}  # fmt: skip


def holds(key: str, message: bytes, signature: str) -> bool:
    """Our verdict."""
    try:
        ed25519.check_signature(bytes.fromhex(key), message, bytes.fromhex(signature))
    except ProofError:
        return False
    return True


def test_edge_cases(vectors: Path) -> None:
    """Of C2SP's 914 cases the rule takes exactly the 43 that no flag it names speaks against."""
    cases = json.loads((vectors / "cctv/ed25519/ed25519vectors.json").read_text())
    verdicts = [holds(case["key"], case["msg"].encode(), case["sig"]) for case in cases]
    documented = [not REFUSED & set(case["flags"] or []) for case in cases]
    assert len(cases) == 914
    assert verdicts == documented
    assert sum(verdicts) == 43


def holds_by_sodium(key: bytes, message: bytes, signature: bytes) -> bool:
    """The verdict of the same rule where libsodium, and not OpenSSL, decides the equation."""
    try:
        ed25519.check_key(key)
        ed25519.check_encoding(signature)
        VerifyKey(key).verify(message, signature)
    except (ProofError, BadSignatureError):
        return False
    return True


def test_two_back_ends_agree(vectors: Path) -> None:
    """Of C2SP's 914 cases, OpenSSL and libsodium give the same verdict under the one rule."""
    cases = json.loads((vectors / "cctv/ed25519/ed25519vectors.json").read_text())
    same = sum(
        holds(case["key"], case["msg"].encode(), case["sig"])
        == holds_by_sodium(
            bytes.fromhex(case["key"]), case["msg"].encode(), bytes.fromhex(case["sig"])
        )
        for case in cases
    )
    assert (same, len(cases)) == (914, 914)


def test_weak_keys_are_refused_at_enrolment(vectors: Path) -> None:
    """A key of small order or in a second spelling is refused before any signature is seen."""
    cases = json.loads((vectors / "cctv/ed25519/ed25519vectors.json").read_text())
    weak = {
        case["key"]
        for case in cases
        if {"low_order_A", "non_canonical_A"} & set(case["flags"] or [])
    }
    assert len(weak) == 14
    for key in weak:
        with pytest.raises(ProofError):
            ed25519.check_key(bytes.fromhex(key))


def test_wycheproof(vectors: Path) -> None:
    """All 151 verdicts of Wycheproof are ours."""
    groups = json.loads((vectors / "wycheproof/testvectors_v1/ed25519_test.json").read_text())
    cases = [
        (group["publicKey"]["pk"], test)
        for group in groups["testGroups"]
        for test in group["tests"]
    ]
    wrong = [
        test["tcId"]
        for key, test in cases
        if holds(key, bytes.fromhex(test["msg"]), test["sig"]) != (test["result"] == "valid")
    ]
    assert len(cases) == 151
    assert wrong == []


def test_every_changed_bit_is_refused() -> None:
    """A signature does not hold with any bit of it, of the key or of the message changed."""
    seed, message = bytes(range(32)), b"message"
    key, signature = ed25519.public_key(seed), ed25519.sign(seed, message)
    ed25519.check_signature(key, message, signature)
    whole = key + message + signature
    for bit in range(8 * len(whole)):
        bad = bytearray(whole)
        bad[bit // 8] ^= 1 << bit % 8
        changed = bytes(bad)
        with pytest.raises(ProofError):
            ed25519.check_signature(changed[:32], changed[32:-64], changed[-64:])


@pytest.mark.parametrize("cut", [0, 1, 31, 33])
def test_keys_of_other_lengths_are_refused(cut: int) -> None:
    """A key that is not 32 bytes long is a proof error, not another library's exception."""
    with pytest.raises(ProofError):
        ed25519.check_key(bytes(cut))
