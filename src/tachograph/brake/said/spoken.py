"""A speaker's memory: no two statements of one number, whatever a register shows of the first.

The file `said-AGREEMENT` beside the key holds the newest envelope that it signed, written before
the envelope is handed out. A register that keeps a statement back, or a copy of it that is behind,
would otherwise bring an honest speaker to sign its number a second time, and two such envelopes
convict it. The same thing said again is the same envelope again. Proven by
tests/brake/test_brake_spoken.py. Not covered: one key in two folders.
"""

from __future__ import annotations

from pathlib import Path

from tachograph.brake.said.statement import Statement, peek, sign_statement
from tachograph.errors import DamagedError, FormatError, StoreError, UsageError
from tachograph.ledger.disk import locked, write_file
from tachograph.merkle.note import SigningKey


def speak(folder: Path, draft: Statement, key: SigningKey) -> str:
    """Return the envelope of a speaker's next statement; `folder` is where its key lies.

    `draft` has the number that comes next, as far as is known of the register. Raises UsageError
    where another statement of that number or a later one was signed; StoreError, DamagedError.
    """
    path = folder / f"said-{draft.agreement[:16]}"
    try:
        with locked(folder / "said.lock"):
            known = _read(path)
            if known and (before := peek(known)).number >= draft.number:
                if (before.number, before.said) == (draft.number, draft.said):
                    return known
                raise UsageError(
                    f"{before.by} has signed number {before.number}, which is not in the register "
                    "as far as it is known here",
                    hint=f"post {path} and follow the register: two of one number convict you",
                )
            envelope = sign_statement(draft, key)
            write_file(path, envelope.encode(), mode=0o600, replace=True)
            return envelope
    except OSError as error:
        raise StoreError(
            f"{path} cannot be used: {error.strerror}", hint="see that you may write there"
        ) from error


def _read(path: Path) -> str:
    try:
        text = path.read_bytes().decode()
        peek(text)
    except FileNotFoundError:
        return ""
    except (FormatError, UnicodeDecodeError) as error:
        raise DamagedError(
            f"{path} is no statement", hint="restore it: it says which number comes next"
        ) from error
    return text
