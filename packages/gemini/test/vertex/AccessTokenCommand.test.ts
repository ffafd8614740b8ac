/** Access tokens from real processes. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import * as AccessToken from "effect-gemini/vertex/AccessToken"
import * as AccessTokenCommand from "effect-gemini/vertex/AccessTokenCommand"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"

/** The token of a command, or its error. */
const got = (command: readonly [string, ...ReadonlyArray<string>]) =>
  AccessToken.AccessToken.use(({ get }) => Effect.result(get)).pipe(
    Effect.provide(AccessTokenCommand.layer({ command }).pipe(Layer.provide(NodeServices.layer)))
  )

const printed = (text: string) => ["printf", "%s", text] as const

describe("AccessTokenCommand", () => {
  it.live("takes the output alone, an OAuth answer, and what gcloud's config-helper writes", () =>
    Effect.gen(function*() {
      for (
        const text of [
          "ya29.plain\n",
          "{ \"access_token\": \"ya29.plain\", \"expires_in\": 3599, \"token_type\": \"Bearer\" }",
          "{ \"credential\": { \"access_token\": \"ya29.plain\", \"token_expiry\": \"2126-11-30T06:00:00Z\" } }"
        ]
      ) {
        const result = yield* got(printed(text))
        assert.strictEqual(result._tag, "Success")
        if (result._tag === "Success") assert.strictEqual(Redacted.value(result.success), "ya29.plain")
      }
    }))

  it.live("says what to do about a command that is missing, fails, or gives something else", () =>
    Effect.gen(function*() {
      const cases: ReadonlyArray<readonly [readonly [string, ...ReadonlyArray<string>], string]> = [
        [["no-such-gcloud"], "\"no-such-gcloud\", which gives access tokens, was not found: install it"],
        [
          ["sh", "-c", "echo 'first' >&2; echo 'ERROR: no account is active' >&2; exit 3"],
          "ended with 3: ERROR: no acc"
        ],
        [printed("{ \"token\": 1 }"), "gave no access token: expected the token alone, or JSON with access_token"],
        [printed("You have been logged out"), "gave no access token"],
        [["sh", "-c", "head -c 100000 /dev/zero | tr '\\0' a"], "gave no access token"]
      ]
      for (const [command, said] of cases) {
        const result = yield* got(command)
        assert.strictEqual(result._tag, "Failure")
        if (result._tag === "Failure") {
          assert.strictEqual(result.failure.reason._tag, "Unauthenticated")
          assert.include(result.failure.message, said)
        }
      }
    }))

  it.live("quotes no token that a failing command writes", () =>
    Effect.gen(function*() {
      const secret = `ya29.${"s".repeat(40)}`
      const result = yield* got(["sh", "-c", `echo 'refused: ${secret}' >&2; exit 1`])
      assert.strictEqual(result._tag, "Failure")
      assert.notInclude(JSON.stringify(result), "ssss")
    }))
})
