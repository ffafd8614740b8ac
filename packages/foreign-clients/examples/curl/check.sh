#!/bin/sh
# A test in a shell: rules, a call, and assertions, which are curl's own: --fail ends with 22 if one does not hold.
set -eu
cd "$(dirname "$0")"
server=$(printf %s "${GEMINI_BASE_URL:-http://127.0.0.1:8790}" | sed -E 's#/spaces/[^/]+/?$##; s#/$##')
space=shell-$$
admin="$server/_emulator/v1/spaces/$space"
tell() { curl --silent --show-error --fail-with-body -H 'accept: text/plain' "$@"; }

tell -X PUT "$admin" > /dev/null
tell -X PUT "$admin/rules" -H 'content-type: application/toml' --data-binary @../agent.toml > /dev/null

# The program under test: here it is curl, which asks for the first step of the agent.
tell "$server/spaces/$space/v1beta/models/gemini-3.8-flash:generateContent" -H 'x-goog-api-key: any' -d '{
  "contents": [{ "role": "user", "parts": [{ "text": "Where is it warmer?" }] }],
  "tools": [{ "functionDeclarations": [
    { "name": "get_weather", "parametersJsonSchema": { "type": "object", "properties": { "city": { "type": "string" } } } },
    { "name": "send_mail", "parametersJsonSchema": { "type": "object", "properties": { "to": { "type": "string" } } } }
  ] }]
}' | grep -q '"city": "Berlin"'

tell "$admin/verify" -d '{ "expect": [{ "when": { "tools": "get_weather", "step": 0 }, "times": 1 }] }'
tell "$admin/check"
tell -X DELETE "$admin"
