"""Where the replies of a run lie: where the configuration says, in the run, or beside it if its disk is a network's."""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path

from remud_gen.config import Config
from remud_gen.rules.late import compile_late

NAME = "replies.sqlite"
MOUNTS = Path("/proc/self/mounts")
# File systems on which SQLite's write-ahead log is not safe: it is memory that all writers share.
NETWORK = compile_late(
    r"(nfs|nfs4|cifs|smb3?|smbfs|afs|9p|ceph|glusterfs|lustre|beegfs|gpfs|pvfs2|orangefs|ocfs2|davfs|virtiofs|fuse\..+)$"
)
ESCAPE = compile_late(r"\\([0-7]{3})")


def find_store(config: Config, run: Path) -> Path:
    """The reply store of a run; the same for every command, whether it exists or not."""
    if config.runner.replies is not None:
        return config.runner.replies
    inside = run / NAME
    if inside.exists() or find_network_disk(run) is None:
        return inside
    name = hashlib.sha256(str(run.resolve()).encode("utf-8", "surrogateescape")).hexdigest()[:16]
    return _find_state_folder() / "remud-gen" / f"replies-{name}.sqlite"


def find_network_disk(path: Path) -> str | None:
    """The kind of network file system a path lies on; None on a local one, and where the system does not tell."""
    try:
        lines = MOUNTS.read_text("utf-8", "surrogateescape").splitlines()
    except OSError:
        return None
    place, best, kind = path.resolve(), Path("/"), ""
    for line in lines:
        fields = line.split(" ")
        if len(fields) < 3:
            continue
        mount = Path(ESCAPE.sub(lambda found: chr(int(found[1], 8)), fields[1]))
        if place.is_relative_to(mount) and len(mount.parts) >= len(best.parts):
            best, kind = mount, fields[2]
    return kind if NETWORK.match(kind) else None


def _find_state_folder() -> Path:
    """Where this system's programs keep what is no cache and no document."""
    told = os.environ.get("LOCALAPPDATA" if sys.platform == "win32" else "XDG_STATE_HOME")
    return Path(told) if told else Path.home() / ".local" / "state"
