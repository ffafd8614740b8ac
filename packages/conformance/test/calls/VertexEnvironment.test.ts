/**
 * The environment as `@google/genai` 3.3 reads it: over every combination of its variables both clients choose the same
 * API and place, but for differences that are named with their reason.
 */
import { GoogleGenAI } from "@google/genai"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import { afterEach, assert, describe, it, vi } from "vitest"
import * as ChosenApi from "../../../gemini/src/internal/vertex/chosenApi.ts"

const values = {
  GOOGLE_GENAI_USE_ENTERPRISE: [undefined, "true", "FALSE"],
  GOOGLE_GENAI_USE_VERTEXAI: [undefined, "True", "false"],
  GOOGLE_CLOUD_PROJECT: [undefined, "a-project"],
  GOOGLE_CLOUD_LOCATION: [undefined, "europe-west1"],
  GOOGLE_API_KEY: [undefined, "google-key"],
  GEMINI_API_KEY: [undefined, "gemini-key"],
  GOOGLE_VERTEX_BASE_URL: [undefined, "http://127.0.0.1:1"],
  GOOGLE_GENAI_API_VERSION: [undefined, "beta", "v1"]
} as const

type Variables = { readonly [Name in keyof typeof values]: string | undefined }

/** Every combination of the variables. */
const all = Object.entries(values).reduce<ReadonlyArray<Partial<Variables>>>(
  (rows, [name, options]) => rows.flatMap((row) => options.map((value) => ({ ...row, [name]: value }))),
  [{}]
)

const set = (row: Partial<Variables>) => {
  for (const name of Object.keys(values)) vi.stubEnv(name, undefined)
  for (const [name, value] of Object.entries(row)) vi.stubEnv(name, value)
}

/** What a client chose: the API, the place, and who asks. */
interface Choice {
  readonly api: string
  readonly project?: string | undefined
  readonly location?: string | undefined
  readonly key?: string | undefined
  readonly baseUrl?: string | undefined
  readonly version?: string | undefined
}

type Options = { readonly project?: string; readonly location?: string; readonly apiKey?: string }

const theirs = (options: Options): Choice | undefined => {
  try {
    const client = new GoogleGenAI({ ...options })
    const { apiClient, vertexai } = client as unknown as {
      readonly vertexai: boolean
      readonly apiClient: {
        readonly clientOptions: Record<string, string | undefined>
        readonly customBaseUrl?: string
      }
    }
    if (!vertexai) return { api: "gemini" }
    const { apiKey: key, apiVersion: version, location, project } = apiClient.clientOptions
    return { api: "vertex", project, location, key, baseUrl: apiClient.customBaseUrl, version }
  } catch {
    return undefined
  }
}

const secret = (text: string | undefined) => text === undefined ? undefined : Redacted.make(text)

const ours = ({ apiKey, ...options }: Options, row: Partial<Variables>): Choice | undefined => {
  const chosen = ChosenApi.decide({ ...options, apiKey: secret(apiKey) }, {
    ...row,
    GOOGLE_API_KEY: secret(row.GOOGLE_API_KEY),
    GEMINI_API_KEY: secret(row.GEMINI_API_KEY)
  })
  if (Result.isFailure(chosen)) return undefined
  if (chosen.success.api === "gemini") return { api: "gemini" }
  const { apiKey: key, apiVersion: version, baseUrl, location, project } = chosen.success.place
  return { api: "vertex", project, location, key: key && Redacted.value(key), baseUrl, version }
}

const isOn = ({ GOOGLE_GENAI_USE_ENTERPRISE: one, GOOGLE_GENAI_USE_VERTEXAI: other }: Partial<Variables>) =>
  (one ?? other ?? "").toLowerCase() === "true"

/** Where the two may differ, and why. */
const reason = (options: Options, row: Partial<Variables>): string | undefined => {
  if ((options.project !== undefined || options.location !== undefined) && !isOn(row)) {
    return "a project or location in code asks for Vertex AI: the SDK refuses it without the flag"
  }
  const project = options.project ?? row.GOOGLE_CLOUD_PROJECT
  const key = options.apiKey ?? row.GOOGLE_API_KEY ?? row.GEMINI_API_KEY
  if (!isOn(row) && row.GOOGLE_GENAI_USE_ENTERPRISE === undefined && row.GOOGLE_GENAI_USE_VERTEXAI === undefined) {
    if (project !== undefined && key === undefined) return "half is set: the SDK asks the Gemini API without a key"
  }
  if (isOn(row) && row.GOOGLE_VERTEX_BASE_URL !== undefined) {
    if (project === undefined && (key === undefined || row.GOOGLE_CLOUD_LOCATION !== undefined)) {
      return "half is set: the SDK asks an address of its own without saying who asks"
    }
  }
  return undefined
}

afterEach(() => {
  vi.unstubAllEnvs()
  vi.restoreAllMocks()
})

describe("the environment of Vertex AI", () => {
  it.each<[string, Options]>([
    ["nothing in code", {}],
    ["a project in code", { project: "mine" }],
    ["a project and a location in code", { project: "mine", location: "us-central1" }],
    ["a key in code", { apiKey: "own-key" }]
  ])("is read as the SDK reads it, with %s", (_, options) => {
    for (const level of ["warn", "debug"] as const) vi.spyOn(console, level).mockImplementation(() => undefined)
    let equal = 0
    for (const row of all) {
      set(row)
      if (reason(options, row) !== undefined) continue
      assert.deepStrictEqual(ours(options, row), theirs(options), JSON.stringify({ options, row }))
      equal++
    }
    assert.isAbove(equal, 300)
  })

  it("of which half is set is one clear error, and so is a flag that is neither true nor false", () => {
    const said = (row: Parameters<typeof ChosenApi.decide>[1]) => {
      const chosen = ChosenApi.decide({}, row)
      return Result.isFailure(chosen) ? chosen.failure : undefined
    }
    assert.match(said({ GOOGLE_GENAI_USE_VERTEXAI: "true" }) ?? "", /no project: set GOOGLE_CLOUD_PROJECT/)
    assert.match(
      said({ GOOGLE_GENAI_USE_ENTERPRISE: "true", GOOGLE_CLOUD_LOCATION: "eu", GOOGLE_API_KEY: Redacted.make("k") }) ??
        "",
      /GOOGLE_GENAI_USE_ENTERPRISE asks for Vertex AI, with a location and a key but no project/
    )
    assert.match(said({ GOOGLE_CLOUD_PROJECT: "p" }) ?? "", /set GOOGLE_GENAI_USE_VERTEXAI=true/)
    assert.match(said({ GOOGLE_GENAI_USE_VERTEXAI: "yes" }) ?? "", /expected true or false, got "yes"/)
    assert.isUndefined(said({ GOOGLE_GENAI_USE_VERTEXAI: "1", GOOGLE_CLOUD_PROJECT: "p" }))
  })
})
