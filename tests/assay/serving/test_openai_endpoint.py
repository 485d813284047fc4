"""The served model over real HTTP on this machine: with scripted replies, and with the embedded language model."""

import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest

from assay.serving.openai_endpoint import ChatRequest, openai_app, prompt_of
from pipelines.errors import UserError
from pipelines.generation import LanguageModel, language_models
from pipelines.generation.prompts import PromptTemplate, render
from pipelines.generation.shapes import Shapes
from pipelines.records import Answer, Context, Prompt, Question


@contextmanager
def served(model: LanguageModel, name: str) -> Iterator[str]:
    """The address of a running server."""
    import uvicorn

    server = uvicorn.Server(uvicorn.Config(openai_app(model, name), port=0, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        server.should_exit = True
        thread.join(10)


@pytest.fixture
def fake(fake_model: Any) -> Iterator[tuple[Any, str]]:
    fake_model.reply = lambda text: f"<{text}>"
    with served(fake_model, "fake") as url:
        yield fake_model, url


def client(url: str, model: str = "fake", **fields: Any) -> Any:
    data = {"kind": "openai", "model": model, "base_url": url, "api_key_env": "", **fields}
    return language_models.build(language_models.parse(data))


def post(url: str, body: dict[str, Any]) -> tuple[int, Any]:
    import httpx

    answered = httpx.post(f"{url}/chat/completions", json=body)
    return answered.status_code, answered.json()


USER = [{"role": "user", "content": "Hi"}]


def test_chat_is_answered_with_usage_and_reason(fake: tuple[Any, str]) -> None:
    _, url = fake
    assert post(url, {"model": "fake", "messages": USER, "temperature": 0.7}) == (
        200,
        {
            "id": "chatcmpl-assay",
            "object": "chat.completion",
            "created": 0,
            "model": "fake",
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": "<<system><user>Hi<model>>"},
                    "finish_reason": "stop",
                }
            ],
            "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
        },
    )
    assert post(url, {"model": "fake", "messages": USER, "max_tokens": 1})[1]["choices"][0]["finish_reason"] == "length"


def test_models_are_listed_with_a_version_that_follows_the_identity(fake: tuple[Any, str], fake_model: Any) -> None:
    _, url = fake
    identity = client(url).identity
    assert identity == client(url).identity
    fake_model.identity = {"weights": "others"}
    with served(fake_model, "fake") as other:
        assert client(other).identity["version"] != identity["version"]


def test_plain_request_is_the_text_itself(fake: tuple[Any, str]) -> None:
    _, url = fake
    status, answered = post(url, {"model": "fake", "messages": USER, "assay_plain": True})
    assert (status, answered["choices"][0]["message"]["content"]) == (200, "<Hi>")
    model = client(url, parameters={"assay_plain": True})
    assert list(model.generate([Prompt("Question: x\nAnswer:", stop=())], 8)) == [
        (0, Answer("<Question: x\nAnswer:>", 3, 1))
    ]


def test_stream_holds_text_reason_and_usage(fake: tuple[Any, str]) -> None:
    _, url = fake
    answer, timing = client(url).respond(Prompt("Hi"), 8)
    assert answer == Answer("<<system><user>Hi<model>>", 1, 1)
    assert timing.prefill > 0


def events(url: str, **more: Any) -> list[dict[str, Any]]:
    import httpx

    body = {"model": "fake", "messages": [{"role": "user", "content": "Hi"}], "stream": True, **more}
    lines = httpx.post(f"{url}/chat/completions", json=body).text.split("\n\n")
    return [json.loads(line[6:]) for line in lines if line.startswith("data: {")]


def test_usage_ends_a_stream_only_where_it_is_asked_for(fake: tuple[Any, str]) -> None:
    _, url = fake
    assert all(event["choices"] for event in events(url))
    *_, last = events(url, stream_options={"include_usage": True})
    assert (last["choices"], last["usage"]["completion_tokens"]) == ([], 1)


def test_what_is_no_json_or_no_route_is_told_in_the_api_s_form(fake: tuple[Any, str]) -> None:
    import httpx

    _, url = fake
    plain = httpx.post(f"{url}/chat/completions", content='{"model": "fake"}', headers={"Content-Type": "text/plain"})
    assert "Content-Type: application/json" in plain.json()["error"]["message"]
    lost = httpx.post(f"{url}/completions", json={})
    assert (lost.status_code, lost.json()["error"]["code"]) == (404, "not_found")


def request(*turns: tuple[str, Any], **more: Any) -> ChatRequest:
    messages = [{"role": role, "content": content} for role, content in turns]
    return ChatRequest.model_validate({"model": "fake", "messages": messages, **more})


def test_turns_become_the_models_chat(fake_model: Any) -> None:
    turns = (("system", "s"), ("user", "a"), ("assistant", "b"), ("user", "c"))
    assert prompt_of(request(*turns, stop="###"), fake_model) == Prompt(
        "<system>s<user>a<model>b<user>c<model>", stop=("###",), messages=turns
    )
    parts = [{"type": "text", "text": "c"}, {"type": "text", "text": "d"}]
    asked = prompt_of(request(("user", parts), stop=["x", "y"]), fake_model)
    assert asked == Prompt("<system><user>cd<model>", stop=("x", "y"), messages=(("user", "cd"),))


@pytest.mark.parametrize(
    "turns",
    [
        [("system", "s")],
        [("assistant", "a")],
        [("user", "a"), ("user", "b")],
        [("user", "a"), ("assistant", "b")],
        [("user", "a"), ("system", "s"), ("user", "b")],
        [("user", "a"), ("user", "b"), ("user", "c")],
    ],
)
def test_turns_out_of_order_are_refused(fake_model: Any, turns: list[tuple[str, str]]) -> None:
    assert "take turns" in str(prompt_of(request(*turns), fake_model))
    assert "a single message" in str(prompt_of(request(*turns, ("user", "z"), assay_plain=True), fake_model))


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        ({"model": "other", "messages": USER}, 404, "there is no model 'other', only 'fake'"),
        ({"model": "fake", "messages": []}, 400, "messages: List should have at least 1 item"),
        ({"model": "fake", "messages": USER, "n": 2}, 400, "n: Input should be 1"),
        ({"model": "fake", "messages": USER, "max_tokens": 0}, 400, "max_tokens: Input should be greater"),
        ({"model": "fake", "messages": [{"role": "user", "content": [{"type": "image"}]}]}, 400, "messages.0.content"),
        ({"model": "fake", "messages": [*USER, *USER]}, 400, "messages: user and assistant take turns"),
    ],
)
def test_bad_request_is_answered_with_the_field(
    fake: tuple[Any, str], body: dict[str, Any], status: int, message: str
) -> None:
    answered, error = post(fake[1], body)
    assert answered == status
    assert error["error"]["message"].startswith(message)


def test_unknown_model_stops_a_run_with_the_name_there_is(fake: tuple[Any, str]) -> None:
    with pytest.raises(UserError, match=r"^llm.model 'fale': .*did you mean 'fake'"):
        _ = client(fake[1], model="fale").identity


def test_requests_that_wait_are_answered_in_one_batch(fake: tuple[Any, str]) -> None:
    model, url = fake
    busy, release = threading.Event(), threading.Event()

    def reply(text: str) -> str:
        busy.set()
        release.wait(10)
        return text

    model.reply = reply
    prompts = [Prompt(str(number)) for number in range(6)]
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(lambda: list(client(url).generate(prompts[:1], 8)))
        assert busy.wait(10)
        rest = client(url, concurrency=5).generate(prompts[1:], 8)
        threading.Timer(0.5, release.set).start()
        answers = dict(rest)
        assert [answer.error for _, answer in first.result()] == [""]
    assert {index: answer.text for index, answer in answers.items()} == {
        index: f"<system><user>{index + 1}<model>" for index in range(5)
    }
    assert [len(batch) for batch in model.batches] == [1, 5]


def test_model_that_fails_answers_500_and_the_server_goes_on(fake: tuple[Any, str]) -> None:
    model, url = fake
    model.breaks_after = 0
    ((_, answer),) = client(url, attempts=1).generate([Prompt("Hi")], 8)
    assert answer.error == "HTTP 500"
    model.breaks_after = None
    ((_, answer),) = client(url, attempts=1).generate([Prompt("Hi")], 8)
    assert answer.text == "<<system><user>Hi<model>>"


QUESTIONS = ("What is the capital of France?", "Which colour has the sky?")


@pytest.fixture(scope="module")
def embedded(tokenizer: Any) -> Iterator[tuple[Any, str]]:
    model = language_models.build(language_models.parse({"kind": "embedded", "dtype": "float32"}))
    model.shapes = Shapes(pack=128, slots=2)  # type: ignore[attr-defined]  # less padding, as two prompts are asked
    with served(model, "smollm2") as url:
        yield model, url


def chat_prompts(model: Any) -> list[Prompt]:
    template = PromptTemplate(name="chat", form="chat", instruction="Answer in one word.")
    asked = [Question(text, text, ("x",), "test") for text in QUESTIONS]
    return [render(template, model, [], question, Context()) for question in asked]


@pytest.mark.slow
def test_embedded_model_answers_through_the_endpoint_as_directly(embedded: tuple[Any, str]) -> None:
    model, url = embedded
    through = client(url, model="smollm2", timeout=120)
    direct = dict(model.generate(chat_prompts(model), 6))
    answers = dict(through.generate(chat_prompts(through), 6))
    told = {index: (answer.text, answer.prompt_tokens, answer.output_tokens) for index, answer in direct.items()}
    assert {i: (answer.text, answer.prompt_tokens, answer.output_tokens) for i, answer in answers.items()} == told
    assert all(answer.text and answer.seconds == 0 and not answer.error for answer in answers.values())


@pytest.mark.slow
def test_embedded_model_streams_the_same_answer_and_continues_plain_text(embedded: tuple[Any, str]) -> None:
    model, url = embedded
    through = client(url, model="smollm2", timeout=120)
    asked, direct = chat_prompts(through)[0], model.respond(chat_prompts(model)[0], 6)[0]
    assert through.respond(asked, 6)[0].text == direct.text != ""
    plain = Prompt("The capital of France is", stop=())
    continued = client(url, model="smollm2", timeout=120, parameters={"assay_plain": True})
    assert continued.respond(plain, 6)[0].text == model.respond(plain, 6)[0].text != ""


@pytest.mark.slow
def test_prompt_that_is_too_long_is_an_answer_with_an_error(embedded: tuple[Any, str]) -> None:
    ((_, answer),) = client(embedded[1], model="smollm2", timeout=120).generate([Prompt("word " * 9000)], 8)
    assert answer.error.startswith("HTTP 400")
