"""The other signals: probe, probability, reward model."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipelines.errors import UserError
from pipelines.generation.interventions import Judged, Judgements, Subject, interventions
from pipelines.generation.shapes import Shapes
from pipelines.records import Prompt

SHAPES = Shapes(pack=64, slots=4)
THINGS = ["kestrel pump", "orison valve", "sable hinge", "veldt gauge", "norwick press", "tarn filter"]
KINDS = {
    "otter": {"width": 4, "inner": 8, "epochs": 2, "batch_size": 4, "learning_rate": 1e-2},
    "probe": {},
    "probability": {},
    "reward_model": {"rank": 2, "epochs": 1, "batch_size": 4},
}


def judged(things: list[str]) -> list[Judged]:
    """Green is right, red is wrong; the model is taken to answer green by itself for every other thing."""
    return [
        Judged(f"Question: What colour is the {thing}?\nAnswer:", answer, label, thing, (label > 0) == bool(n % 2))
        for n, thing in enumerate(things)
        for answer, label in (("green", 1.0), ("red", 0.0))
    ]


@pytest.fixture
def subject(tiny_llama: Any, tokenizer: Any) -> Any:
    return lambda dtype="float32": Subject(tiny_llama(dtype), tokenizer, "tiny", SHAPES)


JUDGEMENTS = Judgements(judged(THINGS[:4]), judged(THINGS[4:]), 1)
ASKED = [Prompt(f"Question: What colour is the {thing}?\nAnswer:", stop=()) for thing in THINGS]


@pytest.mark.parametrize("kind", KINDS)
def test_every_intervention_learns_and_gives_a_confidence_and_the_models_own_answers(
    kind: str, subject: Any, tmp_path: Path
) -> None:
    from pipelines.generation.decoding import Decoder

    made = interventions.build(interventions.parse({"kind": kind, **KINDS[kind]}))
    took = made.fit(subject(), JUDGEMENTS, tmp_path)
    assert {"seconds", "tokens", "parameters", "log_loss"} <= set(took)
    assert not list(tmp_path.rglob("*.bin")) + list(tmp_path.rglob("*.pkl"))
    plain = subject()
    own = dict(Decoder(plain.network, plain.tokenizer, SHAPES).generate(ASKED, 4))
    found = dict(made.decoder(subject(), tmp_path).generate(ASKED, 4))
    assert [found[n].text for n in range(6)] == [own[n].text for n in range(6)]
    assert all(0 <= (found[n].confidence or -1) <= 1 for n in range(6))
    single, _ = made.decoder(subject(), tmp_path).respond(ASKED[2], 4)
    assert single.confidence == pytest.approx(found[2].confidence, abs=1e-4)
    assert own[0].confidence is None


@pytest.mark.parametrize("kind", ["otter", "reward_model"])
def test_a_weight_steers(kind: str, subject: Any, tmp_path: Path) -> None:
    config = interventions.parse({"kind": kind, **KINDS[kind]})
    interventions.build(config).fit(subject(), JUDGEMENTS, tmp_path)
    texts = []
    for weight in (0.0, 1e4):
        made = interventions.build(config.model_copy(update={"weight": weight}))
        found = dict(made.decoder(subject(), tmp_path).generate(ASKED, 3))
        texts.append([found[n].text for n in range(6)])
    assert texts[0] != texts[1]


def test_probability_is_the_calibrated_mean_of_the_log_probabilities(subject: Any, tmp_path: Path) -> None:
    from pipelines.generation.calibration import Platt
    from pipelines.generation.decoding import Decoder
    from pipelines.generation.scoring import log_probabilities

    Platt(1.0, 2.0).write(tmp_path)
    made = interventions.build(interventions.parse({"kind": "probability"}))
    one = subject()
    (answer,) = [answer for _, answer in made.decoder(one, tmp_path).generate(ASKED[:1], 3)]
    text = one.tokenizer.decode(one.tokenizer(ASKED[0].text)["input_ids"])
    tokens = log_probabilities(Decoder(subject().network, one.tokenizer, SHAPES), [(text, f" {answer.text}")])[0]
    if len(tokens) == 3:  # the answer is tokenised as it was written
        mean = sum(token.log_probability for token in tokens) / 3
        assert answer.confidence == pytest.approx(Platt(1.0, 2.0)(mean), abs=1e-3)


@pytest.mark.parametrize(("over", "value"), [("mean", -2.0), ("least", -3.0), ("sum", -4.0)])
def test_summaries_of_log_probabilities(over: Any, value: float) -> None:
    from pipelines.generation.answer_probability import summary

    assert summary(over, [-1.0, -3.0]) == value
    assert summary(over, []) == 0.0


def test_the_probe_is_logistic_regression() -> None:
    """One number, standardised to -1 and 1: with penalty p the weight solves sigma(-w) = p w; the offset stays 0."""
    from pipelines.generation.linear_probe import fit

    states, labels = np.array([[3.0], [3.0], [7.0], [7.0]]), np.array([0.0, 0.0, 1.0, 1.0])
    probe = fit(states, labels, 0.1)
    weight = probe.weight[0] * 2  # the states spread by 2 around 5
    assert 1 / (1 + math.exp(weight)) == pytest.approx(0.1 * weight, abs=1e-5)
    assert float(probe(np.array([5.0]))) == pytest.approx(0.0, abs=1e-6)


def test_the_penalty_is_the_one_that_suits_dev() -> None:
    from pipelines.generation.linear_probe import PENALTIES, fit, train

    random = np.random.default_rng(1)
    states, labels = random.normal(size=(20, 30)), np.arange(20) % 2 * 1.0
    dev, dev_labels = random.normal(size=(40, 30)), np.arange(40) % 2 * 1.0
    assert train(states, labels, dev, dev_labels) == fit(states, labels, max(PENALTIES))


def test_a_probe_of_another_model_is_refused(subject: Any, tmp_path: Path) -> None:
    from pipelines.generation.calibration import Platt
    from pipelines.generation.linear_probe import Probe

    Probe((0.0,) * 5, 0.0).write(tmp_path)
    Platt().write(tmp_path)
    with pytest.raises(UserError, match="a probe of 5 numbers, and the model has 32"):
        interventions.build(interventions.parse("probe")).decoder(subject(), tmp_path)


@pytest.mark.parametrize("kind", KINDS)
def test_without_judged_answers_there_is_nothing_to_learn(kind: str, subject: Any, tmp_path: Path) -> None:
    with pytest.raises(UserError):
        interventions.build(interventions.parse(kind)).fit(subject(), Judgements([], [], 1), tmp_path)
