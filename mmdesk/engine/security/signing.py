"""The user's own signing key, and the keys of others that were seen before.

The key says *this user on this computer*, no more: it is made on first use, lies readable for its user alone, and
vouches for nothing that somebody with that user's rights could not do too. Others' keys are trusted on first use: the
first time one is met it is named and remembered.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import os
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import orjson
import platformdirs

from mmdesk.engine.core.errors import ResourceError
from mmdesk.engine.core.files import write_atomic
from mmdesk.engine.core.times import format_us, now_us

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

logger = logging.getLogger(__name__)

KEY_NAME = "audit.key"
KNOWN_NAME = "known_keys.json"
_KEY_BYTES = 32

# Where nothing can be kept, work goes on; it is said once in a program's life.
_said: set[str] = set()


def own_key_file() -> Path:
    """Where the user's key lies: 64 hexadecimal digits, mode 0600."""
    return Path(platformdirs.user_config_dir("mmdesk", appauthor=False)) / KEY_NAME


def data_folder() -> Path:
    """Where anchors and known keys are kept, out of every case folder."""
    return Path(platformdirs.user_data_dir("mmdesk", appauthor=False))


def fingerprint(public: str) -> str:
    """A public key, short enough to be read to somebody over the telephone: ``3f2a 9c01 77de 0b64``."""
    return " ".join(public[start : start + 4] for start in range(0, 16, 4))


def say_once(message: str, *arguments: object) -> None:
    """A warning in the log file, the first time."""
    if message not in _said:
        _said.add(message)
        logger.warning(message, *arguments)


def own_key() -> Ed25519PrivateKey | None:
    """The user's key, made on first use; ``None`` where it cannot be made or read, which is said once."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    path = own_key_file()
    try:
        secret = _read_or_make(path)
    except (OSError, ValueError) as error:
        say_once("audit anchors are not signed: the key cannot be read or made (%s)", type(error).__name__)
        return None
    return Ed25519PrivateKey.from_private_bytes(secret)


def _read_or_make(path: Path) -> bytes:
    with contextlib.suppress(FileNotFoundError):
        return _parse(path.read_bytes())
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=".tmp-", dir=path.parent)  # mode 0600
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(os.urandom(_KEY_BYTES).hex().encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(temporary, path)  # unlike renaming this never replaces the key that another program made just now
        except FileExistsError:
            pass
        except OSError:  # a drive that knows no links
            temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return _parse(path.read_bytes())


def _parse(data: bytes) -> bytes:
    secret = bytes.fromhex(data.decode("ascii").strip())
    if len(secret) != _KEY_BYTES:
        raise ValueError("not a key")
    return secret


def public_of(key: Ed25519PrivateKey) -> str:
    """The public half as 64 hexadecimal digits."""
    return key.public_key().public_bytes_raw().hex()


@functools.lru_cache(maxsize=64)
def is_signed(public: str, signature: str, data: bytes) -> bool:
    """Whether the holder of the key signed these bytes.

    Args:
        public: 64 hexadecimal digits.
        signature: 128 hexadecimal digits.
        data: What is said to be signed.
    """
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public)).verify(bytes.fromhex(signature), data)
    except (InvalidSignature, ValueError):
        return False
    return True


@dataclass(frozen=True)
class KnownKey:
    """A key that was met before: whose it said to be, with which case, when (ISO 8601, UTC)."""

    actor: str
    case_id: str
    first_seen: str


def known_keys() -> dict[str, KnownKey]:
    """The keys of others by their public half; empty if there are none or the list cannot be read."""
    try:
        document = orjson.loads((data_folder() / KNOWN_NAME).read_bytes())
        return {str(public): KnownKey(**fields) for public, fields in document.items()}
    except (OSError, orjson.JSONDecodeError, AttributeError, TypeError):
        return {}


def remember(public: str, actor: str, case_id: str) -> None:
    """Trust a key from now on; where the list cannot be written it will be met as new again."""
    known = known_keys()
    if public in known:
        return
    known[public] = KnownKey(actor, case_id, format_us(now_us()))
    document = {key: asdict(fields) for key, fields in known.items()}
    try:
        write_atomic(data_folder() / KNOWN_NAME, orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n")
    except ResourceError as error:
        say_once("keys of others cannot be remembered: %s", error.code)
