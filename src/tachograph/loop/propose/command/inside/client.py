"""`tacho` as the agent in a workspace has it: one question over one socket, one answer.

It lies in a folder of its own, beside `seat.json`, which says where the socket and the workspace
are. On the wire, each way, 4 bytes of length (big endian) and one JSON document; then the line is
closed. A later version of the questions will carry another `version` in `seat.json`.

    {"token": "...", "verb": "trial", "files": {"fit.py": "..."}, "label": "...", "note": "..."}
    {"candidate": "c-...", "verdict": "kept", "ratio": 1.21}
    {"error": {"kind": "usage", "message": "...", "hint": "..."}}

The other end is door.py. Proven by tests/loop/propose/command/test_door.py.
"""

from __future__ import annotations

import importlib
import json
import os
import socket
import sys
from typing import Any

SEAT = "seat.json"
MOST_BYTES = 64 << 20
EXIT_YES, EXIT_NO, EXIT_USAGE, EXIT_UNKNOWN = 0, 1, 2, 3
UNKNOWN_VERDICTS = ("not-resolved", "too-costly", "box-failed", "unfinished")
USAGE = """\
tacho trial [--label WORDS] [--note SENTENCE]  have the files of this workspace judged; waits
tacho findings                                 what the other proposers found
tacho share TEXT --candidate ID                tell them what the trial ID has shown
tacho status                                   the best so far, and what is left to spend
tacho show ID                                  everything about one trial, its files included
tacho brief                                    the goal and the rules again
tacho mcp                                      these verbs for an MCP client, on stdin and stdout

Each answers with one JSON document. Exit codes: 0 kept, 1 not better or wrong, 2 wrong call,
3 could not tell.
"""
OPTIONS = {
    "trial": ("label", "note"),
    "findings": (),
    "share": ("candidate",),
    "status": (),
    "show": (),
    "brief": (),
    "mcp": (),
}
POSITIONS = {"share": "text", "show": "candidate"}

Answer = dict[str, Any]


class Refused(Exception):  # noqa: N818 - an answer, not a fault of the program
    """The question cannot be asked; `answer` says why, as the judge would."""

    def __init__(self, message: str, hint: str = "", kind: str = "usage") -> None:
        super().__init__(message)
        self.answer = {"error": {"kind": kind, "message": message, "hint": hint}}


def read_seat(folder: str) -> dict[str, Any]:
    """Where the judge is asked, and which files are judged."""
    with open(os.path.join(folder, SEAT), encoding="utf-8") as source:
        seat: dict[str, Any] = json.load(source)
    return seat


def ask(seat: dict[str, Any], question: dict[str, Any]) -> Answer:
    """One question. Raises Refused where nobody answers."""
    data = json.dumps({**question, "token": seat["token"]}).encode()
    try:
        with call(seat) as line:
            line.sendall(len(data).to_bytes(4, "big") + data)
            size = int.from_bytes(read_exactly(line, 4), "big")
            if size > MOST_BYTES:
                raise OSError("an answer beyond all bounds")
            answer: Answer = json.loads(read_exactly(line, size))
    except OSError as error:
        raise Refused(
            f"the judge does not answer: {error}",
            "the turn may have ended; there is nothing more to do",
            "world",
        ) from None
    return answer


def call(seat: dict[str, Any]) -> socket.socket:
    """A line to the judge. Raises OSError."""
    if seat["port"]:
        return socket.create_connection(("127.0.0.1", seat["port"]))
    line = socket.socket(socket.AF_UNIX)
    try:
        line.connect(seat["socket"])
    except OSError:
        line.close()
        raise
    return line


def read_exactly(line: socket.socket, size: int) -> bytes:
    """That many bytes. Raises OSError where the line ends before."""
    parts: list[bytes] = []
    while size:
        part = line.recv(min(size, 1 << 16))
        if not part:
            raise OSError("the line was closed")
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def read_files(seat: dict[str, Any]) -> dict[str, str]:
    """The editable files as they lie in the workspace. Raises Refused."""
    files = {}
    for path in seat["editable"]:
        try:
            with open(os.path.join(seat["workspace"], path), encoding="utf-8", newline="") as file:
                files[path] = file.read(seat["most_bytes"] + 1)
        except (OSError, UnicodeDecodeError) as error:
            raise Refused(f"{path} cannot be read: {error}", "keep it a plain UTF-8 file") from None
    return files


def question_of(arguments: list[str], seat: dict[str, Any]) -> dict[str, Any]:
    """The question that a command line asks. Raises Refused."""
    verb, rest = arguments[0], arguments[1:]
    if verb not in OPTIONS:
        raise Refused(f"no verb '{verb}'", "tacho --help")
    question: dict[str, Any] = {"verb": verb}
    position: str | None = POSITIONS.get(verb)
    while rest:
        word = rest.pop(0)
        name, equals, value = word[2:].partition("=")
        if word.startswith("--") and name in OPTIONS[verb]:
            if not equals and not rest:
                raise Refused(f"--{name} needs a value", "tacho --help")
            question[name] = value if equals else rest.pop(0)
        elif position and not word.startswith("--"):
            question[position], position = word, None
        else:
            raise Refused(f"{verb} does not take '{word}'", "tacho --help")
    if position:
        raise Refused(f"{verb} needs its {position}", "tacho --help")
    if verb == "trial":
        question["files"] = read_files(seat)
    return question


def exit_code(verb: str, answer: Answer) -> int:
    """What the answer means to a shell."""
    if "error" in answer:
        return EXIT_USAGE if answer["error"].get("kind") == "usage" else EXIT_UNKNOWN
    if verb != "trial" or answer.get("verdict") == "kept":
        return EXIT_YES
    return EXIT_UNKNOWN if answer.get("verdict") in UNKNOWN_VERDICTS else EXIT_NO


def main(arguments: list[str], folder: str) -> int:
    """The command; `folder` holds seat.json."""
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(USAGE, end="")
        return EXIT_YES if arguments else EXIT_USAGE
    seat = read_seat(folder)
    if arguments == ["mcp"]:
        sys.path.insert(0, folder)
        tools = importlib.import_module("tools")  # the file beside this one
        tools.serve(lambda question: ask(seat, question), lambda: read_files(seat))
        return EXIT_YES
    try:
        answer = ask(seat, question_of(arguments, seat))
    except Refused as refused:
        answer = refused.answer
    print(json.dumps(answer, indent=2))
    return exit_code(arguments[0], answer)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.path.dirname(os.path.abspath(__file__))))
