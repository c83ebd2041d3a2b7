"""An SSH server of this run's own on loopback: Kamal reaches every host by SSH, also the one that it runs on."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ..processes import Failed, run
from ..stage import Stage, free_port

PRIVILEGE_SEPARATION = Path("/run/sshd")  # sshd wants it where root starts it, and the system makes it at boot
LONGEST = 10  # seconds until an SSH server that does not listen counts as broken
CONFIG = """\
ListenAddress 127.0.0.1:{port}
HostKey {folder}/host
AuthorizedKeysFile {folder}/user.pub
ForceCommand {folder}/command
StrictModes no
UsePAM no
PasswordAuthentication no
PermitRootLogin yes
PrintMotd no
PidFile none
MaxStartups 100
"""
# Whoever logs in lives in the run's folder, so that nothing is left in a home.
COMMAND = """\
#!/bin/sh
export HOME={folder} DOCKER_CONFIG={folder}/docker PATH='{path}'
cd {folder} && exec sh -c "$SSH_ORIGINAL_COMMAND"
"""


@dataclass(frozen=True)
class Host:
    """How the server is reached, and the folder that whoever logs in finds as home."""

    user: str
    port: int
    key: Path
    home: Path


def serve(stage: Stage) -> Host:
    """Start a server that ends with the stage. Raises Failed where there is none to start."""
    sshd = shutil.which("sshd") or shutil.which("/usr/sbin/sshd")
    if not sshd:
        raise Failed("Kamal deploys over SSH, and there is no sshd here; install openssh-server, or leave --kamal out.")
    folder = stage.folder / "ssh"
    folder.mkdir()
    for name in ("host", "user"):
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name, cwd=folder)
    host = Host(getpass.getuser(), free_port(), folder / "user", folder)
    (folder / "config").write_text(CONFIG.format(port=host.port, folder=folder))
    command = folder / "command"
    command.write_text(COMMAND.format(folder=folder, path=os.environ["PATH"]))
    command.chmod(0o755)
    if os.geteuid() == 0 and not PRIVILEGE_SEPARATION.exists():
        PRIVILEGE_SEPARATION.mkdir(mode=0o755)
        stage.undo.callback(PRIVILEGE_SEPARATION.rmdir)
    log = folder / "log"
    argv = [sshd, "-D", "-f", str(folder / "config"), "-E", str(log)]
    child = subprocess.Popen(argv, stdin=subprocess.DEVNULL, start_new_session=True)
    stage.undo.callback(child.wait)
    stage.undo.callback(child.terminate)
    until = time.monotonic() + LONGEST
    while not listening(host.port):
        if child.poll() is not None or time.monotonic() > until:
            raise Failed(f"sshd does not listen: {log.read_text().strip() if log.exists() else 'it said nothing'}")
        time.sleep(0.05)
    return host


def listening(port: int) -> bool:
    """Whether somebody listens at a port of loopback."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False
