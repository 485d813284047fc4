"""Files that an experiment names, pinned by their checksum."""

import hashlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic_core import PydanticCustomError

from pipelines.checksums import with_checksum


def check(folder: Path, data: dict[str, Any], **options: Any) -> Any:
    return with_checksum(data, SimpleNamespace(context={"folder": folder}), "path", **options)  # type: ignore[arg-type]


def test_path_becomes_absolute_and_the_checksum_is_the_files_sha256(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(b"one\n")
    found = check(tmp_path, {"path": "a.jsonl", "form": "chat"})
    assert found == {
        "path": str(tmp_path.resolve() / "a.jsonl"),
        "form": "chat",
        "sha256": hashlib.sha256(b"one\n").hexdigest(),
    }
    assert check(tmp_path, found) == found


def test_changed_content_is_refused_and_missing_content_that_is_known_is_not(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_bytes(b"one\n")
    found = check(tmp_path, {"path": "a.jsonl"})
    file.write_bytes(b"two\n")
    with pytest.raises(PydanticCustomError, match="has changed since; leave sha256 out"):
        check(tmp_path, found)
    file.unlink()
    assert check(tmp_path, found) == found
    with pytest.raises(PydanticCustomError, match=r"no such file: .*a\.jsonl"):
        check(tmp_path, {"path": "a.jsonl"})


def test_several_files_are_one_input(tmp_path: Path) -> None:
    def files(folder: Path) -> list[Path]:
        return [folder / "a", folder / "b", folder / "absent"]

    for name in "ab":
        (tmp_path / name).write_text(name)
    first = check(tmp_path, {"path": "."}, files=files)["sha256"]
    (tmp_path / "b").write_text("c")
    assert check(tmp_path, {"path": "."}, files=files)["sha256"] != first


def test_what_is_no_mapping_with_a_path_is_left_to_pydantic(tmp_path: Path) -> None:
    assert check(tmp_path, {"path": 3}) == {"path": 3}
    assert with_checksum("file", SimpleNamespace(context=None), "path") == "file"  # type: ignore[arg-type]
