"""Kinds, and what is said about a config that names none or misspells a field."""

import sys
import types
from pathlib import Path
from typing import Any, Literal

import pytest
from pydantic import Field, ValidationError
from pydantic_core import PydanticCustomError

from pipelines import registry as module
from pipelines.registry import Closed, Registry, StageConfig, field_of


class Coarse(StageConfig):
    """Cuts coarsely.

    More about it."""

    kind: Literal["coarse"] = "coarse"
    size: int = Field(400, ge=1, description="characters")


class Fine(StageConfig):
    """Cuts finely."""

    kind: Literal["fine"] = "fine"
    overlap: float = Field(0.5, description="share")


@pytest.fixture
def cutters() -> Registry[str]:
    """Two kinds, no package of its own and no third parties."""
    made: Registry[str] = Registry("cutter", [], "assay.test_cutters")

    @made.kind(Coarse)
    def coarse(config: Coarse, unit: str = "characters") -> str:
        return f"{config.size} {unit}"

    @made.kind(Fine)
    def fine(config: Fine) -> str:
        return "fine"

    return made


def test_mapping_bare_name_and_config_are_the_same(cutters: Registry[str]) -> None:
    assert cutters.parse("coarse") == cutters.parse({"kind": "coarse"}) == cutters.parse(Coarse()) == Coarse(size=400)


def test_build_hands_arguments_on_to_the_factory(cutters: Registry[str]) -> None:
    assert cutters.build(cutters.parse({"kind": "coarse", "size": 7})) == "7 characters"
    assert cutters.build(Coarse(), unit="words") == "400 words"


def test_kinds_are_listed_by_name_with_a_summary(cutters: Registry[str]) -> None:
    assert {name: kind.summary for name, kind in cutters.kinds().items()} == {
        "coarse": "Cuts coarsely.",
        "fine": "Cuts finely.",
    }
    assert list(cutters.kinds()) == ["coarse", "fine"]


def test_unknown_kind_names_the_nearest(cutters: Registry[str]) -> None:
    with pytest.raises(PydanticCustomError) as caught:
        cutters.parse({"kind": "corse"})
    assert caught.value.message() == "unknown cutter kind 'corse'; did you mean 'coarse'?"


def test_unknown_kind_far_from_all_lists_them(cutters: Registry[str]) -> None:
    with pytest.raises(PydanticCustomError) as caught:
        cutters.parse("xyz")
    assert caught.value.message() == "unknown cutter kind 'xyz'; known: coarse, fine"


@pytest.mark.parametrize("data", [3, ["coarse"], None])
def test_neither_mapping_nor_name_is_refused(cutters: Registry[str], data: Any) -> None:
    with pytest.raises(PydanticCustomError, match="a cutter is a mapping with a kind"):
        cutters.parse(data)


def test_misspelt_field_names_the_nearest(cutters: Registry[str]) -> None:
    with pytest.raises(ValidationError) as caught:
        cutters.parse({"kind": "coarse", "sise": 3})
    (problem,) = caught.value.errors()
    assert (problem["loc"], problem["msg"]) == (("sise",), "unknown field; did you mean 'size'?")


def test_errors_inside_a_stage_keep_their_place(cutters: Registry[str]) -> None:
    class Part(Closed):
        cutter: field_of(cutters)  # type: ignore[valid-type]

    class Whole(Closed):
        parts: tuple[Part, ...]

    good = {"cutter": "coarse"}
    for bad, where in [
        ({"kind": "coarse", "size": 0}, ("parts", 1, "cutter", "size")),
        ({"kind": "coarse", "sise": 1}, ("parts", 1, "cutter", "sise")),
        ({"kind": "corse"}, ("parts", 1, "cutter")),
    ]:
        with pytest.raises(ValidationError) as caught:
            Whole.model_validate({"parts": [good, {"cutter": bad}]})
        assert [problem["loc"] for problem in caught.value.errors()] == [where]
    assert Whole.model_validate({"parts": [good]}).model_dump() == {
        "parts": ({"cutter": {"kind": "coarse", "size": 400}},)
    }


def test_configs_are_frozen(cutters: Registry[str]) -> None:
    with pytest.raises(ValidationError, match="frozen"):
        cutters.parse("coarse").kind = "fine"


def test_same_kind_from_another_config_is_refused(cutters: Registry[str]) -> None:
    class Impostor(StageConfig):
        kind: Literal["coarse"] = "coarse"

    with pytest.raises(ValueError, match="cutter kind 'coarse' is registered twice"):
        cutters.kind(Impostor)(lambda config: "")


def test_reloaded_module_may_register_its_kind_again(cutters: Registry[str]) -> None:
    cutters.kind(Coarse)(lambda config: "again")
    assert cutters.build(Coarse()) == "again"


def test_entry_point_of_a_third_party_adds_its_kind(cutters: Registry[str], monkeypatch: pytest.MonkeyPatch) -> None:
    class Plugged(StageConfig):
        """From elsewhere."""

        kind: Literal["plugged"] = "plugged"

    class Entry:
        def load(self) -> None:
            cutters.kind(Plugged)(lambda config: "plugged in")

    groups: list[str] = []

    def entry_points(*, group: str) -> list[Entry]:
        groups.append(group)
        return [Entry()]

    monkeypatch.setattr(module, "entry_points", entry_points)
    assert list(cutters.kinds()) == ["coarse", "fine", "plugged"]
    assert cutters.build(cutters.parse("plugged")) == "plugged in"
    assert groups == ["assay.test_cutters"]  # asked once, at first use


def test_modules_of_a_package_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "found_cutters"
    package.mkdir()
    (package / "__init__.py").write_text(
        "from pipelines.registry import Registry\nmade = Registry('c', ['found_cutters'], 'none')\n"
    )
    (package / "one.py").write_text(
        "from typing import Literal\nfrom found_cutters import made\nfrom pipelines.registry import StageConfig\n"
        "class One(StageConfig):\n    kind: Literal['one'] = 'one'\n"
        "@made.kind(One)\ndef one(config): return 'built'\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    import importlib

    found: types.ModuleType = importlib.import_module("found_cutters")
    assert "found_cutters.one" not in sys.modules
    assert list(found.made.kinds()) == ["one"]
