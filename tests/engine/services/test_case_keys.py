"""Keys as people write them down and keep them in files."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmdesk.engine.core.errors import ResourceError, UsageError
from mmdesk.engine.core.key_digits import parse_key, problem_of
from mmdesk.engine.services import case_keys, cases
from mmdesk.engine.store import keys
from mmdesk.engine.store.case import Case
from mmdesk.engine.store.errors import CaseFaultError
from tests.engine.case_key import KEY


@given(
    st.binary(min_size=32, max_size=32), st.sampled_from(["", " ", ":", "-", "\n"]), st.integers(1, 8), st.booleans()
)
def test_a_key_reads_back_however_it_is_grouped(key: bytes, between: str, size: int, large: bool) -> None:
    written = key.hex(between, size) if between else key.hex()
    assert parse_key(f"  {written.upper() if large else written}\n") == key


@pytest.mark.parametrize(
    ("text", "problem"),
    [("", "these are 0"), ("ab" * 31, "these are 62"), ("0x" + "ab" * 31, "'x' is no digit"), ("ä", "'ä' is no")],
)
def test_what_is_no_key_is_said(text: str, problem: str) -> None:
    assert problem in problem_of(text)
    with pytest.raises(UsageError, match=problem) as refused:
        parse_key(text)
    assert refused.value.code == "usage.key"


def test_a_file_holds_a_key_as_bytes_or_as_text(tmp_path: Path) -> None:
    for content in (KEY, KEY.hex().encode(), KEY.hex(" ", 2).encode() + b"\r\n"):
        (tmp_path / "key").write_bytes(content)
        assert case_keys.read_key_file(tmp_path / "key") == KEY.hex()
    for wrong in (b"", KEY[:-1], KEY.hex().encode() + b"0", b" " * 5000 + KEY.hex().encode(), bytes(range(256))):
        (tmp_path / "key").write_bytes(wrong)
        with pytest.raises(UsageError, match="key holds no key"):
            case_keys.read_key_file(tmp_path / "key")
    with pytest.raises(ResourceError):
        case_keys.read_key_file(tmp_path / "gone")


def test_a_case_is_unlocked_for_this_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Case.create(tmp_path / "case", actor="tester", key=KEY):
        pass
    monkeypatch.setattr(keys, "_known", {})
    for wrong, code in ((bytes(32), "store.wrong_key"), (b"short", "usage.key")):
        with pytest.raises((CaseFaultError, UsageError)) as refused:
            case_keys.unlock(tmp_path / "case", wrong)
        assert refused.value.code == code
        with pytest.raises(CaseFaultError, match="no key was given"):
            cases.case_info(tmp_path / "case")
    case_keys.unlock(tmp_path / "case" / "case.mmcase", KEY)
    assert cases.case_info(tmp_path / "case").encrypted


def test_a_folder_that_holds_something_is_refused_before_a_key_is_written(tmp_path: Path) -> None:
    (tmp_path / "busy").mkdir()
    (tmp_path / "busy" / "report.odt").touch()
    # Nothing can be written there: had that been tried first, it would be what is complained of.
    nowhere = tmp_path / "no folder" / "case.key"
    with pytest.raises(UsageError, match="is not empty"), case_keys.new_key(nowhere, tmp_path / "busy"):
        pytest.fail("no case can be made there")
    with pytest.raises(ResourceError), case_keys.new_key(nowhere, tmp_path / "case"):
        pytest.fail("there is no key to make it with")
