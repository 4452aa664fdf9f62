"""V11, device evidence: the declared devices vouched for themselves, each once, each freshly.

An instance of the object that `DeviceAttested` names, canonical JSON (a later format would have
other keys):

    {"chain": [{"key": HEX, "signature": HEX, "subject": "gpu-1"}],
     "report": {"device": "gpu-1", "measurement": HEX, "nonce": HEX}, "signature": HEX,
     "vendor": "north-chips"}

Each link's key is signed by the one before, the first by a vendor, the report by the last, all
strict Ed25519 over the canonical bytes of the rest. It is an interface: real devices sign other
formats (SPDM), and an adapter would turn them into this one. Proven by
tests/brake/test_check_devices.py with fixtures of its own, and the red team's row 35. Not covered:
a key that was taken out of its device, which signs like the device.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from tachograph import canon
from tachograph.brake.bundle.bundle import Bundle
from tachograph.brake.bundle.evidence import Evidence, Heard
from tachograph.brake.said.records import (
    AttestationAsked,
    DeviceAttested,
    ReferencesPublished,
    SiteDeclared,
)
from tachograph.brake.verdict import Check, CheckResult
from tachograph.errors import EvidenceError, FormatError
from tachograph.merkle import ed25519

CHECK = Check(
    "V11",
    "device evidence",
    "correctness",
    "devices that are not there, that vouch for others, that replay an old report, or that run "
    "firmware which is not known to be good",
    (
        "no key was taken out of its device: physical extraction is known to work",
        "vendors certify only devices that they made",
        "a report says nothing about weights or workload",
        "the format is an interface with fixtures of our own: no real device was attested",
    ),
)

Owners = dict[str, set[tuple[str, str]]]
"""Parties and devices by the key, in hex, that vouches for them."""

LONGEST_CHAIN = 8
_HINT = "see tachograph.brake.checks.devices"


def look(bundle: Bundle) -> Iterator[CheckResult]:
    """What `judge` finds in a bundle."""
    return judge(bundle.evidence)


def judge(evidence: Evidence) -> Iterator[CheckResult]:
    """One result a party."""
    owners = _owners(evidence)
    for party in evidence.parties:
        yield _of_party(evidence, party, owners)


def _of_party(evidence: Evidence, party: str, owners: Owners) -> CheckResult:
    sites = _declared(evidence)
    vouched = {owner for found in owners.values() for owner in found}
    contested = ""
    for device, other in _shared(sites, party):
        where = f"device {device[:40]} is declared here and at {other[1]} of {other[0]}"
        if other[0] == party:
            return CHECK.failed(party, where)
        if (party, device) not in vouched:
            if (other[0], device) in vouched:
                return CHECK.failed(party, where)
            contested = where
    attested = list(evidence.of(DeviceAttested, party))
    if contested:
        return CHECK.not_assessed(party, f"{contested}, and vouched for itself at neither")
    if not attested:
        return CHECK.not_assessed(party, "no device vouched for itself")
    if not any(heard.by in evidence.verifiers for heard, _ in evidence.of(ReferencesPublished)):
        return CHECK.not_assessed(party, "no verifier published references for devices")
    fresh: dict[str, set[str]] = {}
    absent = ""
    for heard, said in attested:
        data = evidence.read(said.evidence)
        if data is None:
            absent = absent or said.device[:40]
            continue
        problem = _wrong(evidence, heard, said, data, owners)
        if problem:
            return CHECK.failed(
                party, f"{said.device[:40]}: {problem}", evidence=[heard.where, said.evidence]
            )
        if said.nonce == _last_nonce(evidence, said.site):
            fresh.setdefault(said.site, set()).add(said.device)
    if absent:
        return CHECK.not_assessed(party, f"the evidence of {absent} is not here")
    return _coverage(evidence, party, sites, fresh)


def _coverage(
    evidence: Evidence,
    party: str,
    sites: dict[tuple[str, str], list[str]],
    fresh: dict[str, set[str]],
) -> CheckResult:
    count = 0
    for site in evidence.sites_of(party):
        devices = sites.get((party, site.site), [])
        silent = [device for device in devices if device not in fresh.get(site.site, set())]
        if silent or not devices:
            return CHECK.not_assessed(
                party, f"{len(silent)} of {len(devices)} devices of {site.site} did not vouch"
            )
        count += len(devices)
    return CHECK.passed(
        party, f"{count} devices vouched for themselves, each with a key of its own",
        probability=None,
    )  # fmt: skip


def _declared(evidence: Evidence) -> dict[tuple[str, str], list[str]]:
    """Devices by party and site, by the last declaration."""
    return {(heard.by, said.site): said.devices for heard, said in evidence.of(SiteDeclared)}


def _shared(
    sites: dict[tuple[str, str], list[str]], party: str
) -> Iterator[tuple[str, tuple[str, str]]]:
    """Devices of this party that are declared at another place too, and which: its own first."""
    places: dict[str, list[tuple[str, str]]] = {}
    for place, devices in sites.items():
        for device in dict.fromkeys(devices):
            places.setdefault(device, []).append(place)
    for device, found in places.items():
        mine = [place for place in found if place[0] == party]
        others = [place for place in found if place != mine[0]] if mine else []
        for other in sorted(others, key=lambda place: place[0] != party)[:1]:
            yield device, other


def _wrong(
    evidence: Evidence, heard: Heard, said: DeviceAttested, data: bytes, owners: Owners
) -> str:
    references = _references(evidence, heard.seq)
    if references is None:
        return "no references were published before it"
    if said.device in references.revoked:
        return "its key had been revoked"
    if _asked(evidence, said, heard.seq) != 1:
        return "it answers a challenge that was not asked of its site, or was asked twice"
    try:
        key = _check(data, said, references)
    except EvidenceError as error:
        return error.message
    if said.site not in {site.site for site in evidence.sites_of(heard.by)}:
        return "it answers a challenge that was asked of another's site"
    others = owners.get(key, set()) - {(heard.by, said.device)}
    for party, device in sorted(others):
        return f"its key also vouches for {device[:40]} of {party}"
    return ""


def _owners(evidence: Evidence) -> Owners:
    """Whom each key vouches for in evidence that holds, over all parties and sites.

    Evidence that does not hold frames nobody: another party's report answers another challenge. The
    same report a second time is its first owner's, whoever shows it.
    """
    found: Owners = {}
    shown: set[tuple[str, str, str]] = set()
    for heard, said in evidence.of(DeviceAttested):
        if said.site not in {site.site for site in evidence.sites_of(heard.by)}:
            continue
        references, data = _references(evidence, heard.seq), evidence.read(said.evidence)
        if references is None or data is None or not _asked(evidence, said, heard.seq):
            continue
        with contextlib.suppress(EvidenceError):
            key = _check(data, said, references)
            if (key, said.device, said.nonce) not in shown:
                shown.add((key, said.device, said.nonce))
                found.setdefault(key, set()).add((heard.by, said.device))
    return found


def _check(data: bytes, said: DeviceAttested, references: ReferencesPublished) -> str:
    """Return the device's key, hex. Raises FormatError and ProofError."""
    value = canon.decode(data)
    if not isinstance(value, dict) or set(value) != {"chain", "report", "signature", "vendor"}:
        raise FormatError("its evidence is not chain, report, signature and vendor", hint=_HINT)
    chain, report = value["chain"], value["report"]
    if not isinstance(chain, list) or not 1 <= len(chain) <= LONGEST_CHAIN:
        raise FormatError(f"its chain is not 1 to {LONGEST_CHAIN} links", hint=_HINT)
    vendor = references.vendors.get(str(value["vendor"]))
    if vendor is None:
        raise FormatError("its vendor is not known", hint=_HINT)
    key = _bytes(vendor)
    for one in chain:
        if not isinstance(one, dict) or set(one) != {"key", "signature", "subject"}:
            raise FormatError("a link of its chain is off", hint=_HINT)
        body = canon.encode({"key": one["key"], "subject": one["subject"]})
        ed25519.check_signature(key, body, _bytes(one["signature"]))
        key = _bytes(one["key"])
    _check_report(report, said, references, chain[-1]["subject"])
    ed25519.check_signature(key, canon.encode(report), _bytes(value["signature"]))
    return key.hex()


def _check_report(
    report: Any, said: DeviceAttested, references: ReferencesPublished, subject: Any
) -> None:
    if not isinstance(report, dict) or set(report) != {"device", "measurement", "nonce"}:
        raise FormatError("its report is not device, measurement and nonce", hint=_HINT)
    if not report["device"] == subject == said.device:
        raise FormatError("its report is that of another device", hint=_HINT)
    if report["nonce"] != said.nonce:
        raise FormatError("its report answers another challenge", hint=_HINT)
    if report["measurement"] not in references.measurements:
        raise FormatError("its firmware is not known to be good", hint=_HINT)


def _references(evidence: Evidence, before: int) -> ReferencesPublished | None:
    found = [
        said
        for heard, said in evidence.of(ReferencesPublished)
        if heard.seq < before and heard.by in evidence.verifiers
    ]
    return found[-1] if found else None


def _asked(evidence: Evidence, said: DeviceAttested, before: int) -> int:
    """How often a verifier asked this challenge of this site, or of any other, before."""
    asked = [
        ask.site
        for heard, ask in evidence.of(AttestationAsked)
        if ask.nonce == said.nonce and heard.seq < before and heard.by in evidence.verifiers
    ]
    return len(asked) if said.site in asked else 0


def _last_nonce(evidence: Evidence, site: str) -> str:
    asked = [
        ask.nonce
        for heard, ask in evidence.of(AttestationAsked)
        if ask.site == site and heard.by in evidence.verifiers
    ]
    return asked[-1] if asked else ""


def _bytes(text: Any) -> bytes:
    try:
        return bytes.fromhex(text)
    except (ValueError, TypeError) as error:
        raise FormatError("its evidence holds what is not hex", hint=_HINT) from error
