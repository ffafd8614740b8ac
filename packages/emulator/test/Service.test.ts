import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as NodeSocket from "@effect/platform-node/NodeSocket"
import { assert, describe, it } from "@effect/vitest"
import * as Cassette from "effect-gemini-emulator/cassettes/Cassette"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Remote from "effect-gemini-emulator/Remote"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import type * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type * as Socket from "effect/socket/Socket"
import * as TestClock from "effect/testing/TestClock"
import { mkdtempSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { ask, connect, path as livePath, textOf } from "./LiveWire.ts"
import { flash, post, prompt } from "./Wire.ts"

// The service is the same in memory, over sockets, and from another process: every promise here holds for all three.

type Everything = Emulator.Emulator | HttpClient.HttpClient | Socket.WebSocketConstructor
const clients = Layer.merge(NodeHttpClient.layerUndici, NodeSocket.layerWebSocketConstructor)
const overSockets = (options: Emulator.Options) => Layer.merge(Emulator.layerServer(options), clients)
/** The server is of this process, so that its clock is that of the test; the service is not that of the server. */
const remote = (options: Emulator.Options) =>
  Layer.merge(
    Layer.unwrap(Effect.map(Emulator.Emulator, ({ url }) => Remote.layer({ url }))).pipe(
      Layer.provide([Emulator.layerServer(options), NodeHttpClient.layerUndici])
    ),
    clients
  )
const carriers: ReadonlyArray<readonly [string, (options: Emulator.Options) => Layer.Layer<Everything, unknown>]> = [
  ["in memory", Emulator.layerMemory],
  ["over sockets", overSockets],
  ["from another process", remote]
]

const say = Effect.fnUntraced(function*(text: string, base = "", method = "generateContent") {
  const response = yield* post(`${base}/v1beta/models/${flash}:${method}`, prompt(text))
  const body = yield* response.text
  return { status: response.status, text: /"(?:text|message)": "([^"]*)"/.exec(body)?.[1] ?? "" }
})

const mistake = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.map(Effect.exit(effect), (exit) => {
    const error = Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined
    if (!(error instanceof Error)) return "none"
    return `${"_tag" in error ? error._tag : error.name}: ${error.message}`
  })

for (const [name, layer] of carriers) {
  const promises = <E>(
    words: string,
    test: (gemini: Emulator.Service) => Effect.Effect<void, E, Everything | Scope.Scope>,
    options: Emulator.Options = {}
  ) =>
    it.effect(words, () => Effect.flatMap(Emulator.Emulator, test).pipe(Effect.scoped, Effect.provide(layer(options))))

  describe(`the service ${name}`, () => {
    promises("answers from the queue, in order, each once", (gemini) =>
      Effect.gen(function*() {
        yield* gemini.enqueue("one", { text: "two" }, { error: { code: 503 } })
        assert.strictEqual(yield* gemini.waiting, 3)
        assert.deepStrictEqual([(yield* say("?")).text, (yield* say("?")).text, (yield* say("?")).status], [
          "one",
          "two",
          503
        ])
        assert.strictEqual(yield* gemini.waiting, 0)
      }))

    const tapes = mkdtempSync(join(tmpdir(), "emulator-service-"))
    const tape = (name: string, text: string) => {
      const path = `/v1beta/models/${flash}:generateContent`
      const body = JSON.stringify(prompt("Hi"))
      const said = JSON.stringify({ candidates: [{ content: { role: "model", parts: [{ text }] } }] }, null, 1)
      const request = { method: "POST", path, headers: { "content-type": "application/json" }, body }
      const response = {
        status: 200,
        headers: { "content-type": "application/json" },
        chunks: [[0, said]],
        end: "complete"
      }
      const head = { cassette: 1, by: "test", redaction: [] }
      const file = join(tapes, name)
      writeFileSync(file, `${JSON.stringify(head)}\n${JSON.stringify({ n: 1, request, response })}\n`)
      return file
    }

    promises(
      "plays the cassette that it is given, says how it stands, and answers as before when it is taken away",
      (gemini) =>
        Effect.gen(function*() {
          assert.isUndefined(yield* gemini.cassette)
          yield* gemini.setCassette(undefined)
          yield* gemini.enqueue("from the queue")
          yield* gemini.setCassette(
            Cassette.at({ file: tape("one.jsonl", "recorded"), redaction: { patterns: [/ada/gi] } })
          )
          assert.strictEqual((yield* say("Hi")).text, "recorded")
          const again = yield* say("Hi")
          assert.strictEqual(again.status, 501)
          const { exchanges, misses, missed, mode, played, unused } = (yield* gemini.cassette) ?? assert.fail()
          assert.deepStrictEqual([exchanges, played, missed, mode, unused], [1, 1, 1, "replay", []])
          assert.include(misses[0], "its recording (line 2) has been played already")
          // The check at a test's end says what was not in it.
          assert.include((yield* gemini.check(["waiting"])).text, "its recording (line 2) has been played already")
          yield* gemini.setCassette(Cassette.at({ file: tape("two.jsonl", "another") }))
          assert.strictEqual((yield* say("Hi")).text, "another")
          // A space of its own knows nothing of it.
          const other = yield* gemini.space("other")
          assert.isUndefined(yield* other.cassette)
          yield* gemini.setCassette(undefined)
          assert.strictEqual((yield* say("Hi")).text, "from the queue")
          assert.isUndefined(yield* gemini.cassette)
          assert.match(
            yield* mistake(gemini.setCassette(Cassette.at({ file: join(tapes, "none.jsonl") }))),
            /^RuleError: file: .*none\.jsonl: there is no such cassette/
          )
          const record = { mode: "record", upstream: gemini.url.replace("invalid", "test"), allowRecord: true } as const
          const file = join(tapes, `${name.replaceAll(" ", "-")}.jsonl`)
          yield* gemini.setCassette(Cassette.at({ ...record, file }))
          assert.include(
            yield* mistake(other.setCassette(Cassette.at({ ...record, file }))),
            "it is being recorded already, by another space"
          )
          assert.isTrue(yield* gemini.endSpace("other"))
          yield* gemini.setCassette(undefined)
          // It was closed, and so another space may have it.
          const third = yield* gemini.space("third")
          yield* third.setCassette(Cassette.at({ ...record, file }))
          yield* gemini.endSpace("third")
          yield* gemini.setCassette(Cassette.at({ ...record, file }))
        }),
      { cassetteFolder: tapes }
    )

    promises(
      "keeps rules, adds and removes some, and says how often each has answered",
      (gemini) =>
        Effect.gen(function*() {
          yield* gemini.setRules([{ name: "a", when: { text: "a" }, reply: "A of {{ vars.who }}" }], "refuse", {
            who: "Ada"
          })
          assert.strictEqual((yield* say("a")).text, "A of Ada")
          assert.strictEqual((yield* say("b")).status, 501)
          yield* gemini.addRules([{ name: "any", reply: "any" }], "first")
          assert.strictEqual((yield* say("a")).text, "any")
          assert.deepStrictEqual([yield* gemini.removeRule("any"), yield* gemini.removeRule("any")], [true, false])
          assert.strictEqual((yield* say("a")).text, "A of Ada")
          assert.deepStrictEqual(yield* gemini.rules, [{ name: "a", answered: 2, usedUp: false }])
          yield* gemini.setScenario({ rule: [{ name: "everywhere", reply: "said everywhere" }] })
          assert.strictEqual((yield* say("b", "/spaces/other")).text, "said everywhere")
          yield* gemini.setScenario(undefined)
          assert.strictEqual((yield* say("b", "/spaces/other")).status, 200)
        })
    )

    promises("refuses what is wrong, with its place, and the same words", (gemini) =>
      Effect.gen(function*() {
        const wrong: Readonly<Record<string, unknown>> = JSON.parse(`{"when":{"txet":"a"},"reply":"A"}`)
        assert.strictEqual(
          yield* mistake(gemini.setRules([wrong])),
          "RuleError: rules[0].when.txet: there is no such field. Did you mean \"text\"?"
        )
        assert.strictEqual(
          yield* mistake(gemini.setRules([{ name: "a", reply: "{{ result.x | wrod }}" }])),
          "RuleError: rules[0].reply: {{ result.x | wrod }}: there is no filter \"wrod\". Did you mean \"word\"?"
        )
        assert.strictEqual(
          yield* mistake(gemini.addRules([{ name: "a", reply: "1" }, { name: "a", reply: "2" }])),
          "RuleError: rule[1].name: there is a rule \"a\" already"
        )
        const fault: Readonly<Record<string, unknown>> = { satus: 503 }
        assert.strictEqual(
          yield* mistake(gemini.addFault(fault)),
          "RuleError: faults[0].satus: there is no such field. Did you mean \"status\"?"
        )
        const answer = JSON.parse("{\"txt\":\"x\"}")
        assert.strictEqual(
          yield* mistake(gemini.enqueue("good", answer)),
          "RuleError: answers[1].txt: there is no such field. Did you mean \"text\"?"
        )
        assert.strictEqual(
          yield* mistake(gemini.setKeys(JSON.parse("{\"vaild\":[]}"))),
          "RuleError: keys.vaild: there is no such field. Did you mean \"valid\"?"
        )
        assert.strictEqual(
          yield* mistake(gemini.verify([{ when: { key: "k" } }])),
          "RuleError: expect[0]: when.key: the log keeps no keys; expect the project of the key"
        )
        assert.strictEqual(yield* gemini.waiting, 0)
        assert.deepStrictEqual(yield* gemini.faults, [])
      }))

    promises("keeps faults by id and by the very object", (gemini) =>
      Effect.gen(function*() {
        const down = { status: 503 } as const
        assert.deepStrictEqual(yield* gemini.addFault(down, { when: { times: 1 }, status: 429 }), [
          "fault-1",
          "fault-2"
        ])
        assert.strictEqual((yield* say("?")).status, 503)
        assert.strictEqual(yield* gemini.removeFault(down), 1)
        assert.strictEqual((yield* say("?")).status, 429)
        assert.deepStrictEqual((yield* gemini.faults).map(({ hits, id }) => [id, hits]), [["fault-2", 1]])
        assert.deepStrictEqual([yield* gemini.removeFault("fault-2"), yield* gemini.removeFault("fault-2", down)], [
          1,
          0
        ])
      }))

    promises("changes quotas and keys while it runs", (gemini) =>
      Effect.gen(function*() {
        yield* gemini.setQuotas({ models: { "*": { rpm: 1 } } })
        assert.deepStrictEqual([(yield* say("?")).status, (yield* say("?")).status], [200, 429])
        yield* gemini.setQuotas(undefined)
        assert.strictEqual((yield* say("?")).status, 200)
        yield* gemini.setKeys({ expired: ["key"] })
        assert.include((yield* say("?")).text, "API key expired")
        yield* gemini.setKeys(undefined)
        assert.strictEqual((yield* say("?")).status, 200)
      }))

    promises(
      "has a clock that is moved, set and stopped, with the delays of answers",
      (gemini) =>
        Effect.gen(function*() {
          yield* gemini.setTime(1_800_000_000_000)
          yield* gemini.adjust("1 minute")
          assert.deepStrictEqual(yield* gemini.clock, { time: 1_800_000_060_000, frozen: false })
          yield* gemini.setFrozen(true)
          yield* gemini.enqueue({ chunks: ["one", "two"], delay: 1000, chunkDelay: 1000 })
          const answer = yield* Effect.forkChild(say("?", "", "streamGenerateContent"))
          yield* gemini.awaitRequests(1)
          yield* gemini.adjust("1 hour")
          yield* Fiber.join(answer)
          const [entry] = yield* gemini.awaitClosed(1)
          assert.deepStrictEqual(
            entry?.chunks.map(({ time }) => time - 1_800_000_060_000),
            [2000, 3000, 3000]
          )
          assert.deepStrictEqual(yield* gemini.clock, { time: 1_800_003_660_000, frozen: true })
          yield* gemini.setFrozen(false)
          assert.isFalse((yield* gemini.clock).frozen)
        })
    )

    promises(
      "stops Live sessions with the clock, and wakes each message at its time",
      (gemini) =>
        Effect.gen(function*() {
          yield* gemini.setFrozen(true)
          yield* gemini.setTime(1_800_000_000_000)
          const client = yield* connect({}, `${gemini.url.replace("http", "ws")}${livePath()}?key=key`)
          yield* gemini.enqueue({ chunks: ["one", "two"], delay: 1000, chunkDelay: 1000 })
          yield* client.send(ask("?"))
          yield* gemini.live.awaitLog(([entry]) =>
            (entry?.messages.filter(({ from }) => from === "client").length ?? 0) > 1
          )
          yield* gemini.adjust("1 minute")
          assert.strictEqual(textOf(yield* client.turn), "onetwo")
          const [entry] = yield* gemini.live.connections
          const said = entry?.messages.filter(({ from, message }) =>
            from === "server" && JSON.stringify(message).includes("modelTurn")
          )
          assert.deepStrictEqual(said?.map(({ time }) => time - 1_800_000_000_000), [2000, 3000])
        })
    )

    promises("has spaces, which see nothing of each other", (gemini) =>
      Effect.gen(function*() {
        const one = yield* gemini.space("one", { faults: [{ status: 503 }], seed: "one" })
        assert.deepStrictEqual([one.spaceName, one.url], ["one", `${gemini.url}/spaces/one`])
        assert.strictEqual(one.regionUrl("eu"), `${gemini.url}/spaces/one/locations/eu`)
        assert.deepStrictEqual([(yield* say("?", "/spaces/one")).status, (yield* say("?")).status], [503, 200])
        assert.deepStrictEqual((yield* one.requests).map(({ space }) => space), ["one"])
        assert.deepStrictEqual((yield* gemini.requests).map(({ space }) => space), ["default"])
        assert.deepStrictEqual((yield* gemini.spaces).spaces.map(({ name, requests }) => [name, requests]), [
          ["default", 1],
          ["one", 1]
        ])
        assert.deepStrictEqual([yield* gemini.endSpace("one"), yield* gemini.endSpace("one")], [true, false])
        assert.strictEqual((yield* say("?", "/spaces/one")).status, 410)
        yield* gemini.space("one")
        assert.strictEqual((yield* say("?", "/spaces/one")).status, 200)
        assert.include(yield* mistake(gemini.endSpace("default")), "SpaceError: The space \"default\" never ends")
        assert.include(yield* mistake(gemini.space("default", {})), "SpaceError: The space \"default\" has the options")
        assert.include(yield* mistake(gemini.space("a b")), "SpaceError: \"a b\" cannot name a space")
        assert.include(
          yield* mistake(gemini.space("two", JSON.parse("{\"sede\":\"x\"}"))),
          "RuleError: options: sede: there is no such field. Did you mean \"seed\"?"
        )
      }))

    promises("logs what came, what was answered, why, and how it ended", (gemini) =>
      Effect.gen(function*() {
        yield* gemini.enqueue({ chunks: ["one ", "two"] })
        yield* say("Hello", "/locations/eu", "streamGenerateContent")
        const [entry] = yield* gemini.awaitClosed(1)
        assert.deepInclude(entry, {
          id: 0,
          method: "POST",
          path: `/locations/eu/v1beta/models/${flash}:streamGenerateContent`,
          apiMethod: "streamGenerateContent",
          model: flash,
          space: "default",
          project: "default",
          region: "eu",
          status: 200,
          outcome: "complete"
        })
        assert.deepStrictEqual(entry?.body, prompt("Hello"))
        assert.deepInclude(entry?.verdict, { by: "queue" })
        assert.notProperty(entry?.headers, "x-goog-api-key")
        const bytes = entry?.chunks.reduce((sum, chunk) => sum + chunk.bytes.length, 0)
        assert.deepStrictEqual([entry?.bytesSent, entry?.responseText.length], [bytes, bytes])
        assert.isArray(entry?.response)
        assert.deepInclude((yield* gemini.counters).byMethod, { streamGenerateContent: 1 })
        assert.strictEqual(yield* gemini.largestInWindow(1000), 1)
      }))

    promises("waits for requests, ends, and whatever a predicate says", (gemini) =>
      Effect.gen(function*() {
        const waits = yield* Effect.forkChild(Effect.all([
          gemini.awaitRequest(({ body }) => JSON.stringify(body).includes("third")),
          gemini.awaitRequests(2),
          gemini.awaitClosed(3),
          gemini.awaitLog((entries) => entries.filter(({ status }) => status === 200).length >= 3)
        ], { concurrency: "unbounded" }))
        for (const text of ["first", "second", "third"]) yield* say(text)
        const [third, two, three, log] = yield* Fiber.join(waits)
        assert.strictEqual(third.id, 2)
        assert.isAtLeast(two.length, 2)
        assert.deepStrictEqual([three.length, log.length], [3, 3])
        assert.strictEqual((yield* gemini.awaitRequest(() => true, 1)).id, 1)
        const thrown = yield* mistake(gemini.awaitRequest(() => {
          throw new Error("a bad predicate")
        }))
        assert.strictEqual(thrown, "Error: a bad predicate")
      }))

    promises("verifies, checks and explains", (gemini) =>
      Effect.gen(function*() {
        yield* gemini.setRules([{ name: "a", when: { text: "a" }, reply: "A" }, {
          name: "b",
          when: { text: "b" },
          reply: "B"
        }])
        yield* say("a")
        assert.isTrue((yield* gemini.verify([{ when: { text: "a" }, times: 1 }])).ok)
        const unmet = yield* gemini.verify([{ name: "b", when: { text: "b" } }])
        assert.strictEqual(
          unmet.text,
          "Not as expected (1 request came):\n- expect[0] \"b\": wanted at least 1, found 0 requests. Nearest is request 0 " +
            "(generateContent): text: wanted \"b\", found \"a\""
        )
        const remains = yield* gemini.check()
        assert.deepStrictEqual([remains.ok, remains.unused, remains.text], [
          false,
          ["b"],
          "Rules that have not answered: \"b\""
        ])
        assert.isTrue((yield* gemini.check(["unused"])).ok)
        const { by, rule } = yield* gemini.explain({ body: prompt("b") })
        assert.deepStrictEqual([by, rule], ["rule", "b"])
        assert.strictEqual((yield* gemini.explain({ body: prompt("c") })).by, "unmatched")
        assert.strictEqual((yield* gemini.rules)[1]?.answered, 0)
      }))

    promises("holds Live sessions in its hand", (gemini) =>
      Effect.gen(function*() {
        const client = yield* connect({}, `${gemini.url.replace("http", "ws")}${livePath()}?key=key`)
        yield* gemini.live.awaitLog(([entry]) => entry?.setUpAt !== undefined)
        yield* gemini.live.send({ goAway: { timeLeft: "3s" } })
        assert.deepStrictEqual((yield* client.message).goAway, { timeLeft: "3s" })
        yield* gemini.live.close(1012, "restart")
        assert.deepStrictEqual(yield* client.closed, { code: 1012, reason: "restart" })
        const [entry] = yield* gemini.live.awaitClosed(1)
        assert.deepInclude(entry, { id: 0, code: 1012, reason: "restart", apiMethod: "bidiGenerateContent" })
        assert.isAtLeast(entry?.messages.length ?? 0, 3)
        assert.deepInclude(yield* gemini.live.counters, { total: 1, open: 0, byCode: { 1012: 1 } })
        const other = yield* connect({}, `${gemini.url.replace("http", "ws")}${livePath()}?key=key`)
        yield* gemini.live.drop
        assert.strictEqual((yield* other.closed).code, 1006)
        assert.lengthOf(yield* gemini.live.connections, 2)
      }))

    promises("keeps files, caches, documents, operations and batches", (gemini) =>
      Effect.gen(function*() {
        const bytes = [new TextEncoder().encode("Hel"), new TextEncoder().encode("lo")]
        const file = yield* gemini.files.add({ mimeType: "text/plain", bytes, source: "GENERATED" })
        const [listed] = yield* gemini.files.list
        assert.deepInclude(listed?.file, { name: file, sizeBytes: "5", mimeType: "text/plain" })
        assert.isTrue(yield* gemini.files.fail(file, { code: 3, message: "bad" }))
        assert.isFalse(yield* gemini.files.fail("files/none", { code: 3, message: "bad" }))
        assert.deepInclude((yield* gemini.files.list)[0]?.file, { state: "FAILED" })
        assert.deepStrictEqual([yield* gemini.files.uploads, yield* gemini.files.dropped], [[], 0])
        assert.deepStrictEqual([yield* gemini.caches.list, yield* gemini.caches.lose("x")], [[], false])
        assert.deepStrictEqual([yield* gemini.caches.dropped, yield* gemini.stores.dropped], [0, 0])
        assert.deepStrictEqual(yield* gemini.stores.documents, [])
        assert.match(yield* gemini.operations.begin({ response: { done: 1 } }), /operations\//)
        assert.deepStrictEqual(yield* gemini.batches.list, [])
        assert.deepStrictEqual(yield* gemini.batches.counts, { created: 0, rows: 0 })
      }))

    promises("forgets interactions, and delivers webhooks to this machine alone", (gemini) =>
      Effect.gen(function*() {
        const ask = (body: object) =>
          Effect.map(
            Effect.promise(() =>
              fetch(`${gemini.url}/v1beta/interactions?key=any`, { method: "POST", body: JSON.stringify(body) })
            ),
            ({ status }) => status
          )
        assert.deepStrictEqual(yield* gemini.interactions.counts, { created: 0, dropped: 0 })
        if (gemini.url.startsWith("http://127.0.0.1")) {
          assert.strictEqual(yield* ask({ model: "gemini-3.8-flash", input: "Hello" }), 200)
          const [listed] = yield* gemini.interactions.list
          assert.deepInclude(listed?.interaction, { status: "completed", model: "gemini-3.8-flash" })
          assert.isTrue(yield* gemini.interactions.forget(String(listed?.interaction["id"])))
        }
        assert.deepStrictEqual(yield* gemini.interactions.list, [])
        assert.isFalse(yield* gemini.interactions.forget("v1_none"))
        const event = { type: "interaction.completed", data: { id: "v1_1" } }
        assert.deepStrictEqual(yield* gemini.webhooks.send(event), [])
        const ids = yield* gemini.webhooks.send({ ...event, uris: ["https://example.com/hook"], metadata: { a: 1 } })
        const [delivery, ...others] = yield* gemini.webhooks.awaitEnded(1)
        assert.deepInclude(delivery, {
          id: ids[0] ?? "",
          type: event.type,
          kind: "dynamic",
          state: "refused",
          attempts: []
        })
        assert.deepStrictEqual([others, yield* gemini.webhooks.ended], [[], 1])
        yield* gemini.webhooks.rotateKeys
        assert.lengthOf(yield* gemini.webhooks.deliveries, 1)
      }))

    promises("forgets everything, or all but its rules", (gemini) =>
      Effect.gen(function*() {
        yield* gemini.setRules([{ name: "once", reply: "said", times: 1 }])
        yield* say("?")
        yield* gemini.enqueue("left")
        yield* gemini.addFault({ when: { model: "none" }, status: 503 })
        yield* gemini.reset
        assert.deepStrictEqual([yield* gemini.requests, yield* gemini.waiting, yield* gemini.faults], [[], 0, []])
        assert.deepStrictEqual(yield* gemini.rules, [{ name: "once", answered: 0, usedUp: false }])
        assert.strictEqual((yield* say("?")).text, "said")
        yield* gemini.clear
        assert.deepStrictEqual(yield* gemini.rules, [])
        assert.strictEqual((yield* gemini.counters).total, 0)
      }))
  })
}

describe("a service of another process", () => {
  it.effect("uses its space, which does not end under its eyes", () =>
    Effect.gen(function*() {
      const one = yield* (yield* Emulator.Emulator).space("one")
      for (let i = 0; i < 3; i++) {
        yield* TestClock.adjust("9 minutes")
        assert.deepStrictEqual(yield* one.requests, [])
      }
      assert.strictEqual((yield* say("?", "/spaces/one")).status, 200)
      yield* TestClock.adjust("10 minutes")
      assert.include(yield* mistake(one.requests), "The space \"one\" has ended: 10 minutes have passed")
    }).pipe(Effect.provide(remote({}))))

  it.effect("refuses what only a program has, before anything is sent", () =>
    Effect.gen(function*() {
      const gemini = yield* Emulator.Emulator
      assert.strictEqual(
        yield* mistake(gemini.setRules([{ reply: () => "x" }])),
        "RuleError: rules[0].reply: a function cannot go to an emulator of another process: use a rule"
      )
      assert.strictEqual(
        yield* mistake(gemini.enqueue({ raw: { body: new Uint8Array(3) } })),
        "RuleError: answers[0].raw.body: bytes cannot go to an emulator of another process: give text"
      )
      assert.strictEqual(
        yield* mistake(gemini.space("x", { answers: () => "x" })),
        "RuleError: options: answers: a function cannot go to an emulator of another process: use a rule"
      )
    }).pipe(Effect.provide(remote({}))))

  it.effect("says what is there instead of an emulator", () =>
    Effect.gen(function*() {
      const none = yield* mistake(Remote.make({ url: "http://127.0.0.1:9" }))
      assert.match(none, /^RemoteError: the emulator at http:\/\/127\.0\.0\.1:9: /)
      const url = yield* Effect.map(Emulator.Emulator, ({ url }) => url)
      assert.include(
        yield* mistake(Remote.make({ url, space: "a b" })),
        `RemoteError: the emulator at ${url}: "a b" cannot name a space`
      )
    }).pipe(Effect.provide(overSockets({}))))
})
