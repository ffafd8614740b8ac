/**
 * Damage done to recorded answers and to our own. It never causes a defect or a hang, and causes an error only where
 * meaning is lost; the error names the path.
 */
import { assert, describe, it } from "@effect/vitest"
import type { GeminiError } from "effect-gemini/GeminiError"
import * as GeminiHttp from "effect-gemini/GeminiHttp"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { existsSync, readFileSync } from "node:fs"
import { own } from "../fixtures/ownCases.ts"
import { bytesOf, expectedOf, random, type RecordedCase } from "../fixtures/recordedCase.ts"

const folder = new URL("../../../../../shared/corpus/", import.meta.url)

/** Answers without an error in them, ours and the recorded ones where they are there. */
const answers = (op: string): ReadonlyArray<RecordedCase> => {
  const index: ReadonlyArray<{ readonly file: string; readonly op: string; readonly bytes: number }> =
    existsSync(folder) ? JSON.parse(readFileSync(new URL("index.json", folder), "utf8")) : []
  const recorded = index
    .filter((entry) => entry.op === op && entry.bytes < 20_000)
    .map(({ file }): RecordedCase => JSON.parse(readFileSync(new URL(file, folder), "utf8")))
  return [...own, ...recorded].filter((one) => one.op === op && expectedOf(one).reason === undefined)
}

interface Outcome {
  readonly values: ReadonlyArray<unknown>
  readonly error?: GeminiError
}

/** What GeminiHttp makes of a body in pieces; a defect fails the test. */
const outcome = Effect.fnUntraced(function*(op: string, bytes: Uint8Array, pieces: number) {
  const size = Math.max(1, Math.ceil(bytes.length / pieces))
  let at = 0
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) => {
      if (at >= bytes.length) return controller.close()
      controller.enqueue(bytes.subarray(at, at += size))
    }
  })
  const client = HttpClient.make((request) =>
    Effect.succeed(HttpClientResponse.fromWeb(request, new Response(bytes.length === 0 ? null : body)))
  )
  const http = yield* GeminiHttp.make({ apiKey: Redacted.make("key") }).pipe(
    Effect.provideService(HttpClient.HttpClient, client)
  )
  const request = { model: "gemini-3.8-flash", contents: [{ parts: [{ text: "Hello" }] }] }
  const values: Array<unknown> = []
  const content = request.contents[0] ?? {}
  const one: Effect.Effect<unknown, GeminiError> = op === "countTokens"
    ? http.countTokens(request)
    : op === "embedContent"
    ? http.embedContent({ ...request, content })
    : op === "batchEmbedContents"
    ? http.batchEmbedContents({ ...request, requests: [{ content }] })
    : http.generateContent(request)
  const calls: Stream.Stream<unknown, GeminiError> = op === "streamGenerateContent"
    ? http.generateContentStream(request)
    : Stream.fromEffect(one)
  return yield* Stream.runForEach(calls, (value) => Effect.sync(() => values.push(value))).pipe(
    Effect.match({
      onSuccess: (): Outcome => ({ values }),
      onFailure: (error): Outcome => ({ values, error })
    })
  )
})

const pick = (bases: ReadonlyArray<RecordedCase>, at: number): RecordedCase => {
  const base = bases[at % bases.length]
  if (base === undefined) throw new Error("there is no answer to damage")
  return base
}

type Json = null | boolean | number | string | ReadonlyArray<Json> | { readonly [key: string]: Json }
type Container = Array<Json> | Record<string, Json>

interface Place {
  readonly parent: Container
  readonly key: string | number
  readonly path: string
}

const put = ({ key, parent }: Place, value: Json): void => {
  if (Array.isArray(parent)) parent[Number(key)] = value
  else parent[String(key)] = value
}

/** Every place of a value, as a JSON path. */
const places = (value: unknown, path = ""): ReadonlyArray<Place> => {
  if (typeof value !== "object" || value === null) return []
  const parent = value as Container // JSON.parse made it
  return Object.entries(parent).flatMap(([key, child]) => {
    const at = Array.isArray(parent) ? `${path}[${key}]` : path === "" ? key : `${path}.${key}`
    return [{ parent, key: Array.isArray(parent) ? Number(key) : key, path: at }, ...places(child, at)]
  })
}

const strangers: ReadonlyArray<Json> = [5, -1.5, "olive", true, [], [7], {}, { text: 5 }, { parts: 5 }]

const Edit = Schema.Struct({
  kind: Schema.Literals(["drop", "add", "rename", "null", "retype"]),
  at: Schema.Natural,
  value: Schema.Natural
})

/** Does the damage; returns the paths that got a value of another kind. */
const damage = (body: unknown, edits: ReadonlyArray<typeof Edit.Type>): ReadonlyArray<string> => {
  const retyped: Array<string> = []
  // What is dropped from a list moves what follows: first the drops, then what is remembered by its path.
  for (const { at, kind, value } of edits.toSorted((a, b) => Number(b.kind === "drop") - Number(a.kind === "drop"))) {
    const all = places(body)
    const place = all[at % Math.max(1, all.length)]
    if (place === undefined) break
    const { key, parent, path } = place
    const stranger = structuredClone(strangers[value % strangers.length] ?? 5)
    if (kind === "retype") {
      put(place, stranger)
      retyped.push(path)
    } else if (Array.isArray(parent)) {
      // A list has no names, and null is not an element of one.
      if (kind === "drop") parent.splice(Number(key), 1)
    } else if (kind === "null") parent[String(key)] = null
    else if (kind === "add") parent[`tomorrow${value % 9}`] = stranger
    else {
      const was = parent[String(key)]
      delete parent[String(key)]
      if (kind === "rename" && was !== undefined) parent[`${key}OfTomorrow`] = was
    }
  }
  return retyped
}

const known = [
  "candidates",
  "promptFeedback",
  "usageMetadata",
  "modelVersion",
  "responseId",
  "modelStatus",
  "createTime"
]

describe.each([
  ["generateContent", 600],
  ["countTokens", 100],
  ["embedContent", 100],
  ["batchEmbedContents", 100]
])("a damaged answer of %s", (op, runs) => {
  const bases = answers(op)

  it.effect.prop(
    "is the JSON that came, or an error that names the damaged place",
    { base: Schema.Natural, edits: Schema.NonEmptyArray(Edit) },
    ({ base, edits }) =>
      Effect.gen(function*() {
        const body: unknown = JSON.parse(bytesOf(pick(bases, base)).toString())
        const retyped = damage(body, edits)
        const { error, values } = yield* outcome(op, Buffer.from(JSON.stringify(body)), 3)
        if (error === undefined) return assert.deepStrictEqual(values, [body])
        const { reason } = error
        if (reason._tag === "PromptBlocked") return assert.isNotEmpty(retyped)
        if (reason._tag !== "InvalidResponse") return assert.fail(error.message)
        if (reason.path === "") {
          // Where nothing is left that an answer is known by, the whole of it is the place.
          const keys = typeof body === "object" && body !== null ? Object.keys(body) : []
          return assert.isTrue(keys.every((key) => !known.includes(key)), error.message)
        }
        assert.isTrue(
          retyped.some((path) => reason.path.startsWith(path)),
          `${error.message}; damaged: ${retyped.join()}`
        )
      }),
    { arbitrary: { runs } }
  )
})

const reasonsOfStreams = new Set([
  "StreamInterrupted",
  "InvalidResponse",
  "PromptBlocked",
  // An error body may be what a splice leaves.
  "Overloaded",
  "ServerError",
  "InvalidRequest"
])

describe("a damaged stream", () => {
  const bases = answers("streamGenerateContent")

  it.effect.prop(
    "cut anywhere gives what had come, then StreamInterrupted unless it had finished",
    { base: Schema.Natural, seed: Schema.Natural },
    ({ base, seed }) =>
      Effect.gen(function*() {
        const recorded = pick(bases, base)
        const bytes = bytesOf(recorded)
        const next = random(seed)
        const cut = Math.floor(next() * (bytes.length + 1))
        const { error, values } = yield* outcome(recorded.op, bytes.subarray(0, cut), 1 + Math.floor(next() * 20))
        const whole = expectedOf(recorded).values
        assert.deepStrictEqual(values, whole.slice(0, values.length))
        const finished = values.some((value) => /"finishReason":(?!null)/.test(JSON.stringify(value)))
        if (error === undefined) return assert.isTrue(finished)
        assert.strictEqual(error.reason._tag, "StreamInterrupted", `${recorded.id} at ${cut}: ${error.message}`)
        if (error.reason._tag === "StreamInterrupted") assert.deepStrictEqual(error.reason.received, values)
      }),
    { arbitrary: { runs: 400 } }
  )

  it.effect.prop(
    "spliced of pieces of several ends, in its type",
    { bases: Schema.NonEmptyArray(Schema.Natural), seed: Schema.Natural },
    ({ bases: chosen, seed }) =>
      Effect.gen(function*() {
        const next = random(seed)
        const pieces = chosen.slice(0, 6).map((base) => {
          const bytes = bytesOf(pick(bases, base))
          const from = Math.floor(next() * bytes.length)
          return bytes.subarray(from, from + Math.floor(next() * (bytes.length - from)))
        })
        const { error } = yield* outcome("streamGenerateContent", Buffer.concat(pieces), 1 + Math.floor(next() * 20))
        if (error === undefined) return
        assert.isTrue(reasonsOfStreams.has(error.reason._tag), error.message)
        assert.isAbove(error.message.length, 20)
      }),
    { arbitrary: { runs: 400 } }
  )

  it.effect.prop(
    "with one damaged event gives those before it, then the place in it",
    { base: Schema.Natural, event: Schema.Natural, edits: Schema.NonEmptyArray(Edit) },
    ({ base, edits, event }) =>
      Effect.gen(function*() {
        const recorded = pick(bases, base)
        const chunks = structuredClone(expectedOf(recorded).values)
        const index = event % Math.max(1, chunks.length)
        const retyped = damage(chunks[index], edits)
        const text = chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\r\n\r\n`).join("")
        const { error, values } = yield* outcome(recorded.op, Buffer.from(text), 7)
        assert.deepStrictEqual(values, chunks.slice(0, values.length))
        if (error === undefined) return assert.strictEqual(values.length, chunks.length)
        const { reason } = error
        if (reason._tag === "StreamInterrupted") return assert.strictEqual(values.length, chunks.length)
        assert.strictEqual(values.length, index)
        if (reason._tag === "PromptBlocked") return assert.isNotEmpty(retyped)
        if (reason._tag !== "InvalidResponse") return assert.fail(error.message)
        if (reason.path !== "") assert.isTrue(retyped.some((path) => reason.path.startsWith(path)), error.message)
      }),
    { arbitrary: { runs: 400 } }
  )
})
