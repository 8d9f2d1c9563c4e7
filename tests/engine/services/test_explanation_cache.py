"""Explanations that are kept: the same bytes as made anew, never stale, never trusted when damaged."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import update

from mmdesk.engine.core.jobs import JobCancelled, NullContext
from mmdesk.engine.core.types import Head, OnConflict
from mmdesk.engine.dataset import live
from mmdesk.engine.explanation import cache as kept
from mmdesk.engine.explanation import made_by
from mmdesk.engine.explanation.explainer import Explainer
from mmdesk.engine.explanation.explanation import Baseline, to_json
from mmdesk.engine.explanation.looks import Perspective
from mmdesk.engine.features import cache as feature_cache
from mmdesk.engine.services import deletions, explanations, imports, media_imports, runs, table_imports
from mmdesk.engine.services.table_imports import ImportOptions, TableFiles
from mmdesk.engine.store import readers
from mmdesk.engine.store.case import Case
from mmdesk.engine.store.tables import Entity, Event
from tests.engine import case_key
from tests.engine.case_key import KEY, script
from tests.engine.dataset.cases import small_tables
from tests.engine.dataset.filled_cases import layout_media, store
from tests.engine.services.trained_cases import ACTOR, ENTITIES, quick, trained_copy
from tests.engine.tampering import tampering

NAMES = ("e0001", "e0003")
FOUR = ("e0001", "e0002", "e0003", "e0004")


class Counter:
    """Counts the questions that were really answered."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.made = 0
        really = Explainer.explain

        def explain(this: Explainer, questions: Any, **options: Any) -> Any:
            self.made += len(questions)
            return really(this, questions, **options)

        patch.setattr(Explainer, "explain", explain)

    def said(self, folder: Path, names: tuple[str, ...] = NAMES, **options: Any) -> tuple[list[bytes], int]:
        """What is said with the cache, and how many were made for it; it is compared with what is made anew."""
        before = self.made
        found = [to_json(one) for one in explanations.explain_many(folder, "first", names, cached=True, **options)]
        made = self.made - before
        live._kept.clear()  # as another process would
        anew = [to_json(one) for one in explanations.explain_many(folder, "first", names, **options)]
        assert found == anew
        return found, made


@pytest.fixture
def counter(monkeypatch: pytest.MonkeyPatch) -> Counter:
    return Counter(monkeypatch)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return trained_copy(tmp_path / "case")[0]


def entries(folder: Path) -> list[Path]:
    return sorted(path for path in (folder / kept.FOLDER).rglob("*") if path.is_file())


def test_asking_again_makes_nothing(counter: Counter, folder: Path) -> None:
    first, made = counter.said(folder)
    assert made == len(NAMES)
    assert len(entries(folder)) == len(NAMES)
    again, made = counter.said(folder)
    assert (again, made) == (first, 0)
    more, made = counter.said(folder, ("e0005", *NAMES, "e0005"))
    assert made == 2
    assert more[1:3] == first


def test_each_question_has_its_own_answer(counter: Counter, folder: Path) -> None:
    asked: list[dict[str, Any]] = [
        {"head": Head.CLASSIFICATION},
        {"head": Head.REGRESSION},
        {"head": Head.CLASSIFICATION, "as_of_us": 1_607_000_000_000_000},
        {"head": Head.CLASSIFICATION, "perspectives": [Perspective.PEERS]},
        {"head": Head.CLASSIFICATION, "baseline": Baseline.GROUP},
    ]
    one = ("e0003",)
    first = [counter.said(folder, one, **options) for options in asked]
    assert [made for _, made in first] == [1] * len(asked)
    assert len({tuple(said) for said, _ in first}) == len(asked)
    assert [counter.said(folder, one, **options) for options in asked] == [(said, 0) for said, _ in first]


def _import_events(folder: Path) -> None:
    table = folder.parent / "more.csv"
    table.write_text("entity_id,event_type,value,timestamp\ne0001,pay,77.5,2020-09-20\n", encoding="utf-8")
    table_imports.import_tables(folder, TableFiles(events=table), actor=ACTOR)


def _new_file(folder: Path) -> None:
    path = folder.parent / "media" / "e0003" / "note.txt"
    path.parent.mkdir(parents=True)
    path.write_text("a note of her own", encoding="utf-8")
    media_imports.import_media(folder, [path.parent.parent], actor=ACTOR)
    assert media_imports.extract(folder, 1, actor=ACTOR).extracted == 1


def _features_anew(folder: Path) -> None:
    with Case.open(folder, write=True, actor=ACTOR) as case, case.write("features.extract", "artifacts"):
        with case.read() as connection:
            row = readers.artifacts(connection).to_pylist()[0]
        vectors = feature_cache.load(case.files, row["feature_key"], *_shape(case, row["feature_key"]))
        assert vectors is not None
        feature_cache.save(case.files, row["feature_key"], np.asarray(vectors) + 1)


def _shape(case: Case, key: str) -> tuple[int, int]:
    rows, columns = np.load(case.files.path(feature_cache.entry(key)), mmap_mode="r").shape
    return int(rows), int(columns)


def _lose_features(folder: Path) -> None:
    for path in (folder / "feature_cache").glob("*.npy"):
        path.unlink()
    live._kept.clear()


def _delete(folder: Path) -> None:
    deletions.delete_entities(folder, ["e0007"], actor=ACTOR)


def _tamper(folder: Path) -> None:
    with Case.open(folder, write=True, actor=ACTOR) as case, tampering(case) as connection:
        connection.execute(update(Event).values(value=3.25))
    live._kept.clear()


def _income(folder: Path, value: float) -> None:
    table = folder.parent / "income.csv"
    table.write_text(f"entity_id,income\ne0003,{value}\n", encoding="utf-8")
    options = ImportOptions(on_conflict=OnConflict.REPLACE)
    report = table_imports.import_tables(folder, TableFiles(entities=table), options, actor=ACTOR)
    assert report.tables[0].replaced == 1


@pytest.mark.parametrize(
    "change",
    [_import_events, _new_file, _features_anew, _lose_features, _delete, _tamper],
    ids=lambda change: change.__name__.strip("_"),
)
def test_nothing_stale_after_a_change(counter: Counter, folder: Path, change: Callable[[Path], None]) -> None:
    first, _ = counter.said(folder)
    change(folder)
    changed, made = counter.said(folder)
    assert made == len(NAMES)
    assert changed != first
    assert counter.said(folder) == (changed, 0)


def test_nothing_stale_after_an_import_was_taken_back(counter: Counter, folder: Path) -> None:
    _import_events(folder)
    counter.said(folder)
    imports.undo_import(folder, actor=ACTOR)
    assert counter.said(folder)[1] == len(NAMES)
    # What was made before can never be asked for again.
    assert len(entries(folder)) == len(NAMES)


def test_the_same_data_from_elsewhere_are_another_answer(counter: Counter, folder: Path) -> None:
    _income(folder, 55.5)
    first, _ = counter.said(folder)
    _income(folder, 66.5)
    _income(folder, 55.5)
    with Case.open(folder, actor=ACTOR) as case:
        digest = kept.content_digest(live.live_data(case))
    again, made = counter.said(folder)
    assert made == len(NAMES)
    assert again[0] == first[0]
    assert again[1] != first[1]  # it came from another import
    with Case.open(folder, actor=ACTOR) as case:
        assert kept.content_digest(live.live_data(case)) == digest


def test_runs_are_told_apart_and_are_no_change(counter: Counter, folder: Path) -> None:
    first, _ = counter.said(folder)
    other = quick(folder, {"seed": 5}, name="other")
    assert counter.said(folder) == (first, 0)
    before = counter.made
    found = [to_json(one) for one in explanations.explain_many(folder, other.run_id, NAMES, cached=True)]
    assert counter.made - before == len(NAMES)
    assert set(found).isdisjoint(first)
    runs.delete_run(folder, other.run_id, actor=ACTOR)
    assert counter.said(folder) == (first, 0)


def test_looks_are_kept_but_not_what_was_explained_before_a_change(
    counter: Counter, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = [Perspective.COURSE, Perspective.PEERS]
    old = explanations.explain(folder, "first", "e0001", cached=True)
    first = explanations.look(folder, old, looks, cached=True)
    with monkeypatch.context() as patch:
        patch.setattr(explanations, "_perspectives", lambda *_, **__: pytest.fail("it was made again"))
        assert explanations.look(folder, old, looks, cached=True) == first
    assert counter.said(folder, ("e0001",), perspectives=looks) == ([to_json(first)], 0)
    _import_events(folder)
    explanations.look(folder, old, looks, cached=True)
    explanations.explain(folder, "first", "e0001", cached=True)
    explanations.look(folder, old, looks, cached=True)
    assert counter.said(folder, ("e0001",), perspectives=looks)[1] == 1


def test_looks_at_an_account_from_a_group_are_of_that_account(counter: Counter, folder: Path) -> None:
    one = explanations.explain(folder, "first", "e0001", baseline=Baseline.GROUP, cached=True)
    looked = explanations.look(folder, one, [Perspective.PEERS], cached=True)
    assert one.baseline_group is not None
    assert looked.baseline_group == one.baseline_group
    found, made = counter.said(folder, ("e0001",), baseline=Baseline.GROUP, perspectives=[Perspective.PEERS])
    assert (found, made) == ([to_json(looked)], 0)


def test_other_code_makes_anew(counter: Counter, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counter.said(folder)
    monkeypatch.setattr(kept, "made_by", lambda: "another program")
    assert counter.said(folder)[1] == len(NAMES)


def _flip(data: bytes, chance: random.Random) -> bytes:
    place = chance.randrange(len(data))
    return data[:place] + bytes([data[place] ^ (1 << chance.randrange(8))]) + data[place + 1 :]


@pytest.mark.parametrize("seed", range(3))
def test_a_damaged_entry_is_made_anew(counter: Counter, folder: Path, seed: int) -> None:
    first, _ = counter.said(folder, FOUR)
    chance = random.Random(seed)
    whole = entries(folder)
    contents = [path.read_bytes() for path in whole]
    whole[0].write_bytes(_flip(contents[0], chance))
    whole[1].write_bytes(contents[1][: chance.randrange(len(contents[1]))])
    whole[2].write_bytes(contents[3])  # another one's, whole in itself
    assert counter.said(folder, FOUR) == (first, 3)
    assert [path.read_bytes() for path in whole] == contents or case_key.in_use()


def test_what_was_made_before_a_cancellation_is_kept(
    counter: Counter, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "AT_ONCE", 3)
    seven = tuple(f"e{number:04d}" for number in range(1, 8))

    class Impatient(NullContext):
        stop = False

        def check_cancelled(self) -> None:
            if self.stop:
                raise JobCancelled

        def part(self, start: float, end: float) -> Impatient:
            return self

    got: list[Any] = []
    ctx = Impatient()
    with pytest.raises(JobCancelled):
        for one in explanations.explain_many(folder, "first", seven, cached=True, ctx=ctx):
            got.append(one)
            ctx.stop = True
    assert len(entries(folder)) == len(got) == 3
    assert counter.said(folder, seven)[1] == 4


def test_sources_replaced_meanwhile_are_not_what_this_process_runs(
    monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    request.addfinalizer(made_by.made_by.cache_clear)
    before = made_by.made_by()
    made_by.made_by.cache_clear()
    with monkeypatch.context() as patch:
        patch.setattr(made_by, "sha256_file", lambda _path: "another")
        assert made_by.made_by() == before
    made_by.made_by.cache_clear()
    monkeypatch.setattr(metadata, "version", lambda name: "other" if name == "captum" else "as it was")
    other_captum = made_by.made_by()
    made_by.made_by.cache_clear()
    monkeypatch.setattr(metadata, "version", lambda _name: "as it was")
    assert made_by.made_by() != other_captum


@contextmanager
def cache_of(folder: Path) -> Iterator[tuple[kept.ExplanationCache, Any]]:
    """The entries of a case as it is now, and something to keep in them."""
    one = explanations.explain(folder, "first", "e0001")
    with Case.open(folder, actor=ACTOR) as case:
        yield kept.ExplanationCache(case, kept.last_change(case), live.live_data(case), {}), one


def test_there_is_never_more_than_allowed_not_even_in_between(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with cache_of(folder) as (cache, one):
        cache.put("e0001", 0, one)
        size = entries(folder)[0].stat().st_size
        monkeypatch.setattr(kept, "MOST_BYTES", size * 256 * 3 // 2)  # one in each part, and a half
        for moment in range(1, 1_200):
            cache.put("e0001", moment, one)
            if moment % 100 == 0:
                assert sum(path.stat().st_size for path in entries(folder)) <= kept.MOST_BYTES
    assert len(entries(folder)) > 150


def test_what_is_asked_for_stays(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with cache_of(folder) as (cache, one):
        shared = [moment for moment in range(3_000) if cache._name("e0001", moment).split("/")[2] == "00"][:4]
        for age, moment in enumerate(shared[:3]):
            cache.put("e0001", moment, one)
            path = folder / cache._name("e0001", moment)
            os.utime(path, (1_000_000 + age, 1_000_000 + age))
        assert cache.get("e0001", shared[0]) == one
        monkeypatch.setattr(kept, "MOST_BYTES", path.stat().st_size * 256 * 3)
        cache.put("e0001", shared[3], one)
        assert [cache.get("e0001", moment) is not None for moment in shared] == [True, False, False, True]


def test_an_entry_more_looks_only_at_its_part(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with cache_of(folder) as (cache, one):
        for moment in range(600):
            cache.put("e0001", moment, one)
        looked: list[Path] = []
        really = os.scandir

        def scandir(path: Path) -> Any:
            looked.append(path)
            return really(path)

        monkeypatch.setattr(os, "scandir", scandir)
        cache.put("e0002", 0, one)
    assert len(looked) == 1
    assert len(list(looked[0].iterdir())) < 30


def _foreign(folder: Path) -> Path:
    """Folders and files of somebody else."""
    away = folder.parent / "foreign"
    for name in ("photos", "0123456789abcdef"):
        (away / name / "deep").mkdir(parents=True)
        (away / name / "deep" / "one").write_text("not ours")
    return away


def _tree(folder: Path) -> list[tuple[str, bytes]]:
    return sorted((str(path.relative_to(folder)), path.read_bytes()) for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("level", range(3))
def test_behind_a_link_nothing_is_read_written_or_removed(counter: Counter, folder: Path, level: int) -> None:
    counter.said(folder, ("e0001",))
    (entry,) = entries(folder)
    link = entry.parents[2 - level]
    away = _foreign(folder)
    shutil.move(link, away / "moved")
    link.symlink_to(away / "moved" if level else away, target_is_directory=True)
    before = _tree(away)
    for _ in range(2):
        assert counter.said(folder, ("e0001",))[1] == 1
    _import_events(folder)
    counter.said(folder, ("e0001",))
    _delete(folder)
    assert _tree(away) == before


def test_only_what_is_its_own_is_removed(counter: Counter, folder: Path) -> None:
    away = _foreign(folder)
    root = folder / kept.FOLDER
    (root / "of the analyst").mkdir(parents=True)
    (root / "of the analyst" / "note").write_text("keep me")
    (root / ("a" * 16)).symlink_to(away, target_is_directory=True)
    (root / ("b" * 16)).mkdir()
    counter.said(folder, ("e0001",))
    assert (root / "of the analyst" / "note").exists()
    assert not (root / ("b" * 16)).exists()
    assert len(_tree(away)) == 2


def test_a_late_writer_leaves_what_is_newer(counter: Counter, folder: Path) -> None:
    late = explanations.explain_many(folder, "first", FOUR, cached=True)
    next(late)
    _import_events(folder)
    said, made = counter.said(folder)
    assert made == len(NAMES)
    assert len(list(late)) == 3
    assert counter.said(folder) == (said, 0)
    assert len(entries(folder)) == len(NAMES)


@pytest.mark.parametrize("change", [_delete, lambda folder: imports.undo_import(folder, actor=ACTOR)])
def test_nothing_is_left_of_what_was_deleted(folder: Path, change: Callable[[Path], None]) -> None:
    _import_events(folder)
    explanations.explain(folder, "first", "e0007", cached=True)
    assert entries(folder)
    change(folder)
    assert not entries(folder)


def test_opening_explanations_drops_what_was_of_before(folder: Path) -> None:
    explanations.explain(folder, "first", "e0003", cached=True)
    (old,) = (folder / kept.FOLDER).iterdir()
    _import_events(folder)
    explained = explanations.explain_many(folder, "first", [], cached=True)
    assert list(explained) == []
    assert not old.exists()


def test_where_nothing_can_be_written_it_is_made_each_time(counter: Counter, folder: Path) -> None:
    (folder / kept.FOLDER).write_text("in the way")
    first, made = counter.said(folder)
    assert made == len(NAMES)
    assert counter.said(folder) == (first, len(NAMES))


_EXPLAIN = """
import sys
from pathlib import Path
from mmdesk.engine.services import explanations
while True:
    for one in explanations.explain_many(Path(sys.argv[1]), "first", cached=True):
        pass
    import shutil; shutil.rmtree(Path(sys.argv[1]) / "explanation_cache")
"""


@pytest.fixture
def busy(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that writes entries all the time."""
    with subprocess.Popen(script(_EXPLAIN, folder)) as process:
        yield process
        process.kill()


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(12))
def test_killed_at_random_moments(counter: Counter, folder: Path, seed: int) -> None:
    chance = random.Random(seed)
    with subprocess.Popen(script(_EXPLAIN, folder)) as process:
        end = time.monotonic() + 60
        while not entries(folder) and time.monotonic() < end:
            time.sleep(0.01)
        time.sleep(chance.uniform(0, 4))
        process.send_signal(signal.SIGKILL)
        process.wait()
    counter.said(folder, FOUR)
    assert counter.said(folder, FOUR)[1] == 0


@pytest.mark.soak
def test_killed_at_any_moment(counter: Counter, folder: Path, busy: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 60
    while len(entries(folder)) < 5 and time.monotonic() < end:
        time.sleep(0.01)
    busy.send_signal(signal.SIGKILL)
    busy.wait()
    assert counter.said(folder, FOUR)[1] < len(FOUR)
    assert counter.said(folder, FOUR)[1] == 0


def test_an_encrypted_case_leaks_nothing(counter: Counter, tmp_path: Path) -> None:
    folder = tmp_path / "case"
    with Case.create(folder, name="A case", actor=ACTOR, key=KEY) as case:
        store(case, small_tables(ENTITIES), layout_media(ENTITIES))
    quick(folder, name="first")
    first, made = counter.said(folder)
    assert made == len(NAMES)
    assert counter.said(folder) == (first, 0)
    names = [str(path.relative_to(folder)) for path in entries(folder)]
    contents = b"".join(path.read_bytes() for path in entries(folder))
    with Case.open(folder, actor=ACTOR) as case, case.read() as connection:
        known = [
            str(name) for (name,) in connection.execute(Entity.__table__.select().with_only_columns(Entity.entity_id))
        ]
    for secret in (*known, "colour", "income", "associated", "schema_version"):
        assert secret.encode() not in contents
        assert not any(secret in name for name in names)
    # No two of them begin alike, so nothing can be told from what is the same in both.
    assert len({path.read_bytes()[:16] for path in entries(folder)}) == len(NAMES)
    damaged = entries(folder)[0]
    damaged.write_bytes(_flip(damaged.read_bytes(), random.Random(1)))
    assert counter.said(folder) == (first, 1)
