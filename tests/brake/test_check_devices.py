"""V11: fixtures of our own; every way in which a device's word can be false."""

from __future__ import annotations

import dataclasses
import hashlib
from typing import Any

import pytest
from work_by_hand import PARTIES, Work, of, site

from tachograph import canon
from tachograph.brake.checks.devices import judge
from tachograph.brake.said import records as r
from tachograph.brake.verdict import CheckResult
from tachograph.merkle import ed25519

VENDOR, MIDDLE = b"v" * 32, b"m" * 32
GOOD = "ab" * 32
NONCES = {party: hashlib.sha256(party.encode()).hexdigest() for party in PARTIES}


def seed(device: str) -> bytes:
    return hashlib.sha256(device.encode()).digest()


def certified(subject: str, key: bytes, by: bytes) -> dict[str, str]:
    """A link of a chain."""
    body = {"key": ed25519.public_key(key).hex(), "subject": subject}
    return {**body, "signature": ed25519.sign(by, canon.encode(body)).hex()}


def evidence(device: str, nonce: str, key: bytes | None = None, **changes: Any) -> bytes:
    """What a device signs; `changes` to the report, or to the whole with a leading underscore."""
    key = key or seed(device)
    report = {"device": device, "measurement": GOOD, "nonce": nonce}
    report |= {name: value for name, value in changes.items() if not name.startswith("_")}
    value = {
        "chain": [certified("line 7", MIDDLE, VENDOR), certified(device, key, MIDDLE)],
        "report": report, "signature": ed25519.sign(key, canon.encode(report)).hex(),
        "vendor": "north-chips",
    }  # fmt: skip
    value |= {name[1:]: value_ for name, value_ in changes.items() if name.startswith("_")}
    return canon.encode(value)


def begun(**references: Any) -> Work:
    """Sites, references and challenges."""
    work = Work()
    work.begin()
    said = r.ReferencesPublished(
        {"north-chips": ed25519.public_key(VENDOR).hex()}, [GOOD], ["alba-99"]
    )
    work.say("lens", dataclasses.replace(said, **references))
    for party in PARTIES:
        work.say("lens", r.AttestationAsked(f"{party}-one", NONCES[party]))
    return work


def attest(work: Work, party: str, device: str, data: bytes, nonce: str = "") -> None:
    digest = hashlib.sha256(data).hexdigest()
    work.objects[digest] = data
    work.say(party, r.DeviceAttested(f"{party}-one", device, nonce or NONCES[party], digest))


def attested(**references: Any) -> Work:
    """Every declared device has vouched for itself."""
    work = begun(**references)
    for party in PARTIES:
        for device in site(party).devices:
            attest(work, party, device, evidence(device, NONCES[party]))
    return work


def result(work: Work, party: str = "alba") -> CheckResult:
    (found,) = of(judge(work.evidence()), party)
    return found


def test_devices_that_all_vouch_pass() -> None:
    """And the pass says how little it is against keys that were taken out."""
    found = result(attested())
    assert found.outcome == "pass"
    assert any("extraction" in one for one in found.assumptions)


def test_silence_is_not_assessed() -> None:
    """No evidence; one device missing; no references; objects not here; a newer challenge."""
    assert result(begun()).outcome == "not-assessed"
    work = attested()
    work.heard = [h for h in work.heard if getattr(h.said, "device", "") != "alba-03"]
    assert "1 of 16 devices" in result(work).reason
    work = attested()
    work.heard = [h for h in work.heard if not isinstance(h.said, r.ReferencesPublished)]
    assert result(work).outcome == "not-assessed"
    work = attested()
    work.objects.clear()
    assert result(work).outcome == "not-assessed"
    work = attested()
    work.say("lens", r.AttestationAsked("alba-one", "ee" * 32))
    assert "16 of 16 devices" in result(work).reason


FORGED = {
    "wrong firmware": evidence("alba-00", NONCES["alba"], measurement="cd" * 32),
    "another challenge": evidence("alba-00", NONCES["brim"]),
    "another device": evidence("alba-01", NONCES["alba"]),
    "a key that nobody certified": evidence(
        "alba-00", NONCES["alba"], _chain=[certified("alba-00", seed("alba-00"), seed("x"))]
    ),
    "an unknown vendor": evidence("alba-00", NONCES["alba"], _vendor="south-chips"),
    "a report signed by another": evidence("alba-00", NONCES["alba"], _signature="00" * 64),
    "no chain": evidence("alba-00", NONCES["alba"], _chain=[]),
    "a long chain": evidence("alba-00", NONCES["alba"], _chain=[{}] * 9),
    "an odd link": evidence("alba-00", NONCES["alba"], _chain=[[]]),
    "an odd report": evidence("alba-00", NONCES["alba"], _report=7),
    "what is not hex": evidence("alba-00", NONCES["alba"], _signature="zz"),
    "not canonical": b"{ }",
    "a list": b"[]",
}


@pytest.mark.parametrize("data", FORGED.values(), ids=FORGED)
def test_forged_evidence_fails(data: bytes) -> None:
    """By name, and never by an exception."""
    work = attested()
    attest(work, "alba", "alba-00", data)
    assert result(work).outcome == "fail"
    assert result(work, "brim").outcome == "pass"


def test_one_chip_cannot_vouch_for_many() -> None:
    """Two ids under one key."""
    work = attested()
    attest(work, "alba", "alba-01", evidence("alba-01", NONCES["alba"], key=seed("alba-00")))
    assert "also vouches for" in result(work).reason


def test_a_device_belongs_where_it_vouches() -> None:
    """Whoever else declares it fails, and cannot hurt whose it is."""
    work = attested()
    shared = [*site("brim").devices[:-1], "alba-00"]
    work.say("brim", site("brim", devices=shared))
    assert result(work, "alba").outcome == "pass"
    assert "declared here and at alba-one of alba" in result(work, "brim").reason
    assert result(work, "brim").outcome == "fail"


def test_a_device_that_vouches_nowhere_is_contested() -> None:
    """Two declare it, and nobody can tell whose it is."""
    work = begun()
    work.say("brim", site("brim", devices=[*site("brim").devices[:-1], "alba-00"]))
    for party in PARTIES:
        assert result(work, party).outcome == "not-assessed"
        assert "at neither" in result(work, party).reason


def test_one_device_at_two_sites_of_one_party_fails() -> None:
    """Its own word contradicts itself."""
    work = attested()
    work.say("alba", site("alba", site="alba-two", devices=["alba-00"]))
    assert result(work).outcome == "fail"


def test_a_stranger_that_copies_evidence_frames_nobody() -> None:
    """Another party's report answers another challenge; only the copier fails."""
    work = attested()
    data = evidence("alba-00", NONCES["alba"])
    attest(work, "brim", "alba-00", data, NONCES["alba"])
    assert result(work, "alba").outcome == "pass"
    assert result(work, "brim").outcome == "fail"


def test_revocation_counts_from_its_posting() -> None:
    """Evidence from before it stands."""
    work = attested()
    gone = {"vendors": {"north-chips": ed25519.public_key(VENDOR).hex()}, "measurements": [GOOD]}
    work.say("lens", r.ReferencesPublished(revoked=["alba-00"], **gone))
    assert result(work).outcome == "pass"
    attest(work, "alba", "alba-00", evidence("alba-00", NONCES["alba"]))
    assert "revoked" in result(work).reason


def test_a_challenge_asked_twice_proves_no_freshness() -> None:
    """A report to the first could be kept for the second."""
    work = attested()
    work.say("dial", r.AttestationAsked("alba-one", NONCES["alba"]))
    attest(work, "alba", "alba-00", evidence("alba-00", NONCES["alba"]))
    assert "asked twice" in result(work).reason


def test_withheld_evidence_hides_no_forged_one() -> None:
    """What contradicts comes before what is missing."""
    work = attested()
    work.say("alba", r.DeviceAttested("alba-one", "alba-00", NONCES["alba"], "0" * 64))
    assert result(work).outcome == "not-assessed"
    attest(work, "alba", "alba-00", FORGED["wrong firmware"])
    assert result(work).outcome == "fail"
