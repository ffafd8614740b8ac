/** Who may come in: a page of elsewhere has no name, no origin and no token by which it could. */
import { assert, describe, it, layer } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import { converse, portOf, statusOf } from "./RawSocket.ts"

const live = "/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent?key=k"
const models = "/v1beta/models?key=k"
const own = "/_emulator/v1/spaces"

interface Case {
  readonly path?: string
  readonly verb?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly isUpgrade?: boolean
  /** The status; with 0 the door lets it in, and whoever is behind it answers. */
  readonly status: number
  readonly words?: string
}

const hello = {
  connection: "Upgrade",
  upgrade: "websocket",
  "sec-websocket-version": "13",
  "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ=="
}

const ask = Effect.fnUntraced(function*({ headers, isUpgrade, path = models, status, verb = "GET", words = "" }: Case) {
  const port = portOf((yield* Emulator.Emulator).url)
  const all = { host: "127.0.0.1:PORT", ...(isUpgrade === true ? hello : {}), ...headers }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value.replaceAll("PORT", String(port))}\r\n`)
  const heard = yield* converse(port, [`${verb} ${path} HTTP/1.1\r\n${lines.join("")}\r\n`], {
    enough: (text) => text.includes("\r\n\r\n") && (words === "" || text.includes(words)),
    millis: 5_000
  })
  if (status === 0) assert.notInclude([401, 403], statusOf(heard), heard.text)
  else assert.strictEqual(statusOf(heard), status, heard.text)
  assert.include(heard.text, words)
  return heard.text
})

const cases = (table: Readonly<Record<string, Case>>) => Object.entries(table)

describe("on the loopback host", () => {
  layer(Emulator.layerServer({ allowHosts: ["gemini.test"] }))((it) => {
    it.effect.each(cases({
      "localhost with another port, as behind a mapping": { headers: { host: "localhost:1234" }, status: 200 },
      "LOCALHOST": { headers: { host: "LOCALHOST" }, status: 200 },
      "[::1]": { headers: { host: "[::1]:PORT" }, status: 200 },
      "a name that was allowed": { headers: { host: "gemini.test:PORT" }, status: 200 },
      "a proxy's client, by its target": { path: `http://localhost${models}`, headers: { host: "h" }, status: 200 },
      "a page of elsewhere, as Google's API answers it": { headers: { origin: "https://app.test" }, status: 200 },
      "a session of a program": { path: live, isUpgrade: true, status: 101 },
      "a session of a page of this machine": {
        path: live,
        isUpgrade: true,
        headers: { origin: "http://localhost:5173" },
        status: 101
      },
      "a session of a page of an allowed name": {
        path: live,
        isUpgrade: true,
        headers: { origin: "https://gemini.test" },
        status: 101
      },
      "the own paths to a program": { path: own, status: 0 },
      "the own paths to the address bar": { path: own, headers: { "sec-fetch-site": "none" }, status: 0 },
      "the own paths to their own page": {
        path: own,
        headers: { origin: "http://127.0.0.1:PORT", "sec-fetch-site": "same-origin" },
        status: 0
      }
    }))("lets in: %s", ([, asked]) => ask(asked))

    it.effect.each(cases({
      "a foreign Host": { headers: { host: "evil.test" }, status: 403, words: "asks for \\\"evil.test\\\"" },
      "localhost.evil": { headers: { host: "localhost.evil:PORT" }, status: 403, words: "--allow-host" },
      "localhost with a dot": { headers: { host: "localhost." }, status: 403 },
      "a name below localhost": { headers: { host: "a.localhost" }, status: 403 },
      "a name below an allowed one": { headers: { host: "a.gemini.test" }, status: 403 },
      "an address of the loopback that is not written so": { headers: { host: "127.1" }, status: 403 },
      "another address": { headers: { host: "192.168.0.1:PORT" }, status: 403 },
      "a foreign target": { path: `http://evil.test${models}`, status: 403 },
      "a preflight for a foreign Host": {
        verb: "OPTIONS",
        headers: { host: "evil.test", origin: "http://evil.test" },
        status: 403
      },
      "a foreign Host's own paths": { path: own, headers: { host: "evil.test" }, status: 403 },
      "a session by a foreign Host": { path: live, isUpgrade: true, headers: { host: "evil.test" }, status: 403 },
      "a session of a page": {
        path: live,
        isUpgrade: true,
        headers: { origin: "https://evil.test" },
        status: 403,
        words: "may not open a session"
      },
      "a session of a page without an origin": {
        path: live,
        isUpgrade: true,
        headers: { origin: "null" },
        status: 403
      },
      "the own paths to another origin": { path: own, headers: { origin: "https://evil.test" }, status: 403 },
      "the own paths to a page on another port": {
        path: own,
        headers: { origin: "http://127.0.0.1:1" },
        status: 403,
        words: "no page but its own"
      },
      "the own paths to the same name by another scheme": {
        path: own,
        headers: { origin: "https://127.0.0.1:PORT" },
        status: 403
      },
      "the own paths to null": { path: own, headers: { origin: "null" }, status: 403 },
      ...Object.fromEntries(
        [
          "//_emulator/v1/spaces",
          "/%5Femulator/v1/spaces",
          "/_emulator/..//_emulator/v1/spaces",
          "/x/../_emulator/v1/spaces",
          "/_emulator/../v1beta/models",
          "/_emulator\\v1",
          "/_EMULATOR/v1/spaces",
          "/_emulator?x",
          "http://localhost/_emulator/v1/spaces"
        ]
          .map((
            path
          ): [string, Case] => [`the own paths, written ${path}`, { path, headers: { origin: "null" }, status: 403 }])
      ),
      "the own paths to a cross-site fetch": { path: own, headers: { "sec-fetch-site": "cross-site" }, status: 403 },
      "the own paths to a page of the same site": {
        path: own,
        headers: { "sec-fetch-site": "same-site" },
        status: 403
      },
      "the own paths to a preflight": {
        path: own,
        verb: "OPTIONS",
        headers: { origin: "https://evil.test", "access-control-request-method": "PUT" },
        status: 403
      },
      "the own paths under an allowed name, without a token": {
        path: own,
        headers: { host: "gemini.test" },
        status: 403,
        words: "--token"
      }
    }))("turns away: %s", ([, asked]) => ask(asked))

    it.effect("what is turned away is no traffic, and what the own paths say lets nothing act in a browser", () =>
      Effect.gen(function*() {
        const emulator = yield* Emulator.Emulator
        yield* emulator.clear
        yield* ask({ headers: { host: "evil.test" }, status: 403 })
        const text = yield* ask({ path: own, headers: { origin: "null" }, status: 403, words: "}" })
        assert.deepStrictEqual(yield* emulator.requests, [])
        assert.include(text, "content-type: application/problem+json")
        assert.include(text, "content-security-policy: default-src 'none';")
        assert.include(text, "x-content-type-options: nosniff")
        assert.notInclude(text, "access-control-allow-origin")
        assert.include(
          yield* ask({ path: "/_emulator/nowhere", status: 0 }),
          "content-security-policy: default-src 'none';"
        )
      }))

    it.effect("an answer of the API is inert where a browser shows it, and as Google's is everywhere else", () =>
      Effect.gen(function*() {
        assert.notInclude(yield* ask({ status: 200 }), "content-security-policy")
        for (const headers of [{ "sec-fetch-mode": "navigate" }, { accept: "text/html,*/*" }]) {
          assert.include(yield* ask({ headers, status: 200 }), "content-security-policy: default-src 'none'; sandbox")
        }
      }))
  })
})

describe("with a token", () => {
  layer(Emulator.layerServer({ token: "hunter2" }))((it) => {
    it.effect.each(cases({
      "none": { path: own, status: 401, words: "Bearer TOKEN" },
      "a wrong one": { path: own, headers: { authorization: "Bearer hunter" }, status: 401 },
      "a wrong one in the other header": { path: own, headers: { "x-emulator-token": "hunter22" }, status: 401 },
      "the right one from a foreign page": {
        path: own,
        headers: { authorization: "Bearer hunter2", origin: "https://evil.test" },
        status: 403
      }
    }))("turns away: %s", ([, asked]) => Effect.map(ask(asked), (text) => assert.notInclude(text, "hunter2")))
    it.effect.each(cases({
      "as a bearer": { path: own, headers: { authorization: "bearer hunter2" }, status: 0 },
      "in its own header": { path: own, headers: { "x-emulator-token": "hunter2" }, status: 0 },
      "a probe without it": { path: "/_emulator/v1/health", status: 0 },
      "the API, which it does not guard": { status: 200 }
    }))("lets in: %s", ([, asked]) => ask(asked))
  })
})

describe("where others can reach it", () => {
  layer(Emulator.layerServer({ host: "0.0.0.0", allowHosts: ["gemini"] }))((it) => {
    it.effect.each(cases({
      "its own paths, even to this machine": { path: own, status: 403, words: "listens on \\\"0.0.0.0\\\"" },
      "an address of its own that was not allowed": { headers: { host: "192.168.0.1" }, status: 403 },
      "the wildcard as a name": { headers: { host: "0.0.0.0" }, status: 403 }
    }))("turns away: %s", ([, asked]) => ask(asked))
    it.effect.each(cases({
      "a probe": { path: "/_emulator/v1/health", status: 0 },
      "the API under an allowed name": { headers: { host: "gemini:8790" }, status: 200 }
    }))("lets in: %s", ([, asked]) => ask(asked))
  })
})

describe("a server that answers no foreign page", () => {
  layer(Emulator.layerServer({ foreignPages: "refuse" }))((it) => {
    it.effect.each(cases({
      "any origin": { headers: { origin: "https://app.test" }, status: 403, words: "pages of its own alone" },
      "a page of this machine": { headers: { origin: "http://localhost:5173" }, status: 403 },
      "its preflight": { verb: "OPTIONS", headers: { origin: "http://localhost:5173" }, status: 403 }
    }))("turns away: %s", ([, asked]) => ask(asked))
    it.effect("programs are answered", () => ask({ status: 200 }))
  })
})

it.effect.each<[string, string]>([["a port", "gemini:80"], ["a URL", "http://gemini"], ["a path", "gemini/x"], [
  "nothing",
  ""
], [
  "a star",
  "*.test"
]])(
  "a name to allow is a name and nothing else: %s is refused when the emulator is made",
  ([, name]) =>
    Effect.gen(function*() {
      const exit = yield* Effect.exit(Effect.scoped(Layer.build(Emulator.layerServer({ allowHosts: [name] }))))
      assert.isTrue(Exit.isFailure(exit))
      assert.include(String(exit), "allowHosts[0]: expected the name or address of a host, without a port")
    })
)
