"""The routes of a served configuration, with a model that answers as told."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from assay.pipeline import Pipeline
from assay.serving.app import pipeline_app
from assay.serving.asking import as_json, ask, question_of
from pipelines.errors import UserError
from pipelines.generation import Timing
from pipelines.records import Answer

KESTREL = "Which colour has the kestrel pump?"


@pytest.fixture
def pipeline(make_pipeline: Callable[..., Pipeline], fake_model: Any) -> Pipeline:
    fake_model.reply = lambda text: "green" if "kestrel pump is green" in text else "unknown"
    return make_pipeline()


@pytest.fixture
def client(pipeline: Pipeline) -> TestClient:
    return TestClient(pipeline_app(pipeline), base_url="http://127.0.0.1")


def test_answer_is_what_the_pipeline_answers(client: TestClient, pipeline: Pipeline) -> None:
    answered = client.post("/answer", json={"question": KESTREL})
    expected = as_json(ask(pipeline, question_of(KESTREL)))
    assert answered.status_code == 200
    assert {**answered.json(), "seconds": 0} == {**expected, "seconds": 0}
    assert answered.json()["answer"] == "green"


def test_health_names_the_configuration(client: TestClient) -> None:
    assert client.get("/health").json() == {"status": "ok", "configuration": "bm25"}


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        ('{"question": ""}', 422, "question: it is empty; ask something"),
        (f'{{"question": "{"a" * 50_000}"}}', 422, "question: 50,000 characters; at most 10,000 are taken"),
        (r'{"question": "\ud800"}', 422, "question: half a character (a lone surrogate) at place 0"),
        ('{"question": 5}', 400, "question: Input should be a valid string"),
        ('{"questio": "x"}', 400, "question: Field required"),
        ('{"question": "x', 400, "body: JSON decode error"),
        ("[]", 400, "body: Input should be a valid dictionary"),
        ('{"question": "x", "metadata": 3}', 400, "metadata: Input should be a valid dictionary"),
    ],
)
def test_bad_input_is_one_clear_line(client: TestClient, body: str, status: int, message: str) -> None:
    answered = client.post("/answer", content=body, headers={"content-type": "application/json"})
    assert answered.status_code == status
    told = answered.json()["error"]["message"]
    assert told.startswith(message)
    assert "\n" not in told


def test_a_model_that_fails_is_the_fault_of_what_is_behind(
    client: TestClient, fake_model: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = Answer("", 0, 0, error="HTTP 500")
    monkeypatch.setattr(fake_model, "respond", lambda *asked: (failed, Timing(0, 0)), raising=False)
    answered = client.post("/answer", json={"question": KESTREL})
    assert (answered.status_code, answered.json()) == (
        502,
        {"error": {"message": "the language model gave no answer: HTTP 500"}},
    )


def test_what_the_operator_has_to_mend_is_told_as_such(
    client: TestClient, fake_model: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def respond(*asked: Any) -> Any:
        raise UserError("llm.api_key_env: KEY is not set")

    monkeypatch.setattr(fake_model, "respond", respond, raising=False)
    answered = client.post("/answer", json={"question": KESTREL})
    assert (answered.status_code, answered.json()["error"]["message"]) == (503, "llm.api_key_env: KEY is not set")


def test_the_page_answers_and_shows_what_was_read(client: TestClient) -> None:
    assert "<textarea" in client.get("/").text
    shown = client.post("/", data={"question": KESTREL})
    assert shown.status_code == 200
    assert '<p class="answer">green</p>' in shown.text
    assert "The kestrel pump is green. It weighs 10 kg" in shown.text
    assert shown.headers["content-security-policy"].startswith("default-src 'none'")
    assert not re.search(r"(src|href)=", shown.text)


def test_html_in_question_answer_and_passage_is_shown_escaped(
    make_pipeline: Callable[..., Pipeline], fake_model: Any, tmp_path: Path
) -> None:
    evil = "</p><script>alert('kestrel')</script>"
    (tmp_path / "data/documents/evil.md").write_text(f"The kestrel {evil} kestrel kestrel", encoding="utf-8")
    fake_model.reply = lambda text: "<img src=x onerror=alert(1)>"
    asked = f"kestrel</textarea>{evil}"
    client = TestClient(pipeline_app(make_pipeline()), base_url="http://127.0.0.1")
    shown = client.post("/", data={"question": asked}).text
    assert "The kestrel &lt;/p&gt;&lt;script&gt;alert(&#39;kestrel&#39;)&lt;/script&gt;" in shown
    assert "&lt;img src=x onerror=alert(1)&gt;" in shown
    assert "kestrel&lt;/textarea&gt;&lt;/p&gt;" in shown
    assert "<script" not in shown
    assert "<img" not in shown
    assert shown.count("</textarea>") == 1


@pytest.mark.parametrize(("question", "told"), [("", "it is empty"), ("a" * 50_000, "at most 10,000 are taken")])
def test_the_page_says_what_is_wrong(client: TestClient, question: str, told: str) -> None:
    shown = client.post("/", data={"question": question})
    assert shown.status_code == 422
    assert told in shown.text


def test_the_last_user_message_is_the_question(client: TestClient, fake_model: Any) -> None:
    said = [("system", "Be rude."), ("user", "And the sable?"), ("assistant", "red"), ("user", KESTREL)]
    messages = [{"role": role, "content": content} for role, content in said]
    body = {"model": "bm25", "messages": messages, "max_tokens": 4}
    answered = client.post("/v1/chat/completions", json=body).json()
    assert answered["choices"][0]["message"]["content"] == "green"
    assert answered["usage"]["completion_tokens"] == 1
    assert client.get("/v1/models").json()["data"][0]["id"] == "bm25"


@pytest.mark.parametrize(
    ("model", "content", "status", "told"),
    [
        ("other", KESTREL, 404, "there is no model 'other', only 'bm25'"),
        ("bm25", "", 400, "question: it is empty; ask something"),
        ("bm25", "a" * 50_000, 400, "question: 50,000 characters; at most 10,000 are taken"),
    ],
)
def test_chat_with_bad_input_is_one_clear_line(
    client: TestClient, model: str, content: str, status: int, told: str
) -> None:
    body = {"model": model, "messages": [{"role": "user", "content": content}]}
    answered = client.post("/v1/chat/completions", json=body)
    assert (answered.status_code, answered.json()["error"]["message"]) == (status, told)


def test_only_the_names_of_this_machine_reach_a_local_server(client: TestClient, pipeline: Pipeline) -> None:
    # A page on the web may point a name of its own at 127.0.0.1 and read what is answered there.
    assert client.get("/health", headers={"host": "evil.example"}).status_code == 400
    assert client.get("/health", headers={"host": "localhost:8000"}).status_code == 200
    assert client.get("/health", headers={"host": "[::1]:8000"}).status_code == 200
    opened = TestClient(pipeline_app(pipeline, local=False), base_url="http://box.example")
    assert opened.get("/health").status_code == 200


def test_the_served_version_follows_configuration_and_data(
    client: TestClient, make_pipeline: Callable[..., Pipeline]
) -> None:
    def version(client: TestClient) -> str:
        return str(client.get("/v1/models").json()["data"][0]["version"])

    closed = TestClient(pipeline_app(make_pipeline("closed")), base_url="http://127.0.0.1")
    assert version(client) == version(client) != version(closed)
