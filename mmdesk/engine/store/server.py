"""Can a case be kept on a PostgreSQL server: tried step by step, so that what fails has a name."""

from __future__ import annotations

import socket
import struct
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from mmdesk.engine.core.errors import UsageError
from mmdesk.engine.core.plurals import counted
from mmdesk.engine.core.types import CheckStatus
from mmdesk.engine.store.case_file import parse_database_url
from mmdesk.engine.store.errors import without_secrets

_TIMEOUT_S = 10
_PORT = 5432
_OLDEST_TRIED = 15
# Source: PostgreSQL, "Message Formats", SSLRequest: its length, then this number; the answer is one byte, S or N.
_SSL_REQUEST = struct.pack("!ii", 8, 80877103)
_ENCRYPTED_ONLY = frozenset({"require", "verify-ca", "verify-full"})


class Step(StrEnum):
    """What is tried, in this order; a step that fails is the last one."""

    ADDRESS = "address"
    NAME = "name resolution"
    REACH = "reaching the server"
    ENCRYPTION = "encryption"
    SIGN_IN = "sign-in"
    DATABASE = "database"
    VERSION = "version"
    RIGHTS = "rights"


@dataclass(frozen=True)
class Tried:
    """How a step ended: what was found in a sentence without password, and what to do about it."""

    step: Step
    status: CheckStatus
    text: str
    hint: str = ""


@dataclass(frozen=True)
class _Place:
    """Where the server is: a host, or a socket's folder of this machine; ``host`` empty = the driver's own choice."""

    host: str
    port: int

    @property
    def is_socket(self) -> bool:
        return self.host.startswith("/")

    @property
    def is_remote(self) -> bool:
        return bool(self.host) and not self.is_socket and self.host not in {"localhost", "127.0.0.1", "::1"}

    def __str__(self) -> str:
        return self.host if self.is_socket else f"{self.host or 'this machine'}, port {self.port}"


def attempt(database_url: str) -> Iterator[Tried]:
    """Try to reach a server, to sign in, and to make a case there; nothing of it stays.

    Args:
        database_url: ``postgresql+psycopg://...``; a password in it is used and not shown.

    Yields:
        Every step as it ends; the first that fails ends it.
    """
    try:
        url = parse_database_url(database_url)
    except UsageError as error:
        yield Tried(Step.ADDRESS, CheckStatus.FAIL, error.message, error.hint)
        return
    for tried in _attempt(url):
        yield tried
        if tried.status is CheckStatus.FAIL:
            return


def _attempt(url: URL) -> Iterator[Tried]:
    place = _place(url)
    offers_encryption = False
    if place.is_socket:
        yield _find_socket(place)
    elif place.host and "," not in place.host:  # several hosts: the driver tries one after the other
        yield _resolve(place)
        offers_encryption, reached = _knock(place)
        yield reached
        if not offers_encryption and url.query.get("sslmode") in _ENCRYPTED_ONLY:
            yield Tried(
                Step.ENCRYPTION,
                CheckStatus.FAIL,
                f"The server at {place} offers no encryption.",
                "Ask its administrator to turn TLS on, or allow a connection without it if the network is yours alone.",
            )
    engine = sa.create_engine(url, poolclass=NullPool, hide_parameters=True, connect_args=_patience(url))
    try:
        try:
            connection = engine.connect()
        except DBAPIError as error:
            yield from _refused(url, place, offers_encryption, error)
            return
        with connection:
            yield _encryption(place, _is_encrypted(connection))
            yield Tried(Step.SIGN_IN, CheckStatus.OK, f"Signed in as {_one(connection, 'SELECT session_user')}.")
            yield _database(connection)
            yield _version(connection)
            yield _rights(connection, url)
    finally:
        engine.dispose()


def _place(url: URL) -> _Place:
    host, port = url.host or url.query.get("host") or "", str(url.port or url.query.get("port") or _PORT)
    return _Place(host if isinstance(host, str) else ",".join(host), int(port) if port.isdigit() else _PORT)


def _patience(url: URL) -> dict[str, Any]:
    return {} if "connect_timeout" in url.query else {"connect_timeout": _TIMEOUT_S}


def _find_socket(place: _Place) -> Tried:
    path = Path(place.host) / f".s.PGSQL.{place.port}"
    if path.exists():
        return Tried(Step.REACH, CheckStatus.OK, f"A server of this machine listens at {path}.")
    hint = "Check that the server runs on this machine, and its folder and port."
    return Tried(Step.REACH, CheckStatus.FAIL, f"No server of this machine listens at {path}.", hint)


def _resolve(place: _Place) -> Tried:
    try:
        found = socket.getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        text = f"Nobody knows a computer named {place.host}."
        hint = "Check the spelling, and that this computer is in the network (or VPN) that knows the name."
        return Tried(Step.NAME, CheckStatus.FAIL, text, hint)
    return Tried(Step.NAME, CheckStatus.OK, f"{place.host} is {found[0][4][0]}.")


def _knock(place: _Place) -> tuple[bool, Tried]:
    """Whether the server offers encryption, and whether there is one."""
    try:
        with socket.create_connection((place.host, place.port), timeout=_TIMEOUT_S) as line:
            line.sendall(_SSL_REQUEST)
            answer = line.recv(1)
    except ConnectionRefusedError:
        text = f"Nothing listens at {place}."
        return False, Tried(Step.REACH, CheckStatus.FAIL, text, "Check the port, and that the server runs.")
    except TimeoutError:
        text = f"No answer from {place} within {_TIMEOUT_S} seconds."
        hint = "Often a firewall is between; ask who looks after the network. Check host and port, too."
        return False, Tried(Step.REACH, CheckStatus.FAIL, text, hint)
    except OSError as error:
        text = f"No way to {place}: {error.strerror or error}."
        return False, Tried(Step.REACH, CheckStatus.FAIL, text, "Check the network, host and port.")
    if answer not in {b"S", b"N"}:
        text = f"What answers at {place} is no PostgreSQL server."
        return False, Tried(Step.REACH, CheckStatus.FAIL, text, f"Check the port; PostgreSQL's own is {_PORT}.")
    return answer == b"S", Tried(Step.REACH, CheckStatus.OK, f"A PostgreSQL server answers at {place}.")


_NO_ENTRY = ("pg_hba.conf",)
_SIGN_IN = ("authentication", "no password supplied", "scram", "is not permitted to log in", "role ")
_NOT_READY = ("starting up", "shutting down", "recovery mode", "too many", "remaining connection slots")
_DATABASE = ("permission denied for database", "not currently accepting connections", "database ")


def _refused(url: URL, place: _Place, offers_encryption: bool, error: DBAPIError) -> Iterator[Tried]:
    """Which step the driver's words mean; it has no numbers for what fails before the connection stands."""
    said = _words(error)
    lower = said.lower()

    def has(parts: tuple[str, ...]) -> bool:
        return any(part in lower for part in parts)

    fail = CheckStatus.FAIL
    if has(("certificate", "ssl error", "sslrootcert", "tls")) and not has(_NO_ENTRY):
        yield Tried(Step.ENCRYPTION, fail, *_distrust(place, url, lower, said))
        return
    if has(_NOT_READY):
        yield Tried(Step.REACH, fail, f"The server takes no connection now: {said}.", "Try again in a minute.")
        return
    if "fatal" not in lower and not has(_SIGN_IN):
        yield Tried(Step.REACH, fail, f"The connection failed: {said}.", "Check the network, host and port.")
        return
    yield _encryption(place, offers_encryption and url.query.get("sslmode") not in {"disable", "allow"})
    if has(_NO_ENTRY):
        text = f"The server lets {url.username or 'this user'} not in from this computer: {said}."
        hint = (
            "Its administrator has to allow user, database and computer in pg_hba.conf; some servers want encryption."
        )
        yield Tried(Step.SIGN_IN, fail, text, hint)
    elif has(_DATABASE) and not has(("authentication",)):
        yield Tried(Step.SIGN_IN, CheckStatus.OK, "The server knows the user.")
        missing = "does not exist" in lower
        text = f"There is no database {url.database} on the server." if missing else f"The database is closed: {said}."
        hint = (
            "Check its name, or ask the administrator to make it." if missing else "Ask its administrator to let you."
        )
        yield Tried(Step.DATABASE, fail, text, hint)
    elif "no password supplied" in lower:
        text = f"The server wants a password of {url.username or 'this user'}."
        yield Tried(Step.SIGN_IN, fail, text, "Give it, or keep it in ~/.pgpass.")
    elif has(("password authentication failed",)):
        text = f"The server does not know {url.username or 'this user'} with this password."
        yield Tried(Step.SIGN_IN, fail, text, "Check user and password; capital letters count.")
    else:
        yield Tried(Step.SIGN_IN, fail, f"The server refused the sign-in: {said}.", "Ask its administrator.")


def _distrust(place: _Place, url: URL, lower: str, said: str) -> tuple[str, str]:
    """What is wrong with the certificate, and what to do."""
    root = url.query.get("sslrootcert")
    if "does not exist" in lower or "could not read root certificate" in lower:
        text = (
            f"There is no certificate of an authority at {root}."
            if root
            else "No certificate of an authority is given."
        )
        return text, "Choose the file with the authority's certificate that the server's administrator gave you."
    if "does not match host name" in lower:
        text = f"The certificate of the server is not for {place.host}."
        return text, "Use the name the certificate was made for. If that is right, somebody else may be answering."
    if "expired" in lower:
        return "The certificate of the server has expired.", "Its administrator has to renew it."
    if "verify failed" in lower or "self-signed" in lower or "self signed" in lower:
        text = f"The certificate of the server is not signed by the authority in {root or 'the default file'}."
        return text, "Get the authority's certificate from the administrator. Somebody else may be answering."
    return f"No encrypted connection: {said}.", "Ask the server's administrator about its TLS."


def _words(error: DBAPIError) -> str:
    """The driver's message on one line, without its own preamble and without a password."""
    text = " ".join(without_secrets(str(error.orig or error)).split())
    _, fatal, rest = text.partition("FATAL: ")
    return f"{fatal}{rest}".rstrip(".! ") if fatal else text.rstrip(".! ")


def _one(connection: Connection, statement: str) -> Any:
    return connection.exec_driver_sql(statement).scalar_one()


def _is_encrypted(connection: Connection) -> bool:
    query = "SELECT coalesce((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false)"
    return bool(_one(connection, query))


def _encryption(place: _Place, encrypted: bool) -> Tried:
    if encrypted:
        return Tried(Step.ENCRYPTION, CheckStatus.OK, "The connection is encrypted.")
    if place.is_remote:
        hint = "Others in the network could read along. Choose encryption with the server's certificate if you can."
        return Tried(Step.ENCRYPTION, CheckStatus.WARN, "The connection is not encrypted.", hint)
    return Tried(Step.ENCRYPTION, CheckStatus.OK, "The connection is not encrypted and stays on this machine.")


def _database(connection: Connection) -> Tried:
    name, encoding = _one(connection, "SELECT current_database()"), _one(connection, "SHOW server_encoding")
    if encoding != "UTF8":
        text = f"The database {name} keeps text as {encoding}, which has not every letter."
        return Tried(Step.DATABASE, CheckStatus.FAIL, text, "Ask for a database with the encoding UTF8.")
    cases = _one(connection, "SELECT count(*) FROM pg_namespace WHERE nspname ~ '^mm_[0-9a-f]{32}$'")
    return Tried(
        Step.DATABASE, CheckStatus.OK, f"The database {name} is there and holds {counted(int(cases), 'case')}."
    )


def _version(connection: Connection) -> Tried:
    version, number = _one(connection, "SHOW server_version"), int(_one(connection, "SHOW server_version_num"))
    if number < _OLDEST_TRIED * 10_000:
        hint = f"mmdesk is tried with {_OLDEST_TRIED} and later; ask for a newer server."
        return Tried(Step.VERSION, CheckStatus.WARN, f"PostgreSQL {version} is older than what is tried.", hint)
    return Tried(Step.VERSION, CheckStatus.OK, f"PostgreSQL {version}.")


def _rights(connection: Connection, url: URL) -> Tried:
    """Make a schema with a table as a case would, and take it back."""
    connection.rollback()
    schema = f"mm_try_{uuid.uuid4().hex}"
    try:
        with connection.begin() as trial:
            connection.exec_driver_sql(f'CREATE SCHEMA "{schema}"')
            connection.exec_driver_sql(f'CREATE TABLE "{schema}".trial (id bigint PRIMARY KEY)')
            trial.rollback()
    except DBAPIError as error:
        state = getattr(error.orig, "sqlstate", None)
        if state == "25006":
            text = "The server takes no changes: it is a copy of another one, or set to reading only."
            return Tried(Step.RIGHTS, CheckStatus.FAIL, text, "Use the address of the server that is written to.")
        if state == "42501":
            text = f"{url.username or 'This user'} may not make a case in the database {url.database}."
            grant = f'GRANT CREATE ON DATABASE "{url.database}" TO "{url.username}"'
            return Tried(Step.RIGHTS, CheckStatus.FAIL, text, f"Ask its administrator for: {grant}")
        text = f"No case can be made there: {_words(error)}."
        return Tried(Step.RIGHTS, CheckStatus.FAIL, text, "Ask the server's administrator.")
    return Tried(Step.RIGHTS, CheckStatus.OK, "A case can be made here; it was tried and taken back.")
