import logging
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assay.store import Records, Store
from pipelines.errors import UserError


def start(script: str, *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", script, *arguments], stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[3]
    )


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
keys = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.dictionaries(keys, json_values, max_size=5), max_size=4), st.lists(keys, max_size=3))
def test_behaves_like_a_dictionary(
    tmp_path_factory: pytest.TempPathFactory, batches: list[dict[str, object]], absent: list[str]
) -> None:
    records, model = Store(tmp_path_factory.mktemp("store")).records("answers"), dict[str, object]()
    for batch in batches:
        records.put_many(batch)
        model.update(batch)
    asked = [*model, *absent]
    assert records.get_many(asked) == {key: model[key] for key in asked if key in model}
    assert records.corrupted == 0


def test_more_keys_than_one_query_holds(tmp_path: Path) -> None:
    records = Store(tmp_path).records("answers")
    values = {f"key {number}": number for number in range(1203)}
    records.put_many(values)
    assert records.get_many([*values, "absent"]) == values


def test_nothing_asked_touches_nothing(tmp_path: Path) -> None:
    records = Store(tmp_path / "store").records("answers")
    assert records.get_many([]) == {}
    records.put_many({})
    assert not (tmp_path / "store").exists()


def test_a_batch_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    records = Store(tmp_path).records("answers")
    with pytest.raises(ValueError, match="JSON"):
        records.put_many({"good": 1, "bad": float("nan")})
    with pytest.raises(TypeError):
        records.put_many({"good": 1, "bad": object()})
    assert records.get_many(["good", "bad"]) == {}


@pytest.mark.parametrize("name", ["../x", "a/b", ""])
def test_a_name_cannot_leave_the_store(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="name"):
        Store(tmp_path).records(name)


def test_a_damaged_row_is_dropped_and_reported(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    records = Store(tmp_path).records("answers")
    records.put_many({"a": "right", "b": "right"})
    with sqlite3.connect(records.path) as connection:
        connection.execute("UPDATE records SET value = ? WHERE key = ?", (b'"wrong"', b"a"))
    connection.close()
    with caplog.at_level(logging.WARNING):
        assert records.get_many(["a", "b"]) == {"b": "right"}
    assert records.corrupted == 1
    assert "1 damaged rows dropped" in caplog.text
    records.put_many({"a": "again"})
    assert records.get_many(["a", "b"]) == {"a": "again", "b": "right"}


def test_a_value_moved_to_another_key_is_damage(tmp_path: Path) -> None:
    records = Store(tmp_path).records("answers")
    records.put_many({"a": 1})
    with sqlite3.connect(records.path) as connection:
        connection.execute("UPDATE records SET key = ?", (b"b",))
    connection.close()
    assert records.get_many(["b"]) == {}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_damaged_bytes_never_give_a_wrong_value(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    records = Store(tmp_path_factory.mktemp("store")).records("answers")
    values = {f"key {number}": {"text": f"answer {number} " * 20} for number in range(60)}
    records.put_many(values)
    raw = bytearray(records.path.read_bytes())
    # Half of the damage goes to the header and the schema page, where it hurts most.
    places = data.draw(st.lists(st.integers(0, 600) | st.integers(0, len(raw) - 1), min_size=1, max_size=20))
    for place in places:
        raw[place] = data.draw(st.integers(0, 255))
    if data.draw(st.booleans()):
        del raw[data.draw(st.integers(0, len(raw) - 1)) :]
    records.path.write_bytes(raw)
    records = Records(records.path)  # as another process would
    found = records.get_many(values)
    assert found.items() <= values.items()
    records.put_many(values)
    assert records.get_many(values) == values


def test_a_header_that_says_read_only_is_damage(tmp_path: Path) -> None:
    records = Store(tmp_path).records("answers")
    records.put_many({"a": 1})
    raw = bytearray(records.path.read_bytes())
    raw[18] = 3  # the version that may write this file; SQLite reads files of a later one
    records.path.write_bytes(raw)
    records = Records(records.path)
    records.put_many({"b": 2})
    assert records.get_many(["b"]) == {"b": 2}


def test_a_file_that_is_no_database_is_moved_aside(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    records = Store(tmp_path).records("answers")
    records.path.parent.mkdir(parents=True)
    records.path.write_bytes(b"this is no database " * 500)
    with caplog.at_level(logging.WARNING):
        assert records.get_many(["a"]) == {}
    assert "moved to answers.sqlite.corrupt-" in caplog.text
    (aside,) = records.path.parent.glob("answers.sqlite.corrupt-*")
    assert aside.read_bytes().startswith(b"this is no database")
    records.put_many({"a": 1})
    assert records.get_many(["a"]) == {"a": 1}


def test_records_below_a_file_are_one_line_for_the_user(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot be written"):
        Store(tmp_path / "file").records("answers").put_many({"a": 1})


WRITER = """
import sys
from pathlib import Path
from assay.store import Records

records, worker = Records(Path(sys.argv[1])), int(sys.argv[2])
for number in range(20):
    records.put_many({f"{worker}-{number}-{item}": [worker, number, item] for item in range(5)} | {"shared": 1})
    assert records.get_many(["shared"]) == {"shared": 1}
"""


def test_concurrent_processes_lose_nothing(tmp_path: Path) -> None:
    records = Store(tmp_path).records("answers")
    workers = [start(WRITER, str(records.path), str(number)) for number in range(3)]
    for worker in workers:
        worker.communicate(timeout=60)
    assert [worker.returncode for worker in workers] == [0] * 3
    expected = {f"{w}-{n}-{i}": [w, n, i] for w in range(3) for n in range(20) for i in range(5)}
    assert records.get_many(expected) == expected


KILLED = """
import sys
from itertools import count
from pathlib import Path
from assay.store import Store

records = Store(Path(sys.argv[1])).records("answers")
for number in count():
    records.put_many({f"{number}-{item}": "x" * 200 for item in range(50)})
    print(number, flush=True)
"""


def test_committed_batches_survive_a_killed_writer(tmp_path: Path) -> None:
    writer = start(KILLED, str(tmp_path))
    assert writer.stdout is not None
    for _ in range(15):
        committed = int(writer.stdout.readline())
    writer.send_signal(signal.SIGKILL)
    rest, _ = writer.communicate()
    committed = max([committed, *map(int, rest.split())])
    records = Store(tmp_path).records("answers")
    wanted = [f"{number}-{item}" for number in range(committed + 1) for item in range(50)]
    assert records.get_many(wanted) == dict.fromkeys(wanted, "x" * 200)
    unfinished = len(records.get_many([f"{committed + 1}-{item}" for item in range(50)]))
    assert unfinished in (0, 50), "a batch is there whole or not at all"
