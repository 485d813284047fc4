"""Every Python and YAML block of docs/interop.md, run in order beside a finished run."""

import re
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from assay.experiment import Configuration
from assay.pipeline import Pipeline
from assay.progress import Progress
from assay.stages import Stages
from assay.store import Store
from pipelines.records import Question

PAGE = Path(__file__).parents[3] / "docs" / "interop.md"
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
KESTREL = "Which colour has the kestrel pump?"


@pytest.fixture
def beside(run: Path, fake_model: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder above ``runs/quickstart`` as working folder."""
    run.rename(run.with_name("quickstart"))
    fake_model.reply = lambda text: "green" if "kestrel pump is green" in text else "unknown"
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.slow
def test_the_way_out(beside: Path) -> None:
    import mlflow

    before = mlflow.get_tracking_uri()
    names: dict[str, Any] = {}
    try:
        for block in (text for language, text in BLOCKS if language == "python" and "# my_retrievers" not in text):
            if "import OpenAI" in block:
                continue  # asks a server; test_all_answer_alike.py runs it
            exec(block, names)  # the page's own words
            lines = block.strip().splitlines()
            if lines[-1].endswith('["answer"]'):
                assert eval(lines[-1], names) == "green"
    finally:
        mlflow.set_tracking_uri(before)
    assert names["documents"][0].metadata["document"] == "kestrel.md"
    assert names["reply"]["answer"] == names["response"].response == "green"
    assert names["nodes"][0].node.node_id == names["reply"]["passages"][0].id == "kestrel.md#0"


def test_the_way_in(beside: Path, experiment: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    (module,) = (text for language, text in BLOCKS if language == "python" and "# my_retrievers" in text)
    (beside / "my_retrievers.py").write_text(module, encoding="utf-8")
    monkeypatch.syspath_prepend(beside)
    monkeypatch.delitem(sys.modules, "my_retrievers", raising=False)
    (entries,) = (yaml.safe_load(text)["configurations"] for language, text in BLOCKS if language == "yaml")
    configurations = {one["id"]: Configuration.model_validate(one) for one in entries}
    assert list(configurations) == ["mine", "keywords", "vectors", "chat-model", "endpoint"]
    stages = Stages(experiment, Store(beside / "store"), Progress())
    question = Question("asked", KESTREL, (), "test")
    for name in ("mine", "keywords"):
        pipeline = Pipeline(stages, configurations[name], experiment.prompts[0])
        assert pipeline.contexts([question], [KESTREL])[0].chunks[0].id == "kestrel.md#0"
