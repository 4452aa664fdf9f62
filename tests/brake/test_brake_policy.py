"""Policies: which witnesses are enough, and every line that is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tachograph.brake.heads.cosignature import CosigningKey
from tachograph.brake.heads.policy import Policy, check_policy, parse_policy
from tachograph.errors import EvidenceError, FormatError, ProofError
from tachograph.merkle.checkpoint import Checkpoint, format_checkpoint
from tachograph.merkle.note import Note, SigningKey, sign_note

LOG = SigningKey("example.com/log", bytes(range(32)))
NAMES = ("X1", "X2", "X3", "Y1", "Y2", "Y3")
KEYS = {name: CosigningKey(f"w.example/{name}", bytes([at]) * 32) for at, name in enumerate(NAMES)}
TEXT = format_checkpoint(Checkpoint(LOG.name, 7, bytes(range(32))))
WITNESSES = "".join(f"witness {name} {key.verifier}\n" for name, key in KEYS.items())
POLICY = f"""# two blocs
log {LOG.verifier}  https://example.com/log

{WITNESSES}
group X-witnesses 2 X1 X2 X3
group Y-witnesses any Y1 Y2 Y3
  group X-and-Y all X-witnesses\tY-witnesses
quorum X-and-Y
"""
"""The specification's example, with keys."""


def note(*names: str) -> Note:
    """A head that these witnesses cosigned."""
    signed = sign_note(TEXT, LOG).signatures
    return Note(TEXT, signed + tuple(KEYS[name].cosign(TEXT, 5) for name in names))


def test_the_specifications_example() -> None:
    """Two of X and one of Y are needed, and no number of X makes up for Y."""
    policy = parse_policy(POLICY)
    assert policy.logs[0].url == "https://example.com/log"
    accepted = check_policy(policy, note("X1", "X3", "Y2"))
    assert (accepted.checkpoint.size, accepted.log) == (7, LOG.verifier)
    assert [one.key.name for one in accepted.cosigned] == [
        "w.example/X1", "w.example/X3", "w.example/Y2",
    ]  # fmt: skip
    for names, lacking in [
        (("X1", "X2", "X3"), r"X-and-Y \(1 of 2, without Y-witnesses \(0 of 1, without Y1, Y2, Y3"),
        (("X1", "Y1", "Y2", "Y3"), r"X-witnesses \(1 of 2, without X2, X3\)"),
        ((), r"0 of 2"),
    ]:
        with pytest.raises(ProofError, match=lacking):
            check_policy(policy, note(*names))


@given(st.sets(st.sampled_from(NAMES)))
def test_the_quorum_is_the_formula(names: set[str]) -> None:
    """For every set of witnesses the verdict is that of the arithmetic."""
    keys = [KEYS[name].verifier for name in names]
    x, y = (sum(name.startswith(letter) for name in names) for letter in "XY")
    assert (parse_policy(POLICY).missing(keys) is None) == (x >= 2 and y >= 1)


def test_a_known_witness_that_signed_badly_spoils_the_head() -> None:
    """A line in a known witness's name that does not verify is refused, quorum or not."""
    good = note("X1", "X2", "X3", "Y1")
    other = KEYS["Y2"].cosign(TEXT.replace("\n7\n", "\n8\n"), 5)
    with pytest.raises(ProofError, match="verify"):
        check_policy(parse_policy(POLICY), Note(TEXT, (*good.signatures, other)))


def test_heads_of_unknown_logs_are_refused() -> None:
    """An origin that no log line names is unknown, whoever signed it."""
    text = TEXT.replace("example.com/log", "example.com/other")
    with pytest.raises(ProofError, match="no log"):
        check_policy(parse_policy(POLICY), sign_note(text, LOG))
    with pytest.raises(ProofError, match="no known key"):
        check_policy(parse_policy(POLICY), sign_note(TEXT, SigningKey(LOG.name, bytes(32))))


def test_no_witnesses_may_be_asked_for() -> None:
    """`quorum none` accepts what a log signed."""
    policy = parse_policy(f"log {LOG.verifier}\nquorum none\n")
    assert check_policy(policy, note()).cosigned == ()


LINES = f"log {LOG.verifier}\n{WITNESSES}"
REFUSED = {
    "unfinished": ("quorum X1", "does not end"),
    "no quorum": ("", "no quorum"),
    "two quorums": ("quorum X1\nquorum X2\n", "second quorum"),
    "unknown quorum": ("quorum Z\n", "'Z' is not defined"),
    "forward quorum": ("quorum G\ngroup G any X1\n", "'G' is not defined"),
    "unknown member": ("group G any X1 Z\nquorum G\n", "'Z' is not defined"),
    "itself": ("group G any X1 G\nquorum G\n", "'G' is not defined"),
    "member twice": ("group G any X1 X1\nquorum G\n", "already a member"),
    "member of two": ("group G any X1\ngroup H any X1\nquorum G\n", "already a member"),
    "none as member": ("group G any none\nquorum G\n", "'none' is not defined"),
    "none as name": ("group none any X1\nquorum none\n", "'none' is taken"),
    "name twice": ("group X1 any X2\nquorum X1\n", "'X1' is taken"),
    "no member": ("group G any\nquorum G\n", "form"),
    "threshold zero": ("group G 0 X1\nquorum G\n", "number from 1 to 1"),
    "threshold too high": ("group G 3 X1 X2\nquorum G\n", "number from 1 to 2"),
    "threshold spelled": ("group G 01 X1\nquorum G\n", "number"),
    "threshold foreign": ("group G ² X1 X2\nquorum G\n", "number"),
    "log twice": (f"log {LOG.verifier}\nquorum none\n", "same key"),
    "witness twice": (f"witness Z {KEYS['X1'].verifier}\nquorum Z\n", "same key"),
    "log's key as witness": (f"witness Z {LOG.verifier}\nquorum Z\n", "kind"),
    "witness as log": (f"log {KEYS['X1'].verifier}\nquorum none\n", "kind"),
    "too many words": ("quorum X1 X2\n", "form"),
    "unknown line": ("qourum X1\n", "'qourum' begins no line"),
    "return": ("quorum X1\r\n", "control"),
    "delete": ("quorum X1\x7f\n", "control"),
    "foreign space": ("quorum\u00a0X1\n", "begins no line"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(name: str) -> None:
    """Each defect is refused in words that name it."""
    lines, reason = REFUSED[name]
    with pytest.raises(FormatError, match=reason):
        parse_policy(LINES + lines)


def test_names_are_opaque_octets() -> None:
    """Octets that are no UTF-8 are names like others, and near spellings are different names."""
    key = KEYS["X1"].verifier
    policy = parse_policy(b"witness \xff\xfe %s\nquorum \xff\xfe\n" % str(key).encode())
    assert policy.missing([key]) is None
    with pytest.raises(FormatError, match="not defined"):
        parse_policy("witness K {}\nquorum \u212a\n".format(KEYS["X1"].verifier))


def test_deep_nesting_is_evaluated() -> None:
    """A chain as deep as a policy may be is met, and its lack is said."""
    groups = "".join(f"group g{at} any {f'g{at - 1}' if at else 'X1'}\n" for at in range(240))
    policy = parse_policy(f"{WITNESSES}{groups}quorum g239\n")
    assert policy.missing([KEYS["X1"].verifier]) is None
    assert "X1" in (policy.missing([]) or "")


def test_definitions_are_bounded() -> None:
    """Far more definitions than any policy needs are refused."""
    groups = "".join(f"group g{at} any {f'g{at - 1}' if at else 'X1'}\n" for at in range(300))
    with pytest.raises(FormatError, match="more than 256"):
        parse_policy(f"{WITNESSES}{groups}quorum g299\n")


@given(
    st.lists(
        st.sampled_from(POLICY.splitlines(keepends=True)) | st.text(max_size=12), max_size=16
    ).map("".join)
    | st.binary(max_size=60)
)
def test_no_bytes_make_parsing_fall_over(text: str | bytes) -> None:
    """Any text is a policy or refused as evidence; a policy answers for any witnesses."""
    try:
        policy = parse_policy(text)
    except EvidenceError:
        return
    assert isinstance(policy, Policy)
    assert policy.missing([key.verifier for key in KEYS.values()]) is None or policy.quorum
