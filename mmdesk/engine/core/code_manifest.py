"""What the code of a feature or a training is, as a hash that source and frozen program agree on.

*Code* is the syntax tree without docstrings and comments, so reformatting changes nothing. A frozen program has no
sources, so the hashes are listed in ``code_manifest.json``, which ships with the package; a test keeps it fresh and
``python -m mmdesk.engine.core.code_manifest`` writes it anew.
"""

from __future__ import annotations

import ast
import functools
import json
from pathlib import Path

from mmdesk.engine.core.hashing import sha256_bytes, sha256_json

_ENGINE = Path(__file__).resolve().parents[1]
MANIFEST_FILE = Path(__file__).with_name("code_manifest.json")

GROUPS: dict[str, tuple[str, ...]] = {
    # What decides the bytes of a feature vector.
    "features": ("features",),
    # What decides the bytes of a model: batching, network, loss and loop.
    "training": ("dataset", "model", "training"),
}
"""Group name -> folders of the engine whose code belongs to it."""


def _tree(node: object) -> object:
    """The node as nested lists; empty fields are left out because newer Pythons add such fields to old nodes."""
    if isinstance(node, ast.AST):
        fields = []
        for name, value in ast.iter_fields(node):
            if name in {"type_comment", "kind"} or value is None or value == []:
                continue
            if name == "body" and isinstance(value, list) and _has_docstring(node):
                value = value[1:]  # noqa: PLW2901
            fields.append([name, _tree(value)])
        return [type(node).__name__, fields]
    if isinstance(node, list):
        return [_tree(item) for item in node]
    return repr(node)


def _has_docstring(node: ast.AST) -> bool:
    holders = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    return isinstance(node, holders) and ast.get_docstring(node, clean=False) is not None


def syntax_hash(source: str) -> str:
    """SHA-256 of the syntax tree of ``source``, without docstrings, comments and layout."""
    return sha256_json(_tree(ast.parse(source)))


def compute() -> dict[str, dict[str, str]]:
    """The manifest from the sources: group -> file relative to the engine -> hash."""
    return {
        group: {
            path.relative_to(_ENGINE).as_posix(): syntax_hash(path.read_text(encoding="utf-8"))
            for folder in folders
            for path in sorted((_ENGINE / folder).rglob("*.py"))
        }
        for group, folders in GROUPS.items()
    }


@functools.cache
def code_hash(group: str, *prefixes: str) -> str:
    """The hash of a group's code as listed in the packaged manifest.

    Args:
        group: A key of :data:`GROUPS`.
        prefixes: Only files whose path (``"features/image_features.py"``) starts with one of these; all if none.

    Raises:
        KeyError: No such group.
    """
    files = json.loads(MANIFEST_FILE.read_text(encoding="utf-8"))[group]
    chosen = {name: value for name, value in files.items() if not prefixes or name.startswith(prefixes)}
    return sha256_bytes(json.dumps(chosen, sort_keys=True).encode())


if __name__ == "__main__":
    MANIFEST_FILE.write_text(json.dumps(compute(), indent=1, sort_keys=True) + "\n", encoding="utf-8")
