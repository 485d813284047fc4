"""A model behind an endpoint, against a real HTTP server on this machine that behaves as its script says."""

import json
import logging
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from pipelines.errors import UserError
from pipelines.generation import language_models
from pipelines.generation.endpoints import retry_after, scrub
from pipelines.generation.prompts import PromptTemplate, render
from pipelines.generation.remote import Pace, cut, estimate
from pipelines.records import Answer, Context, Prompt, Question

SECRET = "sk-Planted/Secret+123"
Script = Callable[["Server", BaseHTTPRequestHandler, dict[str, Any]], None]


def say(handler: BaseHTTPRequestHandler, body: Any, status: int = 200, **headers: str) -> None:
    text = body if isinstance(body, str) else json.dumps(body)
    handler.send_response(status)
    headers = {"Content-Type": "application/json", "Content-Length": str(len(text.encode())), **headers}
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(text.encode())


def reply(text: str | None, **more: Any) -> dict[str, Any]:
    return {
        "choices": [{"message": {"content": text}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 7, "completion_tokens": 2},
        **more,
    }


def echo(server: "Server", handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
    say(handler, reply(f"echo {body['messages'][-1]['content']}"))


@dataclass
class Server:
    """What the server was asked: bodies of chat requests, when they came, the keys, and the most at one time."""

    script: Script = echo
    listed: Any = field(default_factory=lambda: {"data": [{"id": "m", "root": "m-2026-01"}]})
    listed_status: int = 200
    bodies: list[dict[str, Any]] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0
    url: str = ""
    lock: Any = field(default_factory=threading.Lock)

    def count(self, content: str) -> int:
        return sum(body["messages"][-1]["content"] == content for body in self.bodies)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("TEST_LLM_KEY", SECRET)
    state = Server()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            state.keys.append(self.headers["Authorization"])
            say(self, state.listed, state.listed_status)

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with state.lock:
                state.times.append(time.monotonic())
                state.bodies.append(body)
                state.keys.append(self.headers["Authorization"])
                state.at_once += 1
                state.most_at_once = max(state.most_at_once, state.at_once)
            try:
                state.script(state, self, body)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True
            finally:
                with state.lock:
                    state.at_once -= 1

        def log_message(self, *arguments: Any) -> None:
            pass

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 64

        def handle_error(self, *arguments: Any) -> None:
            pass

    httpd = Quiet(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{httpd.server_address[1]}/v1"
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield state
    httpd.shutdown()
    httpd.server_close()


def remote(server: Server, **fields: Any) -> Any:
    data = {"kind": "openai", "model": "m", "base_url": server.url, "api_key": "${TEST_LLM_KEY}", "timeout": 5}
    return language_models.build(language_models.parse({**data, **fields}))


def ask(model: Any, *texts: str) -> dict[str, Answer]:
    prompts = [Prompt(text) for text in texts]
    return {texts[index]: answer for index, answer in model.generate(prompts, 16)}


def close(handler: BaseHTTPRequestHandler) -> None:
    handler.close_connection = True
    handler.connection.close()


def test_request_is_greedy_and_carries_key_limit_and_stop(server: Server) -> None:
    assert ask(remote(server), "Hi") == {"Hi": Answer("echo Hi", 7, 2)}
    assert server.bodies == [
        {
            "model": "m",
            "messages": [{"role": "user", "content": "Hi"}],
            "temperature": 0,
            "seed": 0,
            "stop": ["\n"],
            "max_tokens": 16,
        }
    ]
    assert server.keys == [f"Bearer {SECRET}"]


def test_parameters_and_limit_field_change_the_request(server: Server) -> None:
    model = remote(server, api_key_env="", limit_field="max_completion_tokens", parameters={"seed": None, "top_k": 1})
    list(model.generate([Prompt("Hi", stop=())], 9))
    assert server.bodies == [
        {
            "model": "m",
            "messages": [{"role": "user", "content": "Hi"}],
            "temperature": 0,
            "max_completion_tokens": 9,
            "top_k": 1,
        }
    ]


def test_messages_go_out_as_turns(server: Server, fake_model: Any) -> None:
    asked = Question("q", "Which colour?", ("red",), "test")
    template = PromptTemplate(name="chat", form="chat", examples=1, instruction="Be brief.")
    model = remote(server)
    prompt = render(template, model, [(asked, Context())], asked, Context())
    turns = [("system", "Be brief."), ("user", "Question: Which colour?"), ("assistant", "red")]
    assert prompt.messages == (*turns, ("user", "Question: Which colour?"))
    assert prompt.prefix == "system: Be brief.\nuser: Question: Which colour?\nassistant: red\nuser: "
    assert prompt.text == f"{prompt.prefix}Question: Which colour?\nassistant:"
    assert render(PromptTemplate(name="plain"), fake_model, [], asked, Context()).messages == ()
    list(model.generate([prompt], 16))
    assert [(one["role"], one["content"]) for one in server.bodies[0]["messages"]] == list(prompt.messages)


def test_stop_strings_are_cut_here_as_well(server: Server) -> None:
    server.script = lambda state, handler, body: say(handler, reply(" red \nand more"))
    assert ask(remote(server), "Hi")["Hi"].text == "red"


def test_tokens_are_estimated_where_the_endpoint_counts_none(server: Server) -> None:
    server.script = lambda state, handler, body: say(handler, reply("12345", usage=None))
    assert ask(remote(server), "123456789") == {"123456789": Answer("12345", 3, 2)}


def test_tokens_of_a_text_are_a_quarter_of_its_characters(server: Server) -> None:
    assert remote(server).count_tokens(["", "a", "abcd", "abcde"]) == [0, 1, 1, 2]


def test_requests_run_together_and_never_more_than_allowed(server: Server) -> None:
    def slow(state: Server, handler: Any, body: dict[str, Any]) -> None:
        time.sleep(0.1)
        echo(state, handler, body)

    server.script = slow
    texts = [f"q{number}" for number in range(9)]
    answers = ask(remote(server, concurrency=3), *texts)
    assert answers == {text: Answer(f"echo {text}", 7, 2) for text in texts}
    assert server.most_at_once == 3


def test_answers_are_yielded_as_they_come(server: Server) -> None:
    release = threading.Event()

    def script(state: Server, handler: Any, body: dict[str, Any]) -> None:
        if body["messages"][0]["content"] == "slow":
            release.wait(5)
        echo(state, handler, body)

    server.script = script
    answers = remote(server, concurrency=2).generate([Prompt("slow"), Prompt("quick")], 16)
    assert next(answers)[0] == 1
    release.set()
    assert [index for index, _ in answers] == [0]


def test_whoever_stops_early_keeps_what_came_and_sends_no_more(server: Server) -> None:
    def slow(state: Server, handler: Any, body: dict[str, Any]) -> None:
        time.sleep(0.05)
        echo(state, handler, body)

    server.script = slow
    answers = remote(server, concurrency=1).generate([Prompt(str(number)) for number in range(50)], 16)
    kept = [next(answers), next(answers)]
    answers.close()
    sent = len(server.bodies)
    time.sleep(0.2)
    assert [answer.text for _, answer in kept] == ["echo 0", "echo 1"]
    assert len(server.bodies) <= sent + 1 <= 5


def test_busy_server_is_asked_again_after_the_time_it_names(server: Server) -> None:
    def script(state: Server, handler: Any, body: dict[str, Any]) -> None:
        if len(state.bodies) == 1:
            say(handler, {"error": {"message": "slow down"}}, 429, Retry_After="1")
        else:
            echo(state, handler, body)

    server.script = script
    assert ask(remote(server), "Hi")["Hi"] == Answer("echo Hi", 7, 2)
    assert server.times[1] - server.times[0] >= 1


@pytest.mark.parametrize("status", [408, 429, 500, 503])
def test_what_passes_is_tried_again(server: Server, status: int) -> None:
    def script(state: Server, handler: Any, body: dict[str, Any]) -> None:
        say(handler, {}, status) if len(state.bodies) == 1 else echo(state, handler, body)

    server.script = script
    assert ask(remote(server), "Hi")["Hi"].text == "echo Hi"


def only_bad(bad: Callable[[Any], None]) -> Script:
    """Misbehaves for the prompt ``bad`` and answers the others."""

    def script(state: Server, handler: Any, body: dict[str, Any]) -> None:
        bad(handler) if body["messages"][-1]["content"] == "bad" else echo(state, handler, body)

    return script


@pytest.mark.parametrize(
    ("bad", "error", "attempts"),
    [
        (lambda handler: say(handler, {"error": {"message": "boom"}}, 500), "HTTP 500", 2),
        (lambda handler: time.sleep(1.0), "no reply in time", 2),
        (close, "the connection broke off", 2),
        (lambda handler: say(handler, "{", Content_Length="99") or close(handler), "the connection broke off", 2),
        (lambda handler: say(handler, "<html>hello</html>"), "the reply is not JSON", 1),
        (lambda handler: say(handler, {"choices": []}), "the reply has no choices", 1),
        (lambda handler: say(handler, [1]), "the reply has no choices", 1),
        (lambda handler: say(handler, {}, 429, Retry_After="7200"), "HTTP 429: asks to wait 7200 s", 1),
        (lambda handler: say(handler, {"error": {"message": "too long"}}, 400), "HTTP 400", 1),
    ],
    ids=["500", "hangs", "cut", "cut in the body", "no JSON", "no choices", "a list", "asks for hours", "400"],
)
def test_failed_prompt_is_an_answer_with_an_error_and_the_others_are_answered(
    server: Server, bad: Callable[[Any], None], error: str, attempts: int
) -> None:
    server.script = only_bad(bad)
    answers = ask(remote(server, attempts=2, timeout=0.3), "good", "bad", "fine")
    assert answers["bad"].error.startswith(error)
    assert (answers["bad"].text, answers["bad"].prompt_tokens, answers["bad"].output_tokens) == ("", 0, 0)
    assert (answers["good"].text, answers["fine"].text) == ("echo good", "echo fine")
    assert server.count("bad") == attempts


def test_reply_without_text_is_an_error_that_was_paid_for(server: Server) -> None:
    server.script = lambda state, handler, body: say(handler, reply(None))
    assert ask(remote(server), "Hi")["Hi"] == Answer("", 7, 2, error="the reply has no text (finish_reason stop)")


@pytest.mark.parametrize(
    ("status", "body", "line"),
    [
        (401, {}, "llm.api_key_env TEST_LLM_KEY: the key is refused (HTTP 401) at llm.base_url URL; put a valid"),
        (403, {}, "llm.api_key_env TEST_LLM_KEY: the key is refused (HTTP 403) at llm.base_url URL; put a valid"),
        (404, {"error": {"message": "gone"}}, "llm.model 'm': no such model or path (HTTP 404"),
        (429, {"error": {"code": "insufficient_quota"}}, "llm.api_key_env TEST_LLM_KEY: the account has no credit"),
        (400, {"error": {"message": "Unsupported parameter: seed"}}, "llm.parameters: llm.base_url URL refuses seed"),
        (422, {"detail": "max_tokens: Extra inputs are not permitted"}, "llm.parameters: llm.base_url URL refuses max"),
    ],
)
def test_what_concerns_all_requests_stops_the_run_after_the_answers_under_way(
    server: Server, status: int, body: Any, line: str
) -> None:
    def script(state: Server, handler: Any, asked: dict[str, Any]) -> None:
        if asked["messages"][-1]["content"] == "0":
            echo(state, handler, asked)
        else:
            say(handler, body, status)

    server.script = script
    yielded = []

    def collect() -> None:
        for index, answer in remote(server, concurrency=1).generate([Prompt(str(n)) for n in range(30)], 16):
            yielded.append((index, answer.text))

    with pytest.raises(UserError) as caught:
        collect()
    assert yielded == [(0, "echo 0")]
    assert str(caught.value).startswith(line.replace("URL", server.url))
    assert "\n" not in str(caught.value)
    assert len(server.bodies) <= 4


def test_endpoint_that_went_away_stops_the_run() -> None:
    model = remote(Server(url="http://127.0.0.1:9/v1"), api_key_env="", api_key="${HOME}", attempts=2)
    with pytest.raises(UserError, match=r"^llm.base_url http://127.0.0.1:9/v1: nothing takes the connection; answers"):
        ask(model, "Hi", "Ho")


def test_identity_names_place_model_version_and_request_and_is_asked_once(server: Server) -> None:
    model = remote(server)
    assert model.identity == {
        "endpoint": server.url,
        "model": "m",
        "version": "{'root': 'm-2026-01'}",
        "request": "{'model': 'm', 'messages': [], 'temperature': 0, 'seed': 0, 'stop': ['\\n'], 'max_tokens': 0}",
    }
    assert model.identity is model.identity
    assert (len(server.keys), server.bodies) == (1, [])
    assert remote(server, concurrency=2, timeout=9).identity == model.identity
    assert remote(server, parameters={"top_p": 0.5}).identity != model.identity


@pytest.mark.parametrize(
    ("listed", "status"), [({"data": []}, 200), ({}, 404), ("<html>", 200), ([], 200), ({"data": None}, 200)]
)
def test_model_that_is_not_listed_is_asked_for_one_token(server: Server, listed: Any, status: int) -> None:
    server.listed, server.listed_status = listed, status
    assert remote(server).identity["version"] == "{}"
    assert [body["max_tokens"] for body in server.bodies] == [1]


def test_unknown_model_is_a_user_error_that_names_the_nearest(server: Server) -> None:
    server.listed = {"data": [{"id": "gemma-small"}, {"id": "other"}]}
    server.script = lambda state, handler, body: say(handler, {"error": {"message": "no such model"}}, 404)
    with pytest.raises(UserError, match=r"^llm.model 'gemma-smal': .*did you mean 'gemma-small'\?$"):
        _ = remote(server, model="gemma-smal").identity


@pytest.mark.parametrize(("status", "field"), [(401, "llm.api_key_env"), (403, "llm.api_key_env"), (500, "llm.base_")])
def test_identity_of_an_endpoint_that_refuses_is_a_user_error(server: Server, status: int, field: str) -> None:
    server.listed_status = status
    with pytest.raises(UserError) as caught:
        _ = remote(server, attempts=2).identity
    assert str(caught.value).startswith(field)
    assert server.url in str(caught.value)
    assert server.bodies == []


def test_identity_of_an_absent_endpoint_fails_at_once() -> None:
    started = time.monotonic()
    with pytest.raises(UserError, match=r"^llm.base_url http://127.0.0.1:9/v1: nothing takes the connection; start"):
        _ = remote(Server(url="http://127.0.0.1:9/v1"), api_key_env="", api_key="${PATH}").identity
    assert time.monotonic() - started < 3


def events(*chunks: Any, end: str = "data: [DONE]\n\n") -> str:
    return "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks) + end


def piece(text: str, reason: str | None = None) -> dict[str, Any]:
    return {"choices": [{"delta": {"content": text}, "finish_reason": reason}]}


def test_respond_streams_and_times_first_and_last_text(server: Server) -> None:
    def script(state: Server, handler: Any, body: dict[str, Any]) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream")
        handler.send_header("Connection", "close")
        handler.end_headers()
        usage = {"choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 3}}
        for pause, text in ((0.2, events(piece("re"), end="")), (0.4, events(piece("d", "stop"), usage))):
            time.sleep(pause)
            handler.wfile.write(text.encode())
            handler.wfile.flush()
        handler.close_connection = True

    server.script = script
    answer, timing = remote(server).respond(Prompt("Hi"), 16)
    assert answer == Answer("red", 5, 3)
    assert timing.prefill >= 0.2
    assert timing.decode >= 0.3
    assert server.bodies[0]["stream"] is True
    assert server.bodies[0]["stream_options"] == {"include_usage": True}


@pytest.mark.parametrize(
    ("text", "length", "error", "attempts"),
    [
        (events(piece("re"), end=""), "", "the connection broke off", 2),
        (events(piece("re"), end=""), "999", "the connection broke off", 2),
        ("data: {{{\n\n", "", "the reply is not JSON", 1),
    ],
    ids=["ends early", "cut", "no JSON"],
)
def test_broken_stream_is_an_answer_with_an_error(
    server: Server, text: str, length: str, error: str, attempts: int
) -> None:
    def script(state: Server, handler: Any, body: dict[str, Any]) -> None:
        length_header = {"Content_Length": length} if length else {}
        say(handler, text, Content_Type="text/event-stream", Connection="close", **length_header)
        handler.close_connection = True

    server.script = script
    answer, _ = remote(server, attempts=2).respond(Prompt("Hi"), 16)
    assert answer == Answer("", 0, 0, error=error)
    assert len(server.bodies) == attempts


def spread(server: Server, model: Any, texts: str) -> float:
    """Seconds from the first request to the last, as the server saw them, over a connection that is open already."""
    ask(model, "warm")
    server.times.clear()
    ask(model, *texts)
    return server.times[-1] - server.times[0]


def test_requests_per_minute_hold_on_the_server(server: Server) -> None:
    # One in 0.1 s; what is subtracted is how unevenly requests may travel.
    assert 0.5 - 0.05 < spread(server, remote(server, requests_per_minute=600), "abcdef") < 2


def test_tokens_per_minute_hold_on_the_server(server: Server) -> None:
    # 1 + 16 tokens are asked for in a request, at 100 a second: the second starts 0.17 s after the first.
    assert 0.34 - 0.05 < spread(server, remote(server, tokens_per_minute=6000), "abc") < 2


def test_tokens_that_a_reply_did_not_use_are_given_back(server: Server) -> None:
    # One after the other, each uses 7 + 2 of the 17 tokens asked for: 0.09 s apart instead of 0.17 s.
    assert 0.45 - 0.05 < spread(server, remote(server, tokens_per_minute=6000, concurrency=1), "abcdef") < 0.8


@given(st.lists(st.floats(0, 50), min_size=1, max_size=30), st.floats(1, 1000))
def test_pace_starts_everything_as_late_as_the_amounts_before_it_need(amounts: list[float], limit: float) -> None:
    pace = Pace(limit)
    started = time.monotonic()
    waits = [pace.reserve(amount) for amount in amounts]
    spent = time.monotonic() - started
    for place, wait in enumerate(waits):
        due = sum(amounts[:place]) * 60 / limit
        assert due - spent - 1e-6 <= wait <= due + spent + 1e-6


def test_no_limit_waits_for_nothing() -> None:
    pace = Pace(None)
    assert [pace.reserve(1e9), pace.reserve(1e9)] == [0, 0]


@given(st.text(max_size=40), st.lists(st.text(min_size=1, max_size=3), max_size=3))
def test_cut_leaves_no_stop_string_and_only_the_beginning(text: str, stop: list[str]) -> None:
    left = cut(text, stop)
    assert left == left.strip()
    assert text.strip().startswith(left) or text.lstrip().startswith(left)
    assert not any(end in left for end in stop)
    assert estimate(left) == -(-len(left) // 4)


def test_retry_after_is_seconds_or_a_date() -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    assert retry_after({"retry-after": "2.5"}) == 2.5
    assert 28 < retry_after({"retry-after": later}) <= 30
    assert retry_after({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}) == 0
    assert retry_after({"retry-after": "soon"}) == retry_after({}) == 0


def test_endpoint_takes_no_adapter_and_cannot_be_tuned(server: Server) -> None:
    model = remote(server)
    with pytest.raises(UserError, match="cannot load an adapter"):
        model.generate([Prompt("Hi")], 16, Path("adapter"))
    with pytest.raises(UserError, match="cannot load an adapter"):
        model.respond(Prompt("Hi"), 16, Path("adapter"))
    with pytest.raises(UserError, match="an endpoint cannot be tuned here"):
        model.trainable()
    assert model.paid_by_token is True


def test_config_keeps_the_name_of_the_key_alone() -> None:
    config = language_models.parse({"kind": "openai", "model": "m", "api_key": "${MY_KEY}"})
    assert config.model_dump()["api_key_env"] == "MY_KEY"
    assert "api_key" not in config.model_dump()
    assert language_models.parse(config.model_dump()) == config


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"api_key": SECRET}, r"api_key\n.*write \$\{NAME\}"),
        ({"api_key": 12345}, r"api_key\n.*write \$\{NAME\}"),
        ({"api_key_env": "hf_PlantedSecret"}, "api_key_env"),
        ({"base_url": f"https://me:{SECRET}@host/v1"}, "without user, password or query"),
        ({"base_url": f"https://host/v1?key={SECRET}"}, "without user, password or query"),
        ({"base_url": "ftp://host"}, "starts with http"),
        ({"parameters": {"model": "x"}}, "model: set by Assay itself"),
        ({"apikey": SECRET}, "did you mean 'api_key_env'"),
        ({"kind": "langchain", "factory": "a:b", "arguments": {"api_key": SECRET}}, "arguments.api_key"),
        (
            {"kind": "langchain", "factory": "a:b", "arguments": {"headers": [{"Authorization": SECRET}]}},
            "headers.0.Au",
        ),
    ],
)
def test_refused_config_names_the_field_and_not_the_secret(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message) as caught:
        language_models.parse({"kind": "openai", "model": "m", **fields})
    assert SECRET not in str(caught.value)
    assert "PlantedSecret" not in str(caught.value)
    carried = "".join(str(problem["input"]) for problem in caught.value.errors())
    assert SECRET not in carried
    assert "PlantedSecret" not in carried


def test_key_that_is_not_set_or_is_no_key_is_a_user_error(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TEST_LLM_KEY")
    with pytest.raises(UserError, match=r"^llm.api_key_env: TEST_LLM_KEY is not set"):
        _ = remote(server).identity
    monkeypatch.setenv("TEST_LLM_KEY", "schlüssel")
    with pytest.raises(UserError, match="characters that no key has"):
        _ = remote(server).identity
    assert server.keys == []


@pytest.mark.parametrize("status", [200, 400, 401, 403, 404, 422, 429, 500])
def test_secret_reaches_no_error_log_or_repr(server: Server, caplog: pytest.LogCaptureFixture, status: int) -> None:
    """The server repeats the key in whatever it says."""
    message = {"error": {"message": f"unsupported key {SECRET} in seed"}}
    server.script = lambda state, handler, body: say(handler, message, status)
    server.listed, server.listed_status = message, status
    caplog.set_level(logging.DEBUG)
    model = remote(server, attempts=1)
    seen = [repr(model), str(vars(model)), repr(model.endpoint)]
    for act in (lambda: model.identity, lambda: ask(model, "Hi"), lambda: model.respond(Prompt("Hi"), 4)):
        try:
            seen.append(repr(act()))
        except UserError:
            seen.append(traceback.format_exc())
    assert server.keys[0] == f"Bearer {SECRET}"
    assert SECRET not in "".join(seen)
    assert caplog.records
    assert SECRET not in "\n".join(record.getMessage() for record in caplog.records)


def test_scrub_hides_named_and_secret_looking_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTHER_API_KEY", "abcdefgh-1")
    monkeypatch.setenv("PLAIN", "xy")
    monkeypatch.setenv("SHORT_TOKEN", "the")
    assert scrub("is abcdefgh-1 or\nxy the key", ["PLAIN"]) == "is ${OTHER_API_KEY} or ${PLAIN} the key"
    assert len(scrub("a" * 999)) == 200
