/**
 * The emulator against recorded traffic: what Google took it takes, what Google refused it refuses
 * in the same words. The recordings stand beside the checkout, on machines that have them.
 */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { assert, describe, it, layer } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as ModelTable from "effect-gemini-emulator/ModelTable"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Layer from "effect/Layer"
import { existsSync, readFileSync } from "node:fs"

const corpus = `${import.meta.dirname}/../../../../../shared/corpus`

interface Listed {
  readonly id: string
  readonly file: string
  readonly op: string
  readonly api: string
  readonly provenance: string
  readonly status: number | null
}

interface Case {
  readonly request: { readonly method: string; readonly path: string; readonly body: unknown }
  readonly response: { readonly status: number; readonly body: unknown }
}

const scope = new Set([
  "generateContent",
  "streamGenerateContent",
  "countTokens",
  "embedContent",
  "batchEmbedContents",
  "models.list",
  "models.get"
])

const index: ReadonlyArray<Listed> = existsSync(corpus)
  ? JSON.parse(readFileSync(`${corpus}/index.json`, "utf8")).filter((it: Listed) =>
    // Derived cases change the answer, not the request.
    it.api === "gemini" && scope.has(it.op) && it.provenance !== "derived"
  )
  : []

const read = (it: Listed): Case => JSON.parse(readFileSync(`${corpus}/${it.file}`, "utf8"))

/** One recorder put words in the place of signatures; an odd number of characters is not base64. */
const bodyOf = (it: Case): string => JSON.stringify(it.request.body).replace(/signature_REDACTED_\d+/g, "c2ln")

/** Refused for what the emulator is told, not for what the request says. */
const told: Readonly<Record<string, "a key that is none">> = {
  "rig/models-list_models_rejected_key_reports_api_error_with_context-f9beef/0": "a key that is none",
  "rig/response_identity-auth_rejection_keeps_transport_shape-4ae886/0": "a key that is none"
}

/** What no server could tell from the request: its quota, its project, its safety model. */
const unknowable: Readonly<Record<string, string>> = {
  "vercel-ai/google-429-retry-info-8eb46a/0": "fixture without a request; a quota's state",
  "vertexai-test-data/googleai-streaming-failure-image-rejected-611e83/0":
    "fixture without a request; the image that was refused is not there",
  "vertexai-test-data/googleai-unary-failure-api-key-0cbcbb/0":
    "fixture without a request; proved by the two recorded ones",
  "vertexai-test-data/googleai-unary-failure-generativelanguage-api-not-enabled-879516/0":
    "fixture without a request; a project's settings"
}

const server = (options: Emulator.Options) =>
  Emulator.layerServer({ keys: { invalid: ["no-key"] }, ...options }).pipe(
    Layer.provideMerge(NodeHttpClient.layerUndici)
  )

const send = Effect.fnUntraced(function*(it: Case, key: string) {
  const { url } = yield* Emulator.Emulator
  const request = HttpClientRequest.make(it.request.method === "GET" ? "GET" : "POST")(`${url}${it.request.path}`).pipe(
    HttpClientRequest.setHeader("x-goog-api-key", key)
  )
  const response = yield* HttpClient.execute(
    it.request.method === "GET" ? request : HttpClientRequest.bodyText(request, bodyOf(it), "application/json")
  )
  return { status: response.status, text: yield* response.text }
})

interface Status {
  readonly code: number
  readonly status: string
  readonly message: string
  readonly details?: ReadonlyArray<{ readonly "@type": string }>
}

const errorOf = (body: unknown): Status => {
  const { error }: { readonly error: Status } = JSON.parse(JSON.stringify(Array.isArray(body) ? body[0] : body))
  return error
}

/** The wording of 404 changed between the recordings of 2025 and of 2026. */
const wording = (message: string): string => message.replace("Call ListModels", "Call ModelService.ListModels")

/** DebugInfo is for Google's own eyes; the API shows it by mistake, now and then. */
const details = (error: Status) => (error.details ?? []).filter((detail) => !detail["@type"].endsWith(".DebugInfo"))

describe.skipIf(index.length === 0)("recorded traffic", () => {
  // Some recordings are older than their model's retirement, and some fixtures name none.
  layer(server({ models: { ...ModelTable.current, acceptAnyModel: true } }))((it) => {
    it.effect("every recorded request that Google took is taken", () =>
      Effect.gen(function*() {
        const taken = index.filter(({ status }) => status !== null && status >= 200 && status < 300)
        const withBody = taken.map((listed) => [listed, read(listed)] as const).filter(([, recorded]) =>
          recorded.request.method === "GET" || (recorded.request.body ?? null) !== null
        )
        const refused: Array<string> = []
        for (const [listed, recorded] of withBody) {
          // A page token of another listing is not one of this one's.
          const path = recorded.request.path.replace(/\?pageToken=.*$/, "")
          const { status, text } = yield* send({ ...recorded, request: { ...recorded.request, path } }, "key")
          if (status !== 200) refused.push(`${listed.id}: ${status} ${text.slice(0, 300)}`)
        }
        process.stdout.write(
          `recorded requests: ${withBody.length} sent, ${withBody.length - refused.length} taken; ` +
            `${taken.length - withBody.length} cases keep no request\n`
        )
        assert.deepStrictEqual(refused, [])
        assert.isAbove(withBody.length, 290)
      }), 120_000)
  })

  layer(server({}))((it) => {
    it.effect("every recorded refusal is refused with the same status, reason and shape", () =>
      Effect.gen(function*() {
        const all = index.filter(({ status }) => status !== null && status >= 400)
        const known = all.filter(({ id }) => unknowable[id] === undefined)
        for (const listed of known) {
          const recorded = read(listed)
          const { status, text } = yield* send(recorded, told[listed.id] === undefined ? "key" : "no-key")
          const expected = errorOf(recorded.response.body)
          const actual = errorOf(JSON.parse(text))
          assert.strictEqual(status, recorded.response.status, listed.id)
          assert.strictEqual(actual.code, expected.code, listed.id)
          assert.strictEqual(actual.status, expected.status, listed.id)
          assert.strictEqual(actual.message, wording(expected.message), listed.id)
          assert.deepStrictEqual(details(actual), details(expected), listed.id)
        }
        process.stdout.write(
          `recorded refusals: ${known.length} refused alike; ${all.length - known.length} left out:\n` +
            Object.entries(unknowable).map(([id, why]) => `  ${id}: ${why}\n`).join("")
        )
        assert.isAbove(known.length, 0)
      }))

    it.effect("models.list has the recorded shape: fields, page size, token, an end", () =>
      Effect.gen(function*() {
        const pages = index.filter(({ op, status }) => op === "models.list" && status === 200).map(read)
        const fields = (body: unknown) => {
          const { models }: { readonly models: ReadonlyArray<Record<string, unknown>> } = JSON.parse(
            JSON.stringify(body)
          )
          return new Set(
            models.flatMap((model) => Object.entries(model).map(([key, value]) => `${key}: ${typeof value}`))
          )
        }
        const recorded = new Set(pages.flatMap((page) => [...fields(page.response.body)]))
        const first = pages[0]
        if (first === undefined) return
        const { text } = yield* send(
          { ...first, request: { method: "GET", path: "/v1beta/models", body: null } },
          "key"
        )
        assert.deepStrictEqual([...fields(JSON.parse(text))].filter((field) => !recorded.has(field)), [])
        assert.strictEqual(JSON.parse(text).models.length, 50)
        assert.isString(JSON.parse(text).nextPageToken)
      }))
  })
})

it.skipIf(index.length > 0)("without ../shared/corpus the recordings are not compared", () => {
  process.stdout.write("skipped: ../shared/corpus is not there\n")
})
