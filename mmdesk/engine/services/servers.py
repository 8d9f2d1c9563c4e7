"""PostgreSQL servers: their addresses in parts, trying them step by step, and passwords for as long as mmdesk runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from sqlalchemy.engine import URL

from mmdesk.engine.core.jobs import NULL_CONTEXT, JobContext
from mmdesk.engine.core.types import CheckStatus
from mmdesk.engine.store import case_file as mmcase
from mmdesk.engine.store.database import remember_password
from mmdesk.engine.store.server import Step, Tried, attempt

__all__ = ["CheckStatus", "Encryption", "ServerAddress", "Step", "Tried", "read_address", "remember", "try_server"]


class Encryption(StrEnum):
    """How much a connection wants of TLS, in the driver's words."""

    PREFERRED = "prefer"
    """Encrypted where the server offers it; nobody's certificate is looked at."""
    REQUIRED = "require"
    """Encrypted or not at all; nobody's certificate is looked at."""
    VERIFIED = "verify-full"
    """Encrypted, and the server proves by a certificate that it is the one that was asked for."""


@dataclass(frozen=True)
class ServerAddress:
    """Where the tables of a case are, in parts.

    Args:
        host: A name, a number, or the folder of a socket of this machine (starts with ``/``).
        port: None = PostgreSQL's own.
        database: Its name.
        user: Empty = as the system calls the user.
        password: Empty = as ``~/.pgpass`` or PGPASSWORD says, or none. Never shown and never stored.
        encryption: See :class:`Encryption`.
        certificate: File with the certificate of the authority that signed the server's; for ``VERIFIED`` only.
    """

    host: str
    port: int | None
    database: str
    user: str = ""
    password: str = field(default="", repr=False)
    encryption: Encryption = Encryption.PREFERRED
    certificate: str = ""

    def url(self) -> str:
        """As one line, with the password."""
        query: dict[str, str] = {"sslmode": self.encryption.value}
        if self.encryption is Encryption.VERIFIED and self.certificate:
            query["sslrootcert"] = self.certificate
        is_socket = self.host.startswith("/")
        if is_socket:
            query = {"host": self.host}
        return URL.create(
            "postgresql+psycopg", self.user or None, self.password or None, None if is_socket else self.host or None,
            self.port, self.database, query,
        ).render_as_string(hide_password=False)  # fmt: skip


def read_address(text: str) -> ServerAddress:
    """The parts of an address that was pasted as one line.

    Raises:
        UsageError: Not the address of a PostgreSQL database.
    """
    url = mmcase.parse_database_url(text.strip())

    def asked(name: str) -> str:
        value = url.query.get(name, "")
        return value if isinstance(value, str) else ",".join(value)

    modes = {mode.value: mode for mode in Encryption} | {"verify-ca": Encryption.VERIFIED}
    return ServerAddress(
        host=url.host or asked("host"),
        port=url.port,
        database=url.database or "",
        user=url.username or "",
        password=url.password or asked("password"),
        encryption=modes.get(asked("sslmode"), Encryption.PREFERRED),
        certificate=asked("sslrootcert"),
    )


def try_server(
    database_url: str, *, on_step: Callable[[Tried], object] | None = None, ctx: JobContext = NULL_CONTEXT
) -> tuple[Tried, ...]:
    """Try to make a case on a server, step by step; nothing of it stays.

    Args:
        database_url: With its password.
        on_step: Told of every step as it ends.
        ctx: Cancelling, between the steps.

    Returns:
        The steps up to the first that failed.
    """
    found: list[Tried] = []
    for tried in attempt(database_url):
        ctx.check_cancelled()
        found.append(tried)
        if on_step is not None:
            on_step(tried)
    return tuple(found)


def remember(folder: Path, password: str) -> None:
    """Use this password for the server of a case, in this process and until it ends.

    Raises:
        UsageError: There is no case.
        CaseFaultError: Its description is damaged or newer.
    """
    file = mmcase.load(mmcase.locate(folder))
    if not file.is_sqlite:
        remember_password(mmcase.parse_database_url(file.database_url).set(password=password))
