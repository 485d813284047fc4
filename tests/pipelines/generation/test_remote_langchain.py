"""LangChain chat models by import path."""

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult

from pipelines.errors import UserError
from pipelines.generation import language_models
from pipelines.records import Answer, Prompt

FAKE = "langchain_core.language_models.fake_chat_models:FakeListChatModel"


class Recorder(BaseChatModel):
    """Answers with what it was asked: roles, stop strings (as numbers, or they would end the answer) and limit."""

    secret: str = ""

    @property
    def _llm_type(self) -> str:
        return "recorder"

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **more: Any,
    ) -> ChatResult:
        if self.secret:
            raise ValueError(f"bad key {self.secret}")
        ends = [[*map(ord, end)] for end in stop or ()]
        text = json.dumps([[(one.type, one.content) for one in messages], ends, more])
        usage = {"input_tokens": 9, "output_tokens": 4, "total_tokens": 13}
        return ChatResult(generations=[ChatGeneration(message=AIMessage(text, usage_metadata=usage))])


def make_recorder(secret: str = "") -> Recorder:
    return Recorder(secret=secret)


def make_anything(secret: str = "") -> Any:
    raise AssertionError("it must not be called")


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "recorders", sys.modules[__name__])


def build(factory: str, **fields: Any) -> Any:
    return language_models.build(language_models.parse({"kind": "langchain", "factory": factory, **fields}))


def test_fake_model_of_langchain_answers_with_estimated_tokens() -> None:
    model = build(FAKE, arguments={"responses": ["green \nmore"]})
    assert dict(model.generate([Prompt("What colour?"), Prompt("And now?")], 8)) == {
        0: Answer("green", 3, 3),
        1: Answer("green", 2, 3),
    }


@pytest.mark.parametrize("factory", ["recorders:Recorder", "recorders:make_recorder"])
def test_turns_stop_strings_and_limit_are_passed_and_usage_is_the_models(factory: str) -> None:
    prompt = Prompt("text", stop=("###",), messages=(("system", "s"), ("user", "u"), ("assistant", "a"), ("user", "v")))
    ((_, answer),) = build(factory, limit_argument="num_predict").generate([prompt], 8)
    turns = [["system", "s"], ["human", "u"], ["ai", "a"], ["human", "v"]]
    assert json.loads(answer.text) == [turns, [[35, 35, 35]], {"num_predict": 8}]
    assert (answer.prompt_tokens, answer.output_tokens, type(answer.text)) == (9, 4, str)


def test_respond_streams_piece_by_piece() -> None:
    answer, timing = build(FAKE, arguments={"responses": ["red"], "sleep": 0.05}).respond(Prompt("Hi"), 8)
    assert answer == Answer("red", 1, 1)
    assert timing.prefill >= 0.05
    assert timing.decode >= 0.1


def test_identity_names_factory_arguments_and_version_and_never_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLANTED", "Planted+Secret")
    model = build("recorders:Recorder", arguments={"secret": "${PLANTED}"})
    assert model.identity == {
        "factory": "recorders:Recorder",
        "arguments": '{"secret": "${PLANTED}"}',
        "version": "",
    }
    assert build(FAKE, arguments={"responses": ["a"]}).identity["version"].startswith("langchain-core==1")


def test_secret_is_filled_in_and_does_not_come_out_of_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLANTED", "Planted+Secret")
    model = build("recorders:Recorder", arguments={"secret": "${PLANTED}"})
    ((_, answer),) = model.generate([Prompt("Hi")], 8)
    assert answer == Answer("", 0, 0, error="ValueError: bad key ${PLANTED}")
    monkeypatch.delenv("PLANTED")
    with pytest.raises(UserError, match="environment variable PLANTED is not set"):
        _ = build("recorders:Recorder", arguments={"secret": "${PLANTED}"}).identity


@pytest.mark.parametrize(
    ("factory", "arguments", "message"),
    [
        ("no_such_package:Model", {}, "cannot be imported"),
        ("recorders:Missing", {}, "cannot be imported"),
        ("recorders:make_anything", {}, "neither a LangChain chat model nor annotated"),
        ("os:system", {"command": "false"}, "neither a LangChain chat model nor annotated"),
        ("recorders:FAKE", {}, "neither a LangChain chat model nor annotated"),
        (FAKE, {}, "llm.arguments: .* refuses them .responses: Field required"),
        ("recorders:make_recorder", {"size": 1}, "llm.arguments: .* unexpected keyword argument 'size'"),
    ],
)
def test_what_is_no_chat_model_is_a_user_error(factory: str, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        _ = build(factory, arguments=arguments).identity


@pytest.fixture
def failing() -> Iterator[Any]:
    """A server that answers every request with ``status``, or hangs where it is 0."""

    class Server(ThreadingHTTPServer):
        status = 500
        asked = 0
        daemon_threads = True

        def handle_error(self, *arguments: Any) -> None:
            pass

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            server.asked += 1
            if not server.status:
                time.sleep(1)
            self.send_response(server.status or 200)
            self.end_headers()

        def log_message(self, *arguments: Any) -> None:
            pass

    server = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def through_langchain(server: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("PLANTED", "Planted+Secret")
    arguments = {
        "model": "m",
        "base_url": f"http://127.0.0.1:{server.server_address[1]}/v1",
        "api_key": "${PLANTED}",
        "timeout": 0.3,
        "max_retries": 0,
    }
    return build("langchain_openai:ChatOpenAI", arguments=arguments, attempts=2)


@pytest.mark.parametrize(("status", "error"), [(500, "HTTP 500"), (0, "no reply in time")])
def test_passing_failures_of_a_vendors_class_are_tried_again(
    failing: Any, monkeypatch: pytest.MonkeyPatch, status: int, error: str
) -> None:
    failing.status = status
    model = through_langchain(failing, monkeypatch)
    assert model.name == "m"
    assert list(model.generate([Prompt("Hi")], 8)) == [(0, Answer("", 0, 0, error=error))]
    assert failing.asked == 2


@pytest.mark.parametrize(("status", "line"), [(401, "llm.arguments: the key is refused"), (404, "llm.arguments.model")])
def test_refusals_of_a_vendors_class_stop_the_run(
    failing: Any, monkeypatch: pytest.MonkeyPatch, status: int, line: str
) -> None:
    failing.status = status
    with pytest.raises(UserError, match=line):
        list(through_langchain(failing, monkeypatch).generate([Prompt("Hi")], 8))
