"""One way to change a case: nobody but the store opens a database, and nothing but the gateway opens it for writing.

What a look at the sources cannot see is refused by the databases themselves (``tests/engine/store/test_case.py``).
"""

from __future__ import annotations

import ast
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import pytest

pytestmark = pytest.mark.xdist_group("gateway")  # in one worker, so that the sources are read once

ROOT = Path(__file__).resolve().parents[2]
STORE = "mmdesk/engine/store/"

# Whoever is named here appends an entry to the log in the transaction that it opens.
WRITERS = {
    "case.py",  # Case.write
    "case_setup.py",  # a new case, or none at all
    "migrate.py",  # the transaction of backup.migrate_with_backup and of case_setup
    "sqlite_backup.py",  # restore
    "postgres_backup.py",  # restore
}
USES = {
    "for_writing": WRITERS,
    "migrating": {"backup.py", "case_setup.py"},
    "open_sqlite": {"database.py", "sqlite_backup.py"},
    "sqlite_engine": {"sqlite_backup.py", "case_setup.py"},
    "postgres_engine": {"postgres_backup.py", "case_setup.py"},
    "engine_for": {"case.py", "case_setup.py", "backup.py"},
    "create_engine": {"database.py", "server.py"},
}
DRIVERS = {"sqlite3": set[str](), "sqlcipher3": {"database.py", "errors.py"}, "psycopg": set[str]()}


@dataclass
class Sources:
    """What one module names, imports, spells out in strings, and whether it takes the engine out of a case."""

    names: set[str] = field(default_factory=set)
    imported: set[str] = field(default_factory=set)
    texts: set[str] = field(default_factory=set)
    takes_engine: bool = False


def _read(path: Path) -> Sources:
    found = Sources()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Name(id=name):
                found.names.add(name)
            case ast.Attribute(value=owner, attr=name):
                found.names.add(name)
                found.takes_engine |= name == "engine" and isinstance(owner, ast.Name) and owner.id in {"self", "case"}
            case ast.Constant(value=str(text)):
                found.texts.add(text)
            case ast.Import(names=aliases):
                found.names |= {alias.name for alias in aliases}
                found.imported |= {alias.name.partition(".")[0] for alias in aliases}
            case ast.ImportFrom(module=module, names=aliases):
                found.names |= {alias.name for alias in aliases}
                found.imported |= {module.partition(".")[0]} if module else set()
    return found


@pytest.fixture(scope="module")
def modules() -> dict[str, Sources]:
    """Every module of ours by its path from the root."""
    return {path.relative_to(ROOT).as_posix(): _read(path) for path in sorted((ROOT / "mmdesk").rglob("*.py"))}


def test_only_the_store_opens_a_database_and_only_the_gateway_for_writing(modules: dict[str, Sources]) -> None:
    found = defaultdict(set)
    for name, module in modules.items():
        for used in module.names & set(USES):
            found[used].add(name)
    allowed = {used: {STORE + name for name in names} for used, names in USES.items()}
    assert {used: names - allowed[used] for used, names in found.items() if names - allowed[used]} == {}
    assert {used: names - found[used] for used, names in allowed.items() if names - found[used]} == {}, "list is stale"


def test_nobody_else_talks_to_a_database_driver(modules: dict[str, Sources]) -> None:
    for driver, names in DRIVERS.items():
        users = {name for name, module in modules.items() if driver in module.imported}
        assert users == {STORE + name for name in names}


def test_nobody_takes_the_engine_out_of_an_open_case(modules: dict[str, Sources]) -> None:
    assert {name for name, module in modules.items() if module.takes_engine} == {STORE + "case.py"}


def test_the_log_is_written_by_one_module(modules: dict[str, Sources]) -> None:
    """No statement elsewhere names its tables in order to change them."""
    writes = ("INSERT INTO audit_", "UPDATE audit_", "DELETE FROM audit_")
    found = {name for name, module in modules.items() if any(part in text for text in module.texts for part in writes)}
    kept_by_server = "migrations/versions/v0002_log_kept_by_the_server.py"
    assert found == {"mmdesk/engine/security/audit.py", STORE + kept_by_server}
