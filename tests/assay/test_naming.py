"""Names of configurations."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.experiment import Configuration
from assay.naming import flatten, with_ids


def made(**fields: object) -> Configuration:
    return Configuration.model_validate(fields)


def rag(**fields: object) -> Configuration:
    return made(arm="rag", **{"retriever": "bm25", **fields})


def ids(*configurations: Configuration) -> list[str]:
    return [configuration.id for configuration in with_ids(configurations)]


def test_name_is_made_of_arm_retriever_and_depth() -> None:
    assert ids(made(arm="closed_book"), rag(depth=2), made(arm="lora_rag", retriever="dense")) == [
        *("closed_book", "rag-bm25-k2", "lora_rag-dense-k3"),
    ]


def test_indexed_training_pairs_show_in_the_name() -> None:
    assert ids(rag(), rag(training_pairs_indexed=True)) == ["rag-bm25-k3", "rag-bm25-k3-pairs"]


def test_configurations_that_share_a_name_are_told_apart_by_what_differs() -> None:
    one, other = (rag(chunker={"kind": "recursive", "size": size}) for size in (200, 400))
    assert ids(one, other) == ["rag-bm25-k3-size200", "rag-bm25-k3-size400"]


def test_a_stage_that_the_other_lacks_shows_by_its_fields_and_a_long_prompt_by_a_hash() -> None:
    assert ids(rag(), rag(post=["reorder"])) == ["rag-bm25-k3", "rag-bm25-k3-kindreorder"]
    prompts = [{"kind": "hyde", "prompt": f"{number} {{question}} " + "and so on " * 50} for number in range(2)]
    named = ids(*(rag(query=query) for query in prompts))
    assert len(set(named)) == 2
    assert all(len(name) < 40 for name in named)


def test_given_id_stays() -> None:
    assert ids(rag(id="mine"), rag()) == ["mine", "rag-bm25-k3"]


def test_id_given_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="the id mine is used twice"):
        ids(rag(id="mine"), made(arm="closed_book", id="mine"))


def test_same_configuration_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="two configurations are the same: rag-bm25-k3"):
        ids(rag(), made(arm="closed_book"), rag())


def test_made_name_gives_way_to_a_given_one() -> None:
    assert ids(rag(id="rag-bm25-k3", depth=5), rag()) == ["rag-bm25-k3", "rag-bm25-k3-depth3"]


def test_given_name_does_not_hide_that_two_are_the_same() -> None:
    with pytest.raises(ValueError, match="two configurations are the same: rag-bm25-k3"):
        ids(rag(id="rag-bm25-k3"), rag())


@given(
    st.lists(
        st.tuples(st.sampled_from(["bm25", "dense"]), st.integers(1, 3), st.sampled_from([200, 400]), st.booleans()),
        unique=True,
        max_size=12,
    )
)
def test_different_configurations_have_different_plain_names(drawn: list[tuple[str, int, int, bool]]) -> None:
    configurations = [
        rag(retriever=retriever, depth=depth, chunker={"kind": "recursive", "size": size}, training_pairs_indexed=pairs)
        for retriever, depth, size, pairs in drawn
    ]
    found = ids(*configurations)
    assert len(set(found)) == len(found)
    for name, configuration in zip(found, configurations, strict=True):
        Configuration.model_validate({**configuration.model_dump(), "id": name})  # the pattern of ids holds


def test_flatten_uses_dotted_names_and_leaves_out_what_is_unset() -> None:
    data = {"a": {"b": 1, "c": None, "d": ""}, "post": [{"kind": "x"}], "on": False, "e": 0.5, "empty": {}}
    assert flatten(data) == {"a.b": 1, "post.0.kind": "x", "on": False, "e": 0.5}


VIRTUAL = {"kind": "moee_virtual", "name": "a-folder"}


def test_a_virtual_stage_shows_in_a_made_name() -> None:
    named = ids(rag(retriever=VIRTUAL), rag(retriever={"kind": "dense", "embedder": VIRTUAL}))
    assert named == ["rag-moee_virtual-k3", "rag-dense-k3-virtual"]


def test_a_given_id_must_say_that_a_stage_is_virtual() -> None:
    assert ids(rag(id="virtual-mine", rerank=[VIRTUAL])) == ["virtual-mine"]
    with pytest.raises(ValueError, match="moee_virtual stands in for a trained model, and the id mine must say so"):
        ids(rag(id="mine", rerank=[VIRTUAL]))
