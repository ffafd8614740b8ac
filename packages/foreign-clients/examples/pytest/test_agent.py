import os, pathlib
import pytest
import agent

SCENARIO = pathlib.Path(__file__).parent.parent / "agent.toml"
WEATHER = {"Berlin": 7, "Rome": 21}
TOOLS = {
    "get_weather": lambda city: {"celsius": WEATHER[city]},
    "send_mail": lambda to, body: {"status": "sent"},
}


@pytest.mark.parametrize("stream", [False, True])
def test_compares_the_weather(gemini, stream):
    gemini.rules(SCENARIO)
    words, calls = agent.run(gemini.url, "Where is it warmer?", TOOLS, stream)
    assert words == "Told grace@example.com."
    assert calls == [
        ("get_weather", {"city": "Berlin"}),
        ("get_weather", {"city": "Rome"}),
        ("send_mail", {"to": "ada@example.com", "body": "Rome is warmer."}),
        ("send_mail", {"to": "grace@example.com", "body": "Ask Ada, please."}),
    ]
    gemini.verify({"when": {"after": "get_weather"}, "times": 2}, {"when": {"step": 4}, "times": 1}, in_order=True)


@pytest.mark.skipif("SHOW_FAILURE" not in os.environ, reason="shows what a failure looks like")
def test_fails(gemini):
    gemini.rules(SCENARIO)
    agent.run(gemini.url, "Where is it colder?", TOOLS)
