/**
 * `@google/genai` 3.3 with `vertexai: true` against the emulator, over real sockets and through the real auth library: by
 * the metadata server, by workload identity federation, and with a service account's key. That key the library posts to a
 * constant address, `https://oauth2.googleapis.com/token`; its own `transporter` option is what leads it to this machine.
 */
import { GoogleGenAI, type GoogleGenAIOptions } from "@google/genai"
import * as Standalone from "effect-gemini-emulator/Standalone"
import { GeminiClient } from "effect-gemini/GeminiClient"
import * as NodeGemini from "effect-gemini/NodeGemini"
import * as Vertex from "effect-gemini/Vertex"
import * as VertexAuth from "effect-gemini/VertexAuth"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { generateKeyPairSync } from "node:crypto"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { createRequire } from "node:module"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, afterEach, assert, beforeAll, describe, it, vi } from "vitest"

const model = "gemini-3.8-flash"
const email = "robot@a-project.iam.gserviceaccount.com"
const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 })
const place = { project: "a-project", location: "europe-west1" }

let emulator: Awaited<ReturnType<typeof Standalone.start>>
const folder = mkdtempSync(join(tmpdir(), "effect-gemini-sdk-vertex-"))

beforeAll(async () => {
  // Only tokens that it gave out itself open the door.
  emulator = await Standalone.start({
    vertex: {
      tokens: { valid: [] },
      identity: { serviceAccounts: { [email]: publicKey.export({ type: "spki", format: "pem" }).toString() } }
    }
  })
})
afterAll(async () => {
  await emulator.stop()
  rmSync(folder, { recursive: true })
})
afterEach(() => {
  vi.unstubAllEnvs()
  vi.restoreAllMocks()
  emulator.reset()
})

/** The class of the library's requests, in the version that the SDK brings along. */
const { gaxios } = createRequire(createRequire(import.meta.url).resolve("@google/genai"))("google-auth-library") as {
  readonly gaxios: {
    readonly Gaxios: new() => { request(options: { readonly url: URL | string }): Promise<unknown> }
  }
}

/** Leads requests for Google's token server to the emulator. */
const transporter = () => {
  class Here extends gaxios.Gaxios {
    override request(options: { readonly url: URL | string }): Promise<unknown> {
      const { pathname } = new URL(String(options.url))
      return super.request({ ...options, url: `${emulator.url}${pathname}` })
    }
  }
  return new Here()
}

type AuthOptions = NonNullable<GoogleGenAIOptions["googleAuthOptions"]>

const environment = (variables: Readonly<Record<string, string>>) => {
  const nothing = { GOOGLE_APPLICATION_CREDENTIALS: "", GCE_METADATA_HOST: "", METADATA_SERVER_DETECTION: "none" }
  const all = { ...nothing, CLOUDSDK_CONFIG: folder, GOOGLE_CLOUD_PROJECT: "a-project", ...variables }
  for (const [name, value] of Object.entries(all)) vi.stubEnv(name, value)
}

/** Each way to log in: what it sets, and gives to the SDK. */
const logins: ReadonlyArray<readonly [name: string, login: () => AuthOptions | undefined]> = [
  [
    "the metadata server",
    () => {
      environment({
        GCE_METADATA_HOST: emulator.url.replace("http://", ""),
        METADATA_SERVER_DETECTION: "assume-present"
      })
      return undefined
    }
  ],
  [
    "workload identity federation",
    () => {
      writeFileSync(join(folder, "subject"), "a-subject-token")
      writeFileSync(
        join(folder, "federation.json"),
        JSON.stringify({
          type: "external_account",
          audience: "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/pool/providers/ours",
          subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
          token_url: `${emulator.url}/v1/token`,
          credential_source: { file: join(folder, "subject") }
        })
      )
      environment({ GOOGLE_APPLICATION_CREDENTIALS: join(folder, "federation.json") })
      return undefined
    }
  ],
  [
    "a service account's key and a transporter",
    () => {
      environment({})
      // What the library types is a class of its own version, which is this one.
      return {
        credentials: {
          type: "service_account",
          client_email: email,
          private_key: privateKey.export({ type: "pkcs8", format: "pem" }).toString()
        },
        clientOptions: { transporter: transporter() }
      } as unknown as AuthOptions
    }
  ]
]

const sdkOf = (googleAuthOptions: AuthOptions | undefined) =>
  new GoogleGenAI({
    vertexai: true,
    ...place,
    httpOptions: { baseUrl: emulator.url },
    ...(googleAuthOptions === undefined ? {} : { googleAuthOptions })
  })

const ours = <A, E>(use: (gemini: GeminiClient["Service"]) => Effect.Effect<A, E>): Promise<A> =>
  GeminiClient.use(use).pipe(
    Effect.provide(
      Vertex.layer({ ...place, baseUrl: emulator.url }).pipe(
        Layer.provide([VertexAuth.layer(), NodeGemini.layerHttpClient()])
      )
    ),
    Effect.runPromise
  )

describe("the official SDK on Vertex AI works against the emulator", () => {
  for (const [name, login] of logins) {
    it(`logged in by ${name}`, async () => {
      for (const level of ["warn", "debug"] as const) vi.spyOn(console, level).mockImplementation(() => undefined)
      const { models } = sdkOf(login())
      const answer = await models.generateContent({ model, contents: "Say hello" })
      assert.include(answer.text, "Say hello")
      let text = ""
      for await (const chunk of await models.generateContentStream({ model, contents: "Say hello" })) {
        text += chunk.text ?? ""
      }
      assert.strictEqual(text, answer.text)
      assert.isAbove((await models.countTokens({ model, contents: "How many?" })).totalTokens ?? 0, 0)
      const vectors = await models.embedContent({ model: "text-embedding-005", contents: ["one", "two"] })
      assert.strictEqual(vectors.embeddings?.length, 2)
      assert.include((await models.get({ model })).name, model)
      assert.isAbove(emulator.vertex.tokens().length, 0)
      const [asked] = emulator.requests().filter(({ path }) => path.endsWith(":generateContent"))
      assert.strictEqual(
        asked?.path,
        `/v1beta1/projects/a-project/locations/europe-west1/publishers/google/models/${model}:generateContent`
      )
    })
  }
})

describe("we do, too", () => {
  for (const [name, login] of logins.slice(0, 2)) {
    it(`logged in by ${name}; a token that is revoked is followed by another one`, async () => {
      login()
      const text = await ours((gemini) =>
        Effect.gen(function*() {
          yield* gemini.generate({ model, contents: "Say hello" })
          emulator.vertex.revoke()
          const { text } = yield* gemini.generate({ model, contents: "Say hello" })
          return text
        })
      )
      assert.include(text, "Say hello")
      assert.strictEqual(emulator.vertex.tokens().length, 2)
    })
  }
})
