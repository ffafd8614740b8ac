"""An agent with two tools, over the API itself: the model calls, the agent answers, until the model only speaks."""
import json, urllib.request

MODEL = "gemini-3.8-flash"


def declaration(name, **properties):
    schema = {"type": "object", "properties": {key: {"type": kind} for key, kind in properties.items()}}
    return {"name": name, "parametersJsonSchema": schema}


DECLARATIONS = [declaration("get_weather", city="string"), declaration("send_mail", to="string", body="string")]


def parts_of(url, body, stream):
    method = "streamGenerateContent?alt=sse" if stream else "generateContent"
    headers = {"x-goog-api-key": "any", "content-type": "application/json"}
    request = urllib.request.Request(f"{url}/v1beta/models/{MODEL}:{method}", json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request) as answer:
        if not stream:
            return json.load(answer)["candidates"][0]["content"]["parts"]
        chunks = [json.loads(line[6:]) for line in answer if line.startswith(b"data: ")]
        return [part for chunk in chunks for part in chunk["candidates"][0]["content"].get("parts", [])]


def run(url, question, tools, stream=False):
    """The last words of the model, and the calls that it made."""
    contents = [{"role": "user", "parts": [{"text": question}]}]
    calls = []
    for _ in range(10):
        parts = parts_of(url, {"contents": contents, "tools": [{"functionDeclarations": DECLARATIONS}]}, stream)
        asked = [part["functionCall"] for part in parts if "functionCall" in part]
        if not asked:
            return "".join(part.get("text", "") for part in parts), calls
        contents.append({"role": "model", "parts": parts})
        answers = []
        for call in asked:
            calls.append((call["name"], call["args"]))
            response = {"name": call["name"], "response": tools[call["name"]](**call["args"])}
            answers.append({"functionResponse": {**response, **({"id": call["id"]} if "id" in call else {})}})
        contents.append({"role": "user", "parts": answers})
    raise RuntimeError("the model did not come to an end")
