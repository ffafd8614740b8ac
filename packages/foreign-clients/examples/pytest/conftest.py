"""A space of the emulator for each test: `def test_it(gemini)`. Only the standard library is needed."""
import json, os, pathlib, re, urllib.error, urllib.request
import pytest

SERVER = re.sub(r"/spaces/[^/]+$", "", os.environ.get("GEMINI_BASE_URL", "http://127.0.0.1:8790").rstrip("/"))


class Space:
    def __init__(self, name):
        self.name, self.url = name, f"{SERVER}/spaces/{name}"
        self.admin("PUT", "", {})

    def admin(self, method, path, body=None):
        """Calls the admin API; what it refuses is an AssertionError with its words."""
        is_text = isinstance(body, str)
        data = None if body is None else (body if is_text else json.dumps(body)).encode()
        headers = {"content-type": "application/toml" if is_text else "application/json"}
        url = f"{SERVER}/_emulator/v1/spaces/{self.name}{path}"
        try:
            with urllib.request.urlopen(urllib.request.Request(url, data, headers, method=method)) as answer:
                return json.loads(answer.read() or "null")
        except urllib.error.HTTPError as error:
            raise AssertionError(json.loads(error.read())["detail"]) from None

    def rules(self, file):
        return self.admin("PUT", "/rules", pathlib.Path(file).read_text("utf-8"))

    def verify(self, *expect, in_order=False):
        return self.admin("POST", "/verify", {"expect": expect, "inOrder": in_order})


@pytest.fixture
def gemini(request):
    space = Space(re.sub(r"\W+", "-", request.node.nodeid)[-99:].lstrip("-"))
    yield space
    try:
        space.admin("GET", "/check")  # unmatched, refused, unused, left over, still open
    finally:
        space.admin("DELETE", "")
