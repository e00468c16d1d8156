"""RemoteModel against a real loopback server: what is sent, what is made of answers, and every failure."""

from __future__ import annotations

from typing import Any

import pytest
from engines import PREFIX, FakeEngine, opened, refusal, roles, write
from loopback import Response

from summarizer.errors import ContextTooSmall, RemoteError
from summarizer.models.protocol import Completion, Prefix, Row, Sampling
from summarizer.models.remote import defuse, estimate, without_opening
from summarizer.models.remote_http import api_base

NUMBERS = [str(number) for number in range(1, 11)]


def rate(engine: FakeEngine, choices: list[str] = NUMBERS) -> list[float]:
    with opened(engine) as model, model.read(PREFIX) as session:
        return session.rate(["How much?"], choices)[0]


# --- what is sent ---


def test_a_row_is_one_request_with_everything_in_it() -> None:
    engine = FakeEngine()
    sampling = Sampling(temperature=0.7, top_p=0.9, repetition_penalty=1.2, seed=5)
    write(engine, Row("Summarise.", max_tokens=33, stop=("\n",), sampling=sampling))
    (sent,) = engine.payloads
    assert sent["model"] == "m"
    assert sent["messages"] == [
        {"role": "system", "content": "You are an analyst."},
        {"role": "user", "content": "The article.\n\nSummarise."},
    ]
    expected = {"max_tokens": 33, "temperature": 0.7, "top_p": 0.9, "seed": 5, "stop": ["\n"]}
    assert {name: sent[name] for name in expected} == expected
    assert sent["repetition_penalty"] == 1.2


def test_addresses_with_and_without_version() -> None:
    assert api_base("http://h:1") == api_base("http://h:1/v1/") == "http://h:1/v1"
    assert api_base("https://h/proxy") == "https://h/proxy/v1"
    assert api_base("https://h/v1beta/openai") == "https://h/v1beta/openai"
    assert api_base("http://h/v1/chat/completions") == "http://h/v1"


def test_key_comes_from_the_environment_and_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-general")
    monkeypatch.setenv("ANALYST_BRIEF_API_KEY", "sk-own-secret")
    engine = FakeEngine(refuse=lambda payload: refusal(401, "wrong key sk-own-secret given"))
    with pytest.raises(RemoteError) as caught:
        write(engine, Row("x"))
    assert engine.headers[0]["authorization"] == "Bearer sk-own-secret"
    assert len(engine.payloads) == 1
    assert "401" in caught.value.message
    assert "ANALYST_BRIEF_API_KEY" in caught.value.hint
    assert "sk-own-secret" not in str(caught.value)
    monkeypatch.delenv("ANALYST_BRIEF_API_KEY")
    with opened(engine) as model:
        assert "sk-general" not in repr(model.info)


def test_no_key_sends_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANALYST_BRIEF_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    engine = FakeEngine()
    write(engine, Row("x"))
    assert "authorization" not in engine.headers[0]


def test_control_tokens_in_the_document_are_broken_up() -> None:
    engine = FakeEngine()
    prefix = Prefix("s", "a <|im_end|> b </s> [/INST] <start_of_turn> c < d |> [1]")
    with opened(engine) as model, model.read(prefix) as session:
        session.write([Row("go")])
    content = engine.payloads[0]["messages"][1]["content"]
    assert content == "a < |im_end|> b < /s> [ /INST] < start_of_turn> c < d |> [1]\n\ngo"
    assert defuse("if a<b and c|>d then <b>") == "if a<b and c|>d then <b>"


def test_opening_is_continued_where_the_engine_can_and_asked_for_where_not() -> None:
    row = Row("Ask.", opening="How much")
    plain = FakeEngine(lambda payload: "how  much will it cost?")
    assert write(plain, row)[0].text == " will it cost?"
    assert roles(plain.payloads[0]) == ["system", "user"]
    assert "How much" in plain.payloads[0]["messages"][1]["content"]
    vllm = FakeEngine(lambda payload: " will it cost?", listed={"owned_by": "vllm"})
    assert write(vllm, row)[0].text == " will it cost?"
    assert roles(vllm.payloads[0]) == ["system", "user", "assistant"]
    assert vllm.payloads[0]["continue_final_message"] is True

    def refuse(payload: dict[str, Any]) -> Response | None:
        return refusal(400, "last role must be user") if roles(payload)[-1] == "assistant" else None

    stubborn = FakeEngine(lambda payload: "It costs 5.", listed={"owned_by": "llamacpp"}, refuse=refuse)
    assert write(stubborn, row, row)[1].text == "It costs 5."
    assert without_opening("Howmuch", "How much") == "Howmuch"


@pytest.mark.parametrize("field", ["seed", "top_p", "stop", "temperature", "repetition_penalty"])
def test_what_an_engine_does_not_accept_is_left_out_and_remembered(field: str) -> None:
    def refuse(payload: dict[str, Any]) -> Response | None:
        return refusal(400, f"Unrecognized argument: {field}") if field in payload else None

    engine = FakeEngine(lambda payload: "one STOP two", refuse=refuse)
    row = Row("x", stop=("STOP",), sampling=Sampling(repetition_penalty=1.1))
    with opened(engine, parallel=1) as model, model.read(PREFIX) as session:
        first, second = session.write([row, row])
    assert first.text == second.text == "one "
    assert [field in payload for payload in engine.payloads] == [True, False, False]


def test_an_unclear_refusal_drops_what_is_not_part_of_the_api() -> None:
    def refuse(payload: dict[str, Any]) -> Response | None:
        return refusal(422, "bad request") if "repetition_penalty" in payload else None

    assert write(FakeEngine(refuse=refuse), Row("x", sampling=Sampling(repetition_penalty=1.1)))
    with pytest.raises(RemoteError, match="400: bad request"):
        write(FakeEngine(refuse=lambda payload: refusal(400, "bad request")), Row("x"))


def test_newer_name_of_the_length_field_is_learnt() -> None:
    def refuse(payload: dict[str, Any]) -> Response | None:
        if "max_tokens" in payload:
            return refusal(400, "Use 'max_completion_tokens' instead of 'max_tokens'.")
        return None

    assert write(FakeEngine(refuse=refuse), Row("x", max_tokens=9))[0].text == "An answer."


# --- what is made of answers ---


def test_answers_come_in_order_and_say_how_they_ended() -> None:
    engine = FakeEngine(lambda payload: payload["messages"][-1]["content"].split("\n\n")[1] + " b c d")
    done: list[int] = []
    with opened(engine) as model, model.read(PREFIX) as session:
        rows = [Row(f"r{n}", max_tokens=2 if n % 2 else 9, stop=("d",) if n == 0 else ()) for n in range(7)]
        out = session.write(rows, on_done=lambda number, completion: done.append(number))
        assert session.usage.prompt_tokens == 7 * 50
        assert session.usage.completion_tokens == sum(each.tokens for each in out)
    assert [each.text.split()[0] for each in out] == [f"r{n}" for n in range(7)]
    assert out[0] == Completion("r0 b c ", 4, "stop")
    assert out[1] == Completion("r1 b", 2, "length")
    assert sorted(done) == list(range(7))


def test_thoughts_are_not_part_of_the_answer() -> None:
    assert write(FakeEngine(lambda p: "<think>hm\nwell</think>\n\nYes."), Row("x"))[0].text == "Yes."
    assert write(FakeEngine(lambda p: "<think>hm and so on"), Row("x", max_tokens=3))[0].text == ""


def test_ratings_follow_the_distribution() -> None:
    weights = rate(FakeEngine(first={"8": 0.5, " 7": 0.2, "9.": 0.1, "The": 0.2}))
    assert weights[6:9] == pytest.approx([0.25, 0.625, 0.125])
    assert sum(weights) == pytest.approx(1)


def test_ten_is_told_from_one_by_what_follows() -> None:
    split = rate(FakeEngine(first={"1": 0.8, "9": 0.2}, second={"0": 0.75, "<end>": 0.25}))
    assert (split[0], split[8], split[9]) == pytest.approx((0.2, 0.2, 0.6))
    whole = rate(FakeEngine(first={"10": 0.6, "9": 0.4}))
    assert (whole[8], whole[9]) == pytest.approx((0.4, 0.6))
    high = rate(FakeEngine(first={"9": 0.6, "1": 0.3, "8": 0.1}))  # "1" was not written: 9 and 8 speak for 10
    assert (high[0], high[9]) == pytest.approx((0, 0.3))
    low = rate(FakeEngine(first={"2": 0.6, "1": 0.4}))
    assert (low[0], low[9]) == pytest.approx((0.4, 0))


def test_an_engine_that_continues_is_asked_what_follows_one() -> None:
    class Continuing(FakeEngine):
        def _completion(self, payload: dict[str, Any]) -> dict[str, Any]:
            continued = roles(payload)[-1] == "assistant"
            self.first = {"0": 0.5, ".": 0.5} if continued else {"9": 0.6, "1": 0.4}
            return super()._completion(payload)

    engine = Continuing(listed={"owned_by": "vllm"})
    weights = rate(engine)
    assert (weights[0], weights[8], weights[9]) == pytest.approx((0.2, 0.6, 0.2))
    assert engine.payloads[1]["messages"][-1] == {"role": "assistant", "content": "1"}


def test_without_logprobs_the_written_number_counts() -> None:
    def refuse(payload: dict[str, Any]) -> Response | None:
        return refusal(400, "logprobs are not supported") if "logprobs" in payload else None

    assert rate(FakeEngine(lambda p: "10 out of 10", refuse=refuse))[9] == 1.0
    assert rate(FakeEngine(lambda p: "I say 7."))[6] == 1.0
    assert rate(FakeEngine(lambda p: "No idea"), ["yes", "no"]) == [0.5, 0.5]


def test_fewer_top_logprobs_are_taken_where_twenty_are_too_many() -> None:
    def refuse(payload: dict[str, Any]) -> Response | None:
        return refusal(400, "top_logprobs must be at most 5") if payload["top_logprobs"] > 5 else None

    assert rate(FakeEngine(first={"8": 1.0}, refuse=refuse))[7] == 1.0


def test_window_is_the_engines_own() -> None:
    for listed in ({"max_model_len": 777}, {"meta": {"n_ctx": 777}}, {"context_length": 777}):
        with opened(FakeEngine(listed=listed)) as model:
            assert model.info.context_tokens == 777
            with pytest.raises(ContextTooSmall), model.read(Prefix("", "word " * 800)):
                pass
            with model.read(PREFIX) as session, pytest.raises(ContextTooSmall):
                session.write([Row("x", max_tokens=777)])
    with opened(FakeEngine()) as model:
        assert model.info.context_tokens == 8192
    with opened(FakeEngine(), context_tokens=99) as model:
        assert model.info.context_tokens == 99


def test_counts_are_upper_estimates() -> None:
    assert estimate("") == 0
    assert estimate("The agency spent 1,234,567 dollars.") >= 7 + 2 + 6
    assert estimate("abcdef") == 2
