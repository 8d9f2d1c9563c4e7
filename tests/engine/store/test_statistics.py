"""What the database counts is what a look at every row finds."""

from __future__ import annotations

from sqlalchemy import insert, select, update

from mmdesk.engine.store import statistics
from mmdesk.engine.store.case import Case
from mmdesk.engine.store.tables import Event, Target
from tests.engine.store.rows import fill


def test_counts_are_of_current_rows(case: Case) -> None:
    fill(case)
    with case.write("test.delete", "rows") as connection:
        connection.execute(update(Event).where(Event.id <= 2).values(deleted_us=1))
    with case.read() as connection:
        assert statistics.counts(connection) == {
            "entities": 7,
            "events": 7,
            "interactions": 4,
            "targets": 3,
            "artifacts": 2,
            "links": 2,
            "runs": 1,
            "imports": 2,
        }
        assert statistics.artifact_status(connection) == {"pending": 1, "done": 1, "failed": 0, "incomplete": 1}
        assert (statistics.server_bytes(connection, case.file.schema) > 0) != case.file.is_sqlite


def test_health_of_a_case_with_everything_in_it(case: Case) -> None:
    fill(case)
    with case.read() as connection:
        health = statistics.data_health(connection)
    assert [(item.name, item.missing) for item in health.attributes] == [
        ("age", 4),
        ("city", 3),
        ("known", 4),
        ("joined", 4),
    ]
    assert health.attributes[0].missing_share == 4 / 7
    assert (health.targets, health.positive, health.negative, health.unlabelled) == (3, 1, 1, 1)
    assert (health.y_reg.present, health.y_reg.low, health.y_reg.high, health.y_reg.mean) == (2, -2.5, 1.5, -0.5)
    assert health.y_rank.present == 1
    assert health.splits == {"unused": 1, "none": 1, "train": 1}
    assert (health.first_event_us, health.last_event_us) == (0, 3_000_000)
    assert health.event_types == (("pay", 5), ("call", 4))
    assert (health.events_without_value, health.undated_interactions, health.undated_media) == (1, 1, 1)
    assert health.entities_without_events == 4
    assert health.entities_without_interactions == 4
    assert health.entities_without_media == 6
    assert health.entities_without_targets == 4
    assert health.warnings == (
        "More than half of the entities have no events.",
        "Files that wait for their features to be extracted: 1.",
    )


def test_health_of_an_empty_case(case: Case) -> None:
    with case.read() as connection:
        health = statistics.data_health(connection)
    assert (health.first_event_us, health.targets, health.warnings, health.attributes) == (None, 0, (), ())
    assert (health.y_reg.present, health.y_reg.mean) == (0, None)


def test_one_sided_labels_are_warned_of(case: Case) -> None:
    fill(case)
    with case.write("test.change", "rows") as connection:
        connection.execute(update(Target).values(y_class=1.0))
    with case.read() as connection:
        assert "All labels are the same" in " ".join(statistics.data_health(connection).warnings)
    with case.write("test.change", "rows") as connection:
        connection.execute(update(Target).values(deleted_us=1))
    with case.read() as connection:
        assert "no targets" in " ".join(statistics.data_health(connection).warnings)


def test_many_event_types_are_cut_and_counted(case: Case) -> None:
    fill(case)
    with case.write("test.insert", "rows") as connection:
        connection.execute(
            insert(Event),
            [{"entity_key": 1, "event_type": f"t{n:03d}", "timestamp_us": 0, "row_key": bytes(16)} for n in range(60)],
        )
    with case.read() as connection:
        health = statistics.data_health(connection)
    assert (len(health.event_types), health.other_event_types) == (50, 12)
    assert health.event_types[:3] == (("pay", 5), ("call", 4), ("t000", 1))


def test_rows_that_are_not_current_do_not_count_for_their_entities(case: Case) -> None:
    fill(case)
    with case.read() as connection:
        before = statistics.data_health(connection)
    with case.write("test.delete", "rows") as connection:
        (key,) = connection.execute(select(Event.entity_key).where(Event.event_type == "call").limit(1)).one()
        gone = connection.execute(update(Event).where(Event.entity_key == key).values(deleted_us=1)).rowcount
    with case.read() as connection:
        after = statistics.data_health(connection)
    assert after.entities_without_events == before.entities_without_events + 1
    assert sum(count for _, count in after.event_types) == sum(count for _, count in before.event_types) - gone
    assert after.entities_without_interactions == before.entities_without_interactions
