"""One way to change a case: nobody but the store opens a database, and nothing but the gateway opens it for writing.

What a look at the sources cannot see is refused by the databases themselves (``tests/engine/store/test_case.py``).
"""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

import pytest

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


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _names(tree: ast.Module) -> set[str]:
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            found.add(node.id)
        elif isinstance(node, ast.Attribute):
            found.add(node.attr)
        elif isinstance(node, ast.alias):
            found.add(node.name)
    return found


def _imported(tree: ast.Module) -> set[str]:
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.partition(".")[0])
    return found


@pytest.fixture(scope="module")
def trees() -> dict[str, ast.Module]:
    """Every module of ours by its path from the root."""
    return {path.relative_to(ROOT).as_posix(): _tree(path) for path in sorted((ROOT / "mmdesk").rglob("*.py"))}


def test_only_the_store_opens_a_database_and_only_the_gateway_for_writing(trees: dict[str, ast.Module]) -> None:
    found = defaultdict(set)
    for name, tree in trees.items():
        for used in _names(tree) & set(USES):
            found[used].add(name)
    allowed = {used: {STORE + name for name in names} for used, names in USES.items()}
    assert {used: names - allowed[used] for used, names in found.items() if names - allowed[used]} == {}
    assert {used: names - found[used] for used, names in allowed.items() if names - found[used]} == {}, "list is stale"


def test_nobody_else_talks_to_a_database_driver(trees: dict[str, ast.Module]) -> None:
    for driver, names in DRIVERS.items():
        assert {name for name, tree in trees.items() if driver in _imported(tree)} == {STORE + name for name in names}


def test_nobody_takes_the_engine_out_of_an_open_case(trees: dict[str, ast.Module]) -> None:
    takers = set()
    for name, tree in trees.items():
        attributes = {ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        if attributes & {"self.engine", "case.engine"}:
            takers.add(name)
    assert takers == {STORE + "case.py"}


def test_the_log_is_written_by_one_module(trees: dict[str, ast.Module]) -> None:
    """No statement elsewhere names its tables in order to change them."""
    writes = ("INSERT INTO audit_", "UPDATE audit_", "DELETE FROM audit_")
    found = {
        name
        for name, tree in trees.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and any(part in node.value for part in writes)
    }
    kept_by_server = "migrations/versions/v0002_log_kept_by_the_server.py"
    assert found == {"mmdesk/engine/security/audit.py", STORE + kept_by_server}
