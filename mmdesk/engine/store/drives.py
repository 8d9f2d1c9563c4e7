"""Whether a folder lies on a drive of another machine, where file locks and shared memory cannot be relied on."""

from __future__ import annotations

import os
from pathlib import Path

import psutil

_REMOTE_KINDS = ("nfs", "cifs", "smb", "afp", "webdav", "davfs", "fuse.sshfs", "fuse.rclone", "9p", "ncpfs", "afs")
_WINDOWS_REMOTE_DRIVE = 4  # DRIVE_REMOTE. Source: Windows API, GetDriveType


def on_network(folder: Path) -> bool:
    """Whether ``folder`` is on a network drive; ``False`` where that cannot be told."""
    real = Path(os.path.realpath(folder))
    if os.name == "nt":
        return _windows_remote(real)
    mounts = [
        (len(part.mountpoint), part.fstype)
        for part in psutil.disk_partitions(all=True)
        if real == Path(part.mountpoint) or Path(part.mountpoint) in real.parents
    ]
    return bool(mounts) and max(mounts)[1].lower().startswith(_REMOTE_KINDS)


def _windows_remote(real: Path) -> bool:
    if str(real).startswith("\\\\"):
        return True
    import ctypes

    kernel = getattr(ctypes, "windll").kernel32  # noqa: B009 - exists on Windows only
    return bool(kernel.GetDriveTypeW(real.anchor) == _WINDOWS_REMOTE_DRIVE)
