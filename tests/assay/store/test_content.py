import errno
import json
import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assay.store import Store
from pipelines.errors import UserError

KEY = "ab" * 16
OTHER = "cd" * 16


def writes(files: Mapping[str, bytes], **quantities: float) -> Callable[[Path], Mapping[str, float]]:
    def make(folder: Path) -> Mapping[str, float]:
        for name, data in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(data)
        return quantities

    return make


def start(script: str, *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", script, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[3],
    )


def never(folder: Path) -> Mapping[str, float]:
    raise AssertionError("computed although it was stored")


def test_a_second_compute_is_a_hit_with_the_first_quantities(tmp_path: Path) -> None:
    store = Store(tmp_path)
    made = store.compute(KEY, "index", writes({"a/b.txt": b"x"}, tokens=7))
    found = Store(tmp_path).compute(KEY, "index", never)
    assert (made.hit, found.hit) == (False, True)
    assert found.quantities == made.quantities
    assert found.quantities["tokens"] == 7
    assert found.quantities["seconds"] >= 0
    assert (found.folder / "a/b.txt").read_bytes() == b"x"
    assert (found.content, found.machine) == (made.content, made.machine)


def test_hits_and_misses_are_counted(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for key in (KEY, KEY, OTHER, KEY):
        store.compute(key, "s", writes({}))
    assert (store.hits, store.misses, store.corrupted) == (2, 2, 0)


def test_seconds_that_make_measured_itself_are_kept(tmp_path: Path) -> None:
    assert Store(tmp_path).compute(KEY, "s", writes({}, seconds=12.5)).quantities == {"seconds": 12.5}


def test_identical_output_has_one_content_hash_whatever_the_fingerprint(tmp_path: Path) -> None:
    store = Store(tmp_path)
    one, same = (store.compute(key, "s", writes({"f": b"1"}, n=n)) for key, n in ((KEY, 1), (OTHER, 2)))
    renamed = store.compute("ef" * 16, "s", writes({"g": b"1"}))
    assert one.content == same.content != renamed.content


def test_peek_tells_without_computing(tmp_path: Path) -> None:
    store = Store(tmp_path)
    assert not store.peek(KEY)
    entry = store.compute(KEY, "s", writes({"f": b"12"}))
    assert store.peek(KEY)
    (entry.folder / "f").write_bytes(b"1")
    assert not store.peek(KEY)
    assert store.hits == 0


def test_an_error_in_make_passes_and_leaves_nothing(tmp_path: Path) -> None:
    def fails(folder: Path) -> Mapping[str, float]:
        (folder / "half").write_text("x")
        raise RuntimeError("broken")

    store = Store(tmp_path)
    with pytest.raises(RuntimeError, match="broken"):
        store.compute(KEY, "s", fails)
    assert not store.peek(KEY)
    assert list((tmp_path / "temp").iterdir()) == []
    assert store.compute(KEY, "s", writes({})).hit is False


@pytest.mark.parametrize("name", ["training_args.bin", "x.pkl", "model.pt"])
def test_pickles_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match=name):
        Store(tmp_path).compute(KEY, "s", writes({name: b"x"}))


def test_links_are_refused(tmp_path: Path) -> None:
    def links(folder: Path) -> Mapping[str, float]:
        (folder / "link").symlink_to("/etc/hostname")
        return {}

    with pytest.raises(ValueError, match="link"):
        Store(tmp_path).compute(KEY, "s", links)


def test_nan_is_refused_as_a_quantity(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="JSON"):
        Store(tmp_path).compute(KEY, "s", writes({}, loss=float("nan")))


def test_a_fingerprint_cannot_leave_the_store(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="fingerprint"):
        Store(tmp_path).compute("../../etc", "s", never)


FILES = {"one.npy": b"0123456789" * 30, "sub/two.json": b'{"a": 1}'}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_damage_is_found_and_mended(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    root = tmp_path_factory.mktemp("store")
    made = Store(root).compute(KEY, "s", writes(FILES, seconds=1))
    path = made.folder / data.draw(st.sampled_from(["manifest.json", *FILES]))
    before = path.read_bytes()
    how = data.draw(st.sampled_from(["flip", "cut", "grow", "delete", "stray"]))
    if how == "flip":
        place, bit = data.draw(st.integers(0, len(before) - 1)), data.draw(st.integers(0, 7))
        path.write_bytes(before[:place] + bytes([before[place] ^ 1 << bit]) + before[place + 1 :])
    elif how == "cut":
        path.write_bytes(before[: data.draw(st.integers(0, len(before) - 1))])
    elif how == "grow":
        path.write_bytes(before + b"\n")
    elif how == "delete":
        path.unlink()
    else:
        (made.folder / "stray").write_bytes(b"")
    store = Store(root)
    mended = store.compute(KEY, "s", writes(FILES, seconds=1))
    assert (mended.hit, store.corrupted, store.misses) == (False, 1, 1)
    assert {name: (mended.folder / name).read_bytes() for name in FILES} == FILES
    assert mended.content == made.content
    assert Store(root).compute(KEY, "s", never).hit
    assert list((root / "temp").iterdir()) == []


def test_an_entry_moved_to_another_fingerprint_is_damage(tmp_path: Path) -> None:
    store = Store(tmp_path)
    entry = store.compute(KEY, "s", writes({"f": b"1"}))
    target = tmp_path / "entries" / OTHER[:2]
    target.mkdir()
    entry.folder.rename(target / OTHER)
    assert store.compute(OTHER, "s", writes({"f": b"2"})).hit is False
    assert store.corrupted == 1


def test_large_files_are_hashed_again_when_their_time_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assay.store.entry.LARGE_BYTES", 4)
    store = Store(tmp_path)
    entry = store.compute(KEY, "s", writes({"big": b"0123456789"}))
    (entry.folder / "big").write_bytes(b"9876543210")
    os.utime(entry.folder / "big", ns=(1, 1))
    assert store.compute(KEY, "s", writes({"big": b"0123456789"})).hit is False
    assert store.corrupted == 1


def test_damage_is_reported(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    entry = Store(tmp_path).compute(KEY, "s", writes({"f": b"1"}))
    (entry.folder / "f").unlink()
    with caplog.at_level(logging.WARNING):
        Store(tmp_path).compute(KEY, "s", writes({"f": b"1"}))
    assert KEY in caplog.text
    assert "corrupted" in caplog.text


WRITER = """
import sys
from pathlib import Path
from assay.store import Store

root, key, worker = Path(sys.argv[1]), sys.argv[2], sys.argv[3]

def make(folder):
    (root / f"made-{key}-{worker}").touch()
    (folder / "data").write_bytes(key.encode() * 100_000)
    return {"worker": int(worker)}

print("ready", flush=True)
sys.stdin.readline()
entry = Store(root).compute(key, "s", make)
assert (entry.folder / "data").read_bytes() == key.encode() * 100_000
"""


def test_of_concurrent_processes_one_computes_and_all_read(tmp_path: Path) -> None:
    workers = [start(WRITER, str(tmp_path), key, str(n)) for n, key in enumerate([KEY, KEY, KEY, OTHER])]
    for worker in workers:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n"
    outcomes = [worker.communicate("go\n", timeout=60) for worker in workers]
    assert [worker.returncode for worker in workers] == [0] * 4, outcomes
    assert len(list(tmp_path.glob(f"made-{KEY}-*"))) == 1
    assert len(list(tmp_path.glob(f"made-{OTHER}-*"))) == 1


def test_threads_of_one_process_share_the_work(tmp_path: Path) -> None:
    store, made = Store(tmp_path), []

    def make(folder: Path) -> Mapping[str, float]:
        made.append(folder)
        return {}

    threads = [threading.Thread(target=store.compute, args=(KEY, "s", make)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1


def test_without_locks_the_first_writer_stands(tmp_path: Path) -> None:
    """As on a file system that knows no locks: another writer finishes while this one is still at it."""

    def slow(folder: Path) -> Mapping[str, float]:
        rival = tmp_path / "rival"
        Store(rival).compute(KEY, "s", writes({"f": b"first"}))
        target = tmp_path / "store" / "entries" / KEY[:2]
        target.mkdir(parents=True)
        (rival / "entries" / KEY[:2] / KEY).rename(target / KEY)
        (folder / "f").write_bytes(b"second")
        return {}

    entry = Store(tmp_path / "store").compute(KEY, "s", slow)
    assert (entry.folder / "f").read_bytes() == b"first"
    assert list((tmp_path / "store" / "temp").iterdir()) == []


KILLED = """
import sys, time
from pathlib import Path
from assay.store import Store

def make(folder):
    (folder / "half").write_text("x" * 1000)
    print("writing", flush=True)
    time.sleep(600)

Store(Path(sys.argv[1])).compute(sys.argv[2], "s", make)
"""


def test_a_killed_writer_leaves_no_entry_and_is_swept_away(tmp_path: Path) -> None:
    writer = start(KILLED, str(tmp_path), KEY)
    assert writer.stdout is not None
    assert writer.stdout.readline() == "writing\n"
    store = Store(tmp_path)
    store.compute(OTHER, "s", writes({}))
    assert len(list((tmp_path / "temp").iterdir())) == 1, "a living writer's folder is left alone"
    writer.send_signal(signal.SIGKILL)
    writer.communicate()
    assert not store.peek(KEY)
    assert Store(tmp_path).compute(KEY, "s", writes({"whole": b"1"})).hit is False
    assert list((tmp_path / "temp").iterdir()) == []


def test_a_full_disk_is_one_line_for_the_user(tmp_path: Path) -> None:
    def fills(folder: Path) -> Mapping[str, float]:
        with Path("/dev/full").open("wb") as file:
            file.write(b"x")
        return {}

    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    with pytest.raises(UserError, match=r"the disk is full.*free space") as caught:
        Store(tmp_path).compute(KEY, "s", fills)
    assert "\n" not in str(caught.value)


def test_a_store_below_a_file_is_one_line_for_the_user(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot be written"):
        Store(tmp_path / "file").compute(KEY, "s", writes({}))


def test_a_read_only_disk_is_one_line_for_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path, *args: object, **options: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(self))

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(UserError, match="Read-only file system"):
        Store(tmp_path).compute(KEY, "s", writes({}))


def test_other_disk_errors_in_make_stay_what_they_are(tmp_path: Path) -> None:
    def reads(folder: Path) -> Mapping[str, float]:
        Path("/no/such/file").read_text()
        return {}

    with pytest.raises(FileNotFoundError):
        Store(tmp_path).compute(KEY, "s", reads)


def test_waiting_too_long_for_another_process_is_told(tmp_path: Path) -> None:
    def nested(folder: Path) -> Mapping[str, float]:
        with pytest.raises(UserError, match="another process"):
            Store(tmp_path, wait_seconds=0.01).compute(KEY, "s", writes({}))
        return {}

    Store(tmp_path).compute(KEY, "s", nested)


def test_the_manifest_names_stage_machine_time_and_files(tmp_path: Path) -> None:
    entry = Store(tmp_path).compute(KEY, "index", writes({"f": b"abc"}))
    manifest = json.loads((entry.folder / "manifest.json").read_text())
    assert manifest["stage"] == "index"
    assert manifest["machine"] == entry.machine
    assert manifest["created"].endswith("+00:00")
    assert manifest["files"] == {"f": [3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"]}
