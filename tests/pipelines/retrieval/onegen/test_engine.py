"""The pass is one: what a search sees, what follows, and how much is computed."""

from collections.abc import Sequence
from typing import Any

import pytest

from pipelines.retrieval.onegen.engine import Engine
from pipelines.retrieval.onegen.vocabulary import Vocabulary, add_rows

GIVEN = [3, 4, 9, 10, 5, 4]
PASSAGES = ([6, 4, 14, 11, 15, 5, 4], [6, 4, 18, 5, 4], [6, 4, 5, 4])


@pytest.fixture
def engine(toy: Any, make_network: Any) -> Engine:
    network, vocabulary = make_network(len(toy), tied=False), Vocabulary.of(toy, "toy")
    add_rows(network, vocabulary)
    network.generation_config.eos_token_id = vocabulary.end
    return Engine(network, vocabulary)


class Seeking:
    """Gives the passages in turn and keeps the states it was asked with."""

    def __init__(self) -> None:
        self.states: list[Any] = []

    def __call__(self, state: Any, room: int) -> Sequence[int]:
        self.states.append(state)
        return PASSAGES[len(self.states) - 1]


def clean_states(engine: Engine, ids: Sequence[int]) -> Any:
    """All states of one forward pass without a cache."""
    import torch

    with torch.inference_mode():
        return engine.network.get_decoder()(torch.tensor([list(ids)]), use_cache=False).last_hidden_state[0]


def by_hand(engine: Engine, trigger: int, searches: int, limit: int) -> tuple[list[int], list[int], list[int]]:
    """The definition: every token from a forward over all before it. Returns the sequence, the positions of the
    searches and the generated tokens."""
    ids, places, output = [*GIVEN], list[int](), list[int]()
    silent = {*engine.vocabulary.roles.ids, trigger}
    while len(output) < limit:
        logits = engine.network.get_output_embeddings()(clean_states(engine, ids)[-1])
        logits[list(silent - ({trigger} if len(places) < searches else set()))] = float("-inf")
        token = int(logits.argmax())
        if token == engine.vocabulary.end:
            break
        ids.append(token)
        output.append(token)
        if token == trigger and len(output) < limit:
            places.append(len(ids) - 1)
            ids += PASSAGES[len(places) - 1]
    return ids, places, output


@pytest.fixture
def trigger(engine: Engine) -> int:
    """A token the random model writes after a few others, so that it searches by itself."""
    for token in range(len(engine.vocabulary.tokenizer)):
        _, places, output = by_hand(engine, token, 3, 12)
        if len(places) >= 2 and places[0] > len(GIVEN) and len(output) == 12 and output[-1] != token:
            return token
    raise AssertionError("no token makes the random model search twice")


def test_writes_what_the_definition_says(engine: Engine, trigger: int) -> None:
    _, places, output = by_hand(engine, trigger, 3, 12)
    written = engine.write(GIVEN, trigger, Seeking(), searches=3, max_new_tokens=12)
    assert [*_flat(written.parts, trigger)] == output
    assert len(written.parts) == len(places) + 1
    assert written.output == 12


def test_the_query_vector_amid_generation_is_that_of_a_clean_forward(engine: Engine, trigger: int) -> None:
    import torch

    ids, places, _ = by_hand(engine, trigger, 3, 12)
    seeking = Seeking()
    engine.write(GIVEN, trigger, seeking, searches=3, max_new_tokens=12)
    assert len(seeking.states) == len(places) >= 2
    for state, place in zip(seeking.states, places, strict=True):
        alone = clean_states(engine, ids[: place + 1])[-1]  # nothing behind it was there yet
        assert torch.allclose(state, alone, atol=1e-5)
        assert torch.allclose(state, clean_states(engine, ids)[place], atol=1e-5)


def test_nothing_is_encoded_twice(engine: Engine, trigger: int) -> None:
    ids, places, output = by_hand(engine, trigger, 3, 12)
    written = engine.write(GIVEN, trigger, Seeking(), searches=3, max_new_tokens=12)
    assert written.encoded == len(ids) - 1  # every token but the last, once
    assert written.read == len(GIVEN) + sum(len(PASSAGES[n]) for n in range(len(places)))
    assert written.passes == 1 + (len(output) - 1) + len(places)


def test_recomputing_reads_the_whole_sequence_at_each_search_and_writes_the_same(engine: Engine, trigger: int) -> None:
    import torch

    _, places, output = by_hand(engine, trigger, 3, 12)
    cached, anew = Seeking(), Seeking()
    engine.write(GIVEN, trigger, cached, searches=3, max_new_tokens=12)
    written = engine.write(GIVEN, trigger, anew, searches=3, max_new_tokens=12, context="recomputed")
    assert [*_flat(written.parts, trigger)] == output
    assert len(cached.states) == len(anew.states) == len(places)
    for left, right in zip(cached.states, anew.states, strict=True):  # it searches by the same vectors too
        assert torch.allclose(left, right, atol=1e-5)
    read = [place + 1 + len(PASSAGES[number]) for number, place in enumerate(places)]
    assert written.encoded == len(GIVEN) + sum(read) + (len(output) - 1)
    assert written.passes == 1 + (len(output) - 1) + len(places)


def test_the_published_query_is_another_vector_and_costs_the_whole_sequence(engine: Engine, trigger: int) -> None:
    import torch

    ids, places, output = by_hand(engine, trigger, 3, 12)
    once, doubled = Seeking(), Seeking()
    engine.write(GIVEN, trigger, once, searches=3, max_new_tokens=12)
    written = engine.write(GIVEN, trigger, doubled, searches=3, max_new_tokens=12, context="doubled")
    assert [*_flat(written.parts, trigger)] == output  # the cache is as before
    assert written.encoded == len(ids) - 1 + sum(place + 1 for place in places)
    for left, right in zip(once.states, doubled.states, strict=True):
        assert torch.nn.functional.cosine_similarity(left, right, dim=0) < 0.999


def test_after_the_last_search_the_token_is_not_written_again(engine: Engine, trigger: int) -> None:
    written = engine.write(GIVEN, trigger, Seeking(), searches=1, max_new_tokens=12)
    assert len(written.parts) == 2
    assert trigger not in written.parts[1]
    none = engine.write(GIVEN, trigger, Seeking(), searches=0, max_new_tokens=12)
    assert len(none.parts) == 1


def test_the_room_left_is_told(engine: Engine, trigger: int) -> None:
    rooms = []

    def seek(state: Any, room: int) -> list[int]:
        rooms.append(room)
        return PASSAGES[0]

    engine.write(GIVEN, trigger, seek, searches=1, max_new_tokens=12)
    _, places, _ = by_hand(engine, trigger, 1, 12)
    assert rooms == [512 - (places[0] + 1) - 12]


def _flat(parts: Sequence[Sequence[int]], trigger: int) -> list[int]:
    flat = [*parts[0]]
    for part in parts[1:]:
        flat += [trigger, *part]
    return flat
