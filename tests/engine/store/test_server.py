"""A server is tried step by step, and each step fails once for real."""

from __future__ import annotations

import datetime as dt
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy.engine import make_url

from mmdesk.engine.core.types import CheckStatus
from mmdesk.engine.services.servers import Encryption, ServerAddress, read_address, remember, try_server
from mmdesk.engine.store import database
from mmdesk.engine.store.case import Case
from mmdesk.engine.store.server import Step, Tried, attempt
from tests.engine.conftest import drop_schema


def last(url: str) -> Tried:
    """The step it ends with; those before it did not fail."""
    found = list(attempt(url))
    order = list(Step)
    assert [order.index(tried.step) for tried in found] == sorted(order.index(tried.step) for tried in found)
    assert all(tried.status is not CheckStatus.FAIL for tried in found[:-1])
    assert (found[-1].status is CheckStatus.FAIL) <= bool(found[-1].hint)
    return found[-1]


def failed(url: str, step: Step, *words: str) -> Tried:
    found = last(url)
    assert (found.step, found.status) == (step, CheckStatus.FAIL), found
    for word in words:
        assert word in f"{found.text} {found.hint}", found
    return found


def at(port: int, **query: str) -> str:
    more = "&".join(f"{name}={value}" for name, value in query.items())
    return f"postgresql+psycopg://ana:s3cret@127.0.0.1:{port}/cases?{more}"


@contextmanager
def listening(answer: bytes, context: ssl.SSLContext | None = None) -> Iterator[int]:
    """Something that answers the driver's first question; the port."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                line, _ = server.accept()
            except OSError:
                return
            with line:
                line.settimeout(5)
                line.recv(8)
                line.sendall(answer)
                if context is not None:
                    try:
                        context.wrap_socket(line, server_side=True).close()
                    except (OSError, ssl.SSLError):
                        continue

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield server.getsockname()[1]
    finally:
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        thread.join()


def certificate(folder: Path, name: str) -> Path:
    """A self-signed certificate with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / f"{name}.pem"
    plain = serialization.NoEncryption()
    pem = serialization.Encoding.PEM
    file.write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain) + made.public_bytes(pem))
    return file


def test_what_is_no_address_is_said() -> None:
    failed("mysql://host/db", Step.ADDRESS, "postgresql+psycopg://")


def test_an_unknown_name_is_the_step_that_fails() -> None:
    failed("postgresql://ana@no-such-host.invalid/cases", Step.NAME, "no-such-host.invalid", "spelling")


def test_nobody_there_something_else_there_and_a_missing_socket(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        free = taken.getsockname()[1]
    failed(at(free), Step.REACH, f"Nothing listens at 127.0.0.1, port {free}")
    with listening(b"HTTP/1.1 400 Bad Request\r\n") as port:
        failed(at(port), Step.REACH, "no PostgreSQL server", "5432")
    failed(f"postgresql://ana@/cases?host={tmp_path}", Step.REACH, ".s.PGSQL.5432", "runs on this machine")


def test_no_encryption_and_each_wrong_certificate_is_named(tmp_path: Path) -> None:
    with listening(b"N") as port:
        found = failed(at(port, sslmode="verify-full"), Step.ENCRYPTION, "offers no encryption")
        assert "s3cret" not in found.text
    wanted, other = certificate(tmp_path, "localhost"), certificate(tmp_path, "other.example")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(wanted)
    with listening(b"S", context) as port:
        url = at(port, sslmode="verify-full", sslrootcert=str(other)).replace("127.0.0.1", "localhost")
        failed(url, Step.ENCRYPTION, "not signed by the authority")
        url = at(port, sslmode="verify-full", sslrootcert=str(wanted))
        failed(url, Step.ENCRYPTION, "not for 127.0.0.1")
        url = at(port, sslmode="verify-full", sslrootcert=str(tmp_path / "gone.pem"))
        failed(url, Step.ENCRYPTION, "gone.pem", "Choose the file")


@pytest.mark.postgres
def test_a_real_server_passes_every_step_and_nothing_stays(postgres_url: str) -> None:
    found = {tried.step: tried for tried in attempt(postgres_url)}
    assert set(found) == set(Step) - {Step.ADDRESS, Step.NAME}
    assert all(tried.status is CheckStatus.OK for tried in found.values()), found
    assert "taken back" in found[Step.RIGHTS].text
    engine = sa.create_engine(postgres_url)
    with engine.connect() as connection:
        left = connection.exec_driver_sql("SELECT count(*) FROM pg_namespace WHERE nspname ~ '^mm_try'")
        assert left.scalar_one() == 0
    engine.dispose()


@pytest.fixture
def signing_in(postgres_url: str) -> Iterator[str]:
    """The address of a user who needs a password, on the shared server."""
    engine = sa.create_engine(postgres_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql("CREATE ROLE ana LOGIN PASSWORD 's3cret'")
        connection.exec_driver_sql("REVOKE CREATE ON DATABASE postgres FROM PUBLIC")
        connection.exec_driver_sql("CREATE DATABASE closed")
        connection.exec_driver_sql("REVOKE CONNECT ON DATABASE closed FROM PUBLIC")
        connection.exec_driver_sql("CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'")
        rules = Path(connection.exec_driver_sql("SHOW hba_file").scalar_one())
        before = rules.read_text()
        rules.write_text(f"local all ana scram-sha-256\nlocal all stranger reject\n{before}")
        connection.exec_driver_sql("SELECT pg_reload_conf()")
        yield make_url(postgres_url).set(username="ana", password="s3cret").render_as_string(hide_password=False)
        rules.write_text(before)
        connection.exec_driver_sql("SELECT pg_reload_conf()")
        for statement in ("REVOKE ALL ON DATABASE postgres FROM ana", "DROP DATABASE closed", "DROP DATABASE latin",
                          "DROP ROLE ana"):  # fmt: skip
            connection.exec_driver_sql(statement)
    engine.dispose()


@pytest.mark.postgres
def test_sign_in_database_and_rights_fail_under_their_own_names(signing_in: str) -> None:
    url = make_url(signing_in)

    def as_(username: str = "ana", password: str = "s3cret", database: str = "postgres") -> str:
        changed = url.set(username=username, password=password, database=database)
        return changed.render_as_string(hide_password=False)

    found = failed(as_(password="wrong"), Step.SIGN_IN, "ana", "password")
    assert "wrong" not in found.text
    without = url._replace(password=None).render_as_string(hide_password=False)
    failed(without, Step.SIGN_IN, "wants a password of ana")
    failed(as_(username="stranger"), Step.SIGN_IN, "pg_hba.conf")
    failed(as_(username="nobody"), Step.SIGN_IN, 'role "nobody" does not exist')
    failed(as_(database="none"), Step.DATABASE, "no database none")
    failed(as_(database="closed"), Step.DATABASE, "permission denied")
    failed(as_(database="latin"), Step.DATABASE, "LATIN1", "UTF8")
    failed(signing_in, Step.RIGHTS, 'GRANT CREATE ON DATABASE "postgres" TO "ana"')
    engine = sa.create_engine(url.set(username="postgres"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql("GRANT CREATE ON DATABASE postgres TO ana")
        assert last(signing_in).status is CheckStatus.OK
        connection.exec_driver_sql("ALTER ROLE ana SET default_transaction_read_only = on")
        failed(signing_in, Step.RIGHTS, "takes no changes")
        connection.exec_driver_sql("ALTER ROLE ana RESET default_transaction_read_only")
    engine.dispose()


@pytest.mark.postgres
def test_a_password_is_remembered_for_a_case_and_stored_nowhere(
    tmp_path: Path, signing_in: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mmdesk.engine.core.errors import StoreError

    engine = sa.create_engine(make_url(signing_in).set(username="postgres"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql("GRANT CREATE ON DATABASE postgres TO ana")
    folder = tmp_path / "case"
    with Case.create(folder, database_url=signing_in, actor="tester") as case:
        schema = case.file.schema
    try:
        assert not [file for file in folder.rglob("*") if file.is_file() and b"s3cret" in file.read_bytes()]
        monkeypatch.setattr(database, "_passwords", {})
        with pytest.raises(StoreError) as caught:
            Case.open(folder, actor="tester")
        assert caught.value.code == "store.authentication"
        remember(folder, "s3cret")
        Case.open(folder, actor="tester").close()
    finally:
        drop_schema(make_url(signing_in).set(username="postgres").render_as_string(hide_password=False), schema)
        engine.dispose()


def test_an_address_in_parts_comes_back_from_one_line() -> None:
    for address in (
        ServerAddress("db.example", 5433, "cases", "ana", "p@ss/word", Encryption.VERIFIED, "/etc/ca one.pem"),
        ServerAddress("db.example", None, "cases", "ana", "", Encryption.REQUIRED),
        ServerAddress("/run/postgresql", None, "cases", "ana"),
    ):
        assert read_address(address.url()) == address
        assert "p@ss" not in repr(address)


def test_steps_are_told_as_they_end() -> None:
    told: list[Step] = []
    found = try_server("postgresql://ana@no-such-host.invalid/x", on_step=lambda tried: told.append(tried.step))
    assert told == [tried.step for tried in found] == [Step.NAME]
