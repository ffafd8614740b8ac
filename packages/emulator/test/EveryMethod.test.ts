/**
 * Every method of an emulator without Effect, told and asked in one order: in the process of the emulator, and from
 * another one over its admin API. Both hear the same, but for what says when and over which connection.
 */
import * as Cassette from "effect-gemini-emulator/cassettes/Cassette"
import type * as RequestLog from "effect-gemini-emulator/RequestLog"
import * as Standalone from "effect-gemini-emulator/Standalone"
import { mkdtempSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it } from "vitest"
import { flash, prompt } from "./Wire.ts"

type Gemini = Standalone.Standalone | Awaited<ReturnType<typeof Standalone.connect>>

type Told = Record<string, unknown>

interface Part {
  readonly gemini: Gemini
  /** Says under a name what a method has said. */
  readonly say: (name: string, value: unknown) => void
  /** Posts to the space, and gives the status and the first text of the answer. */
  readonly post: (path: string, body: unknown, headers?: Readonly<Record<string, string>>) => Promise<unknown>
}

const start = 1_800_000_000_000

const robot = "gemini-robotics-er-2-streaming-preview"

const folder = mkdtempSync(join(tmpdir(), "emulator-methods-"))
const tape = join(folder, "one.jsonl")
writeFileSync(tape, "{\"cassette\":1,\"by\":\"test\",\"redaction\":[]}\n")

const generate = `/v1beta/models/${flash}:generateContent`

const clock = async ({ gemini, say }: Part) => {
  say("not frozen", (await gemini.clock()).frozen)
  await gemini.setFrozen(true)
  await gemini.setTime(start)
  await gemini.adjust("1 minute")
  say("frozen", await gemini.clock())
}

const scripts = async ({ gemini, post, say }: Part) => {
  await gemini.setRules([{ name: "a", when: { text: "a" }, reply: "A of {{ vars.who }}" }], "refuse", { who: "Ada" })
  await gemini.addRules([{ name: "any", reply: "any" }], "first")
  say("the first", [await post(generate, prompt("a")), await gemini.rules()])
  say("removed", [await gemini.removeRule("any"), await gemini.removeRule("any"), await gemini.rules()])
  say("of the rule", [await post(generate, prompt("a")), await post(generate, prompt("b"))])
  say("verified", await gemini.verify([{ when: { text: "a" }, times: 2 }]))
  const order = [{ when: { text: "b" } }, { when: { text: "a" } }]
  say("any order", (await gemini.verify(order)).ok)
  say("in order", await gemini.verify(order, { inOrder: true }))
  say("remains", await gemini.check())
  say("remains, but for some", await gemini.check(["unmatched", "unused"]))
  say("explained", await gemini.explain({ body: prompt("a") }))
  await gemini.setRules([], "generate")
  await gemini.setScenario({ rule: [{ name: "everywhere", reply: "everywhere" }] })
  say("a scenario", await post(generate, prompt("c")))
  await gemini.setScenario(undefined)
  say("none", await post(generate, prompt("c")))
  await gemini.enqueue("one", { text: "two" }, "three")
  say("queued", [await gemini.waiting(), await post(generate, prompt("?")), await gemini.waiting()])
}

const settings = async ({ gemini, post, say }: Part) => {
  await gemini.clear()
  const down = { status: 503 } as const
  say("fault ids", await gemini.addFault(down, { when: { times: 1 }, status: 429 }))
  say("down", [await post(generate, prompt("?")), await gemini.faults()])
  say("up", [await gemini.removeFault(down), await gemini.removeFault("fault-2", down), await gemini.faults()])
  await gemini.setQuotas({ models: { "*": { rpm: 1 } } })
  say("spent", [await post(generate, prompt("?")), await post(generate, prompt("?")), await gemini.quotas()])
  await gemini.setQuotas(undefined)
  await gemini.setKeys({ valid: ["mine"] })
  say("a wrong key", await post(generate, prompt("?")))
  await gemini.setKeys(undefined)
  say("any key", await post(generate, prompt("?")))
  say("no cassette", await gemini.cassette())
  await gemini.setCassette(Cassette.at({ file: tape }))
  say("a cassette", [await post(generate, prompt("?")), await gemini.cassette()])
  await gemini.setCassette(undefined)
  say("taken away", await gemini.cassette())
}

/** All of an entry: printed by itself it is shorter. */
const entryOf = (entry: RequestLog.Entry) => {
  const { apiMethod, body, bytesSent, chunks, closedAt, headers, id, method, model, outcome, path, project } = entry
  const { region, response, responseText, space, status, time, verdict } = entry
  const said = { id, time, closedAt, method, path, apiMethod, model, space, project, region, headers, body, verdict }
  return {
    ...said,
    status,
    outcome,
    response,
    responseText,
    bytesSent,
    chunks: chunks.map(({ bytes, time }) => [time, Buffer.from(bytes).toString()])
  }
}

const log = async ({ gemini, post, say }: Part) => {
  await gemini.clear()
  for (const text of ["one", "two"]) await post(generate, prompt(text))
  say("requests", (await gemini.requests()).map(entryOf))
  say("request", entryOf(await gemini.awaitRequest(({ status }) => status === 200, 1)))
  say("first", (await gemini.awaitRequest(({ status }) => status === 200)).id)
  say("arrived", (await gemini.awaitRequests(2)).length)
  say("closed", (await gemini.awaitClosed(2)).length)
  say("log", (await gemini.awaitLog((entries) => entries.length === 2)).map(({ id }) => id))
  say("counters", await gemini.counters())
  say("at once", [await gemini.largestInWindow(1000), gemini.url, gemini.spaceName, gemini.regionUrl("e u")])
  const two = await gemini.space("two", { faults: [{ status: 503 }] })
  say("another space", [two.url, two.spaceName, (await two.faults()).length])
  say("spaces", await gemini.spaces())
  say("ended", [await gemini.endSpace("two"), await gemini.endSpace("two"), (await gemini.spaces()).ended])
  await gemini.setRules([{ name: "once", reply: "said", times: 1 }])
  await post(generate, prompt("?"))
  await gemini.reset()
  say("reset", [await gemini.rules(), await gemini.requests()])
  await gemini.clear()
  say("cleared", await gemini.rules())
}

const vertex = async ({ gemini: { vertex }, post, say }: Part) => {
  const count = `/v1/projects/p/locations/us-east1/publishers/google/models/${flash}:countTokens`
  const opens = (token: string) => post(count, prompt("?"), { authorization: `Bearer ${token}` })
  await vertex.setTokens({ valid: ["mine"] })
  say("tokens that are good", [await opens("mine"), await opens("yours")])
  const first = await vertex.issue({ lifetime: 60, principal: "ada@example.com", scopes: ["some"] })
  const second = await vertex.issue()
  say("issued", [first, second, await opens(second), await vertex.tokens()])
  await vertex.revoke(first)
  say("one revoked", (await vertex.tokens()).map(({ revoked }) => revoked))
  await vertex.revoke()
  say("all revoked", [await opens(second), (await vertex.tokens()).map(({ revoked }) => revoked)])
  await vertex.setTokens(undefined)
  say("any token", await opens("yours"))
  await vertex.putObject("gs://bucket/one", "text")
  say("objects", [await vertex.object("gs://bucket/one"), await vertex.object("gs://b/none"), await vertex.objects()])
}

const holds = async ({ gemini: { holds }, post, say }: Part) => {
  await holds.setAll(true)
  const first = post(generate, prompt("first"))
  say("held", [await holds.all(), await holds.awaitHeld(1)])
  say("answered", [await holds.answer(1, { text: "By hand." }), await holds.answer(1, "Late."), await first])
  const second = post(generate, prompt("second"))
  await holds.awaitHeld(1)
  say("listed", await holds.list())
  say("let go", [await holds.letGo(2), await holds.letGo(2), await second])
  await holds.setAll(false)
  say("not held", [await holds.all(), await holds.list()])
}

const resources = async ({ gemini: { batches, caches, files, operations, stores }, post, say }: Part) => {
  const file = await files.add({ mimeType: "text/plain", bytes: [Buffer.from("Hel"), Buffer.from("lo")] })
  say("failed", [
    await files.fail(file, { code: 3, message: "bad" }),
    await files.fail("files/none", { code: 3, message: "" })
  ])
  const announced = { "x-goog-upload-protocol": "resumable", "x-goog-upload-command": "start" }
  const upload = { file: { mimeType: "text/plain" } }
  await post("/upload/v1beta/files", upload, announced)
  await post("/upload/v1beta/files", upload, { ...announced, "x-goog-upload-header-content-length": "5" })
  say("files", [file, await files.list(), await files.uploads(), await files.dropped()])
  const contents = [{ role: "user", parts: [{ text: "word".repeat(5000) }] }]
  say("cached", await post("/v1beta/cachedContents", { model: `models/${flash}`, contents }))
  const [cache] = await caches.list()
  const name = String(cache?.cache["name"])
  say("caches", [cache, await caches.lose(name), await caches.lose(name), await caches.list(), await caches.dropped()])
  say("stores", [await stores.documents(), await stores.dropped()])
  say("begun", await operations.begin({ project: "p", response: { done: 1 } }))
  const requests = [{ request: prompt("One") }, { request: prompt("Two") }]
  await post(`/v1beta/models/${flash}:batchGenerateContent`, { batch: { inputConfig: { requests: { requests } } } })
  say("batches", [await batches.list(), await batches.counts()])
}

const interactions = async ({ gemini: { interactions, webhooks, url }, post, say }: Part) => {
  await post("/v1beta/interactions", { model: flash, input: "Hello" })
  const [one] = await interactions.list()
  const id = String(one?.interaction["id"])
  say("interactions", [one, await interactions.forget(id), await interactions.forget(id), await interactions.list()])
  say("interactions counted", await interactions.counts())
  const event = { type: "interaction.completed", data: { id } }
  say("sent", [await webhooks.send(event), await webhooks.send({ ...event, uris: ["https://example.com/hook"] })])
  say("ends", [await webhooks.awaitEnded(1), await webhooks.ended(), await webhooks.deliveries()])
  const keys = async () => Object((await (await fetch(`${url}/.well-known/jwks.json`)).json()).keys).length
  const before = await keys()
  await webhooks.rotateKeys()
  say("keys", [before, await keys()])
}

const live = async ({ gemini, say }: Part) => {
  const { live, url } = gemini
  // A session that stands with the clock neither opens nor ends.
  await gemini.setFrozen(false)
  const heard: Array<Promise<string>> = []
  const connect = () => {
    const ws = new WebSocket(
      `${
        url.replace("http", "ws")
      }/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent?key=any`
    )
    ws.addEventListener("message", ({ data }) => heard.push(new Response(data).text()))
    ws.addEventListener("open", () => ws.send(JSON.stringify({ setup: { model: `models/${robot}` } })))
    return new Promise<number>((resolve) => ws.addEventListener("close", ({ code }) => resolve(code)))
  }
  const first = connect()
  await live.awaitLog(([entry]) => entry?.setUpAt !== undefined)
  await live.send({ goAway: { timeLeft: "1s" } })
  await live.close(1012, "restart")
  const [entry] = await live.awaitClosed(1)
  say("session", [
    await first,
    entry?.model,
    entry?.code,
    entry?.reason,
    entry?.closedBy,
    entry?.turns,
    JSON.parse(await heard[1] ?? "null")
  ])
  connect()
  await live.awaitLog((entries) => entries[1]?.setUpAt !== undefined)
  await live.drop()
  await live.awaitClosed(2)
  say("dropped", [(await live.connections()).map(({ closedBy, code }) => [code, closedBy]), await live.counters()])
}

const parts = { clock, scripts, settings, log, vertex, holds, resources, interactions, live }

/** The same object, which notes what was asked of it. */
const watched = <A extends object>(of: A, asked: Set<string>, prefix = ""): A =>
  new Proxy(of, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name)
      asked.add(prefix + String(name))
      return typeof value === "object" && value !== null ? watched(value, asked, `${String(name)}.`) : value
    }
  })

const namesOf = (gemini: object): ReadonlyArray<string> =>
  Object.entries(gemini).flatMap(([name, value]) =>
    typeof value === "object" ? Object.keys(value).map((method) => `${name}.${method}`) : [name]
  )

/** What says when something was made, or over which connection it came. */
const own = ["connection", "connections", "createdAt", "usedAt", "left", "clientLeft"]

/** All that was said, with the address of the emulator left out. */
const played = async (reach: (emulator: Standalone.Standalone) => Promise<Gemini>) => {
  await using emulator = await Standalone.start({ cassetteFolder: folder })
  const asked = new Set<string>()
  const gemini = await reach(emulator)
  const told: Told = {}
  const post: Part["post"] = async (path, body, headers = {}) => {
    const response = await fetch(`${gemini.url}${path}`, {
      method: "POST",
      headers: { ..."authorization" in headers ? {} : { "x-goog-api-key": "any" }, ...headers },
      body: JSON.stringify(body)
    })
    const text = await response.text()
    return [response.status, /"(?:text|message)": ?"([^"]*)"/.exec(text)?.[1]]
  }
  for (const [part, play] of Object.entries(parts)) {
    const say = (name: string, value: unknown) => void (told[`${part}: ${name}`] = value ?? null)
    await play({ gemini: watched(gemini, asked), say, post })
  }
  const shown = JSON.stringify(told, (name, value) => own.includes(name) ? undefined : value)
  const { host } = new URL(emulator.url)
  const plain: Told = JSON.parse(shown.replaceAll(host, "HOST"))
  return { plain, unasked: namesOf(gemini).filter((name) => !asked.has(name)) }
}

describe("every method of an emulator without Effect", () => {
  it("says in its own process and from another one the same", async () => {
    const [here, there] = await Promise.all([
      played((emulator) => Promise.resolve(emulator.space("one"))),
      played(({ url }) => Standalone.connect(url, { space: "one" }))
    ])
    assert.deepStrictEqual([here.unasked, there.unasked], [[], []])
    for (const [name, said] of Object.entries(here.plain)) assert.deepStrictEqual(there.plain[name], said, name)
    assert.deepInclude(here.plain, {
      "clock: frozen": { time: start + 60_000, frozen: true },
      "scripts: of the rule": [[200, "A of Ada"], [501, "No rule of the emulator's space \\"]],
      "scripts: queued": [3, [200, "one"], 2],
      "settings: up": [1, 1, []],
      "log: ended": [true, false, 1],
      "vertex: objects": ["text", null, [{ uri: "gs://bucket/one", size: 4 }]],
      "holds: answered": [true, false, [200, "By hand."]],
      "interactions: keys": [1, 2],
      "live: session": [1012, robot, 1012, "restart", "server", 0, { goAway: { timeLeft: "1s" } }]
    })
  })
})
