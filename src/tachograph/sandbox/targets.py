"""What the probe's attacks aim at: a process, files and sockets of the judge's own user."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path
from typing import Any

CONTENT = "as it was"


class Targets:
    """Use it in a `with`; everything goes with it."""

    def __init__(self) -> None:
        self.secret = secrets.token_hex(8)
        self.folder = Path(tempfile.mkdtemp(prefix="tacho-targets-", dir="/var/tmp"))
        self.folder.chmod(0o755)
        (self.folder / "open").mkdir()
        (self.folder / "open").chmod(0o777)
        (self.folder / "secret").write_text(self.secret)
        self.sockets = {
            "tcp": socket.create_server(("127.0.0.1", 0)),
            "udp": bound(socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", 0)),
            "unix": bound(socket.AF_UNIX, socket.SOCK_STREAM, str(self.folder / "unix")),
            "datagram": bound(socket.AF_UNIX, socket.SOCK_DGRAM, str(self.folder / "datagram")),
            "abstract": bound(socket.AF_UNIX, socket.SOCK_STREAM, f"\0tacho-{self.secret}"),
        }
        for name in ("unix", "datagram"):
            (self.folder / name).chmod(0o777)
        for name in ("unix", "abstract"):
            self.sockets[name].listen()
        self.victim = self.new_victim()
        self.mend()

    def new_victim(self) -> subprocess.Popen[bytes]:
        """A process to be attacked."""
        return subprocess.Popen(["/bin/sleep", "600"], env={"SECRET": self.secret},
                                start_new_session=True)  # fmt: skip

    def addresses(self) -> dict[str, Any]:
        """Where the attacks find everything."""
        return {
            "secret": self.secret, "secret_file": str(self.folder / "secret"),
            "open_file": str(self.folder / "file"), "open_folder": str(self.folder / "open"),
            "judge_file": str(Path(__file__).parent / "probe.py"), "victim": self.victim.pid,
            "tcp_port": self.sockets["tcp"].getsockname()[1],
            "udp_port": self.sockets["udp"].getsockname()[1],
            "unix_path": str(self.folder / "unix"),
            "datagram_path": str(self.folder / "datagram"), "abstract_name": f"tacho-{self.secret}",
        }  # fmt: skip

    def mend(self) -> None:
        """Put the file that may be changed as it was."""
        path = self.folder / "file"
        path.write_text(CONTENT)
        path.chmod(0o666)
        os.utime(path, (1_000_000_000, 1_000_000_000))

    def harm(self) -> str:
        """What was done to the targets since the last look, which is mended; empty: nothing."""
        done = []
        path = self.folder / "file"
        status = path.stat()
        if path.read_text() != CONTENT or status.st_mode & 0o777 != 0o666 \
                or status.st_mtime != 1_000_000_000:  # fmt: skip
            done.append("a file was changed")
            self.mend()
        for made in (self.folder / "open").iterdir():
            done.append("a file was made")
            made.unlink()
        if self.victim.poll() is not None:
            done.append("a process was killed")
            self.victim = self.new_victim()
        for name, held in self.sockets.items():
            held.setblocking(False)
            try:
                if held.type == socket.SOCK_STREAM:
                    held.accept()[0].close()
                else:
                    held.recv(16)
            except BlockingIOError:
                continue
            done.append(f"the {name} socket was reached")
        return "; ".join(done)

    def close(self) -> None:
        """Remove everything."""
        for held in self.sockets.values():
            held.close()
        self.victim.kill()
        self.victim.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Targets:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def bound(family: int, kind: int, address: Any) -> socket.socket:
    """A socket at an address."""
    made = socket.socket(family, kind)
    made.bind(address)
    return made
