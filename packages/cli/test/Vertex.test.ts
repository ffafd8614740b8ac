/** The command on Vertex AI, by the variables of Google's own SDKs alone. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createServer, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, afterEach, beforeAll, vi } from "vitest"
import * as Harness from "./harness.ts"

const folder = mkdtempSync(join(tmpdir(), "effect-gemini-fx-vertex-"))
// No rule knows it by its looks: it goes because it is the one that was sent.
const token = "a-federated-token-that-must-not-be-seen"
const asked: Array<{ readonly path: string; readonly authorization: string | undefined; readonly key: unknown }> = []
let server: Server
let url = ""
let status = 200
/** Whether answers hold the token and the project that they were asked with. */
let isTelling = false

beforeAll(async () => {
  server = createServer((request, response) => {
    const path = request.url ?? ""
    request.resume().on("end", () => {
      const json = (code: number, body: unknown) => {
        response.writeHead(code, {
          "content-type": path.includes("alt=sse") ? "text/event-stream" : "application/json"
        })
        response.end(path.includes("alt=sse") ? `data: ${JSON.stringify(body)}\n\n` : JSON.stringify(body))
      }
      if (path === "/sts") return json(200, { access_token: token, expires_in: 3599, token_type: "Bearer" })
      asked.push({ path, authorization: request.headers.authorization, key: request.headers["x-goog-api-key"] })
      if (status !== 200) {
        const message = "Request had invalid authentication credentials. Expected OAuth 2 access token."
        return json(status, { error: { code: status, status: "UNAUTHENTICATED", message } })
      }
      const said = path.includes("a-project")
        ? `Bonjour ${request.headers.authorization} of ${path.split(":")[0]}`
        : "Bonjour"
      return json(200, {
        candidates: [{
          content: { role: "model", parts: [{ text: isTelling ? said : "Bonjour" }] },
          finishReason: "STOP"
        }],
        usageMetadata: { promptTokenCount: 1, candidatesTokenCount: 1, totalTokenCount: 2 }
      })
    })
  })
  await new Promise<void>((resume) => server.listen(0, "127.0.0.1", resume))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  writeFileSync(join(folder, "subject"), "subject")
  const federation = {
    type: "external_account",
    audience: "//iam/pool",
    subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
    token_url: `${url}/sts`,
    credential_source: { file: join(folder, "subject") }
  }
  writeFileSync(join(folder, "federation.json"), JSON.stringify(federation))
  // Google's library reads the environment of the process.
  vi.stubEnv("GOOGLE_APPLICATION_CREDENTIALS", join(folder, "federation.json"))
})
afterEach(() => {
  asked.length = 0
  status = 200
  isTelling = false
})
afterAll(() => {
  vi.unstubAllEnvs()
  server.closeAllConnections()
  server.close()
  rmSync(folder, { recursive: true })
})

const fx = (args: ReadonlyArray<string>, env: Readonly<Record<string, string>>) =>
  Harness.gemini(args, { isOnDisk: true, env: { GEMINI_FX_CONFIG: "/nowhere", GOOGLE_VERTEX_BASE_URL: url, ...env } })

const place = { GOOGLE_CLOUD_PROJECT: "a-project", GOOGLE_CLOUD_LOCATION: "europe-west1" }

describe("gemini-fx on Vertex AI", () => {
  for (const flag of ["GOOGLE_GENAI_USE_VERTEXAI", "GOOGLE_GENAI_USE_ENTERPRISE"]) {
    it.live(`answers by ${flag} alone, with a token of the library that logs in`, () =>
      Effect.gen(function*() {
        const { exitCode, stderr, stdout } = yield* fx(["ask", "Say hello"], { ...place, [flag]: "true" })
        assert.strictEqual(exitCode, 0, stderr)
        assert.include(stdout, "Bonjour")
        assert.include(stderr, "Vertex AI")
        assert.include(stderr, "project a-project in europe-west1")
        assert.notInclude(stdout + stderr, token)
        const [one] = asked
        assert.match(
          one?.path ?? "",
          /^\/v1beta1\/projects\/a-project\/locations\/europe-west1\/publishers\/google\/models\//
        )
        assert.strictEqual(one?.authorization, `Bearer ${token}`)
      }))
  }

  it.live("answers in express mode by a key", () =>
    Effect.gen(function*() {
      const env = { GOOGLE_GENAI_USE_VERTEXAI: "true", GOOGLE_API_KEY: "an-express-key" }
      const { exitCode, stderr } = yield* fx(["ask", "Say hello"], env)
      assert.strictEqual(exitCode, 0, stderr)
      assert.include(stderr, "in express mode")
      assert.match(asked[0]?.path ?? "", /^\/v1beta1\/publishers\/google\/models\//)
      assert.strictEqual(asked[0]?.key, "an-express-key")
    }))

  it.live("says which half of a configuration is missing, and asks nobody", () =>
    Effect.gen(function*() {
      const { exitCode, stderr } = yield* fx(["ask", "Say hello"], { GOOGLE_GENAI_USE_VERTEXAI: "true" })
      assert.notStrictEqual(exitCode, 0)
      assert.include(
        stderr,
        "GOOGLE_GENAI_USE_VERTEXAI asks for Vertex AI, and there is no project: set GOOGLE_CLOUD_PROJECT"
      )
      assert.strictEqual(asked.length, 0)
    }))

  it.live("says what to do about credentials that are refused", () =>
    Effect.gen(function*() {
      status = 401
      const { exitCode, stderr } = yield* fx(["ask", "Say hello"], { ...place, GOOGLE_GENAI_USE_VERTEXAI: "1" })
      assert.notStrictEqual(exitCode, 0)
      assert.include(stderr, "look at the Google Cloud credentials")
      assert.notInclude(stderr, token)
      assert.notInclude(stderr, "GEMINI_API_KEY")
    }))

  it.live("shows the project, the location and the kind of login, in config as in doctor, and never the token", () =>
    Effect.gen(function*() {
      const env = { ...place, GOOGLE_GENAI_USE_VERTEXAI: "true" }
      const shown = yield* fx(["config", "show"], env)
      assert.strictEqual(shown.exitCode, 0, shown.stderr)
      for (
        const row of [
          /^\(destination\) +Vertex AI +GOOGLE_GENAI_USE_VERTEXAI/m,
          /^\(project\) +a-project +GOOGLE_CLOUD_PROJECT/m,
          /^\(location\) +europe-west1 +GOOGLE_CLOUD_LOCATION/m,
          /^\(login\) +workload identity federation .*GOOGLE_APPLICATION_CREDENTIALS/m,
          /^\(address\) +http:\/\/127\.0\.0\.1:\d+ +GOOGLE_VERTEX_BASE_URL/m
        ]
      ) assert.match(shown.stdout, row)
      assert.strictEqual(asked.length, 0)
      const json = JSON.parse((yield* fx(["config", "show", "--json"], env)).stdout)
      assert.strictEqual(json.vertex.project, "a-project")
      assert.match(json.vertex.login.kind, /^workload identity federation/)

      const report = yield* fx(["doctor"], env)
      assert.match(report.stdout, /^ {2}destination +Vertex AI, project a-project in europe-west1, by GOOGLE_GENAI/m)
      assert.match(
        report.stdout,
        /^ {2}login +workload identity federation, by GOOGLE_APPLICATION_CREDENTIALS \(.*federation\.json\)$/m
      )
      assert.match(report.stdout, /^. key +none is needed$/m)
      assert.match(report.stdout, /^. server +Vertex AI at .*it answers/m)
      assert.notInclude(report.stdout, "embedded server")
      assert.notInclude(shown.stdout + report.stdout + report.stderr, token)
    }))

  it.live("doctor names the half of a configuration that is missing, and a login that is not there", () =>
    Effect.gen(function*() {
      const half = yield* fx(["doctor"], { GOOGLE_GENAI_USE_VERTEXAI: "true" })
      assert.strictEqual(half.exitCode, 1)
      assert.match(
        half.stdout,
        /^! destination +GOOGLE_GENAI_USE_VERTEXAI asks for Vertex AI, and there is no project/m
      )
      assert.match(half.stdout, /^ {2}server +not asked$/m)
      assert.strictEqual(asked.length, 0)
      const before = process.env["GOOGLE_APPLICATION_CREDENTIALS"]
      vi.stubEnv("GOOGLE_APPLICATION_CREDENTIALS", join(folder, "nowhere.json"))
      const lost = yield* fx(["doctor", "--offline"], { ...place, GOOGLE_GENAI_USE_VERTEXAI: "true" })
      vi.stubEnv("GOOGLE_APPLICATION_CREDENTIALS", before)
      assert.strictEqual(lost.exitCode, 1)
      assert.match(lost.stdout, /^! login +GOOGLE_APPLICATION_CREDENTIALS: .*nowhere\.json is not there$/m)
    }))

  it.live("doctor takes a key in express mode for the login", () =>
    Effect.gen(function*() {
      const { stdout } = yield* fx(["doctor", "--offline"], {
        GOOGLE_GENAI_USE_VERTEXAI: "true",
        GOOGLE_API_KEY: "an-express-key"
      })
      assert.match(stdout, /^ {2}destination +Vertex AI in express mode/m)
      assert.match(stdout, /^ {2}login +the API key in GOOGLE_API_KEY$/m)
      assert.notInclude(stdout, "an-express-key")
    }))

  it.live("records on a cassette without the token and the project, and plays it without a login, for any project", () =>
    Effect.gen(function*() {
      const before = process.env["CI"]
      delete process.env["CI"]
      yield* Effect.addFinalizer(() =>
        Effect.sync(() => {
          if (before !== undefined) process.env["CI"] = before
        })
      )
      const file = join(folder, "vertex.jsonl")
      const record = {
        ...place,
        GOOGLE_GENAI_USE_VERTEXAI: "true",
        GEMINI_CASSETTE: file,
        GEMINI_CASSETTE_MODE: "once"
      }
      isTelling = true
      const recorded = yield* fx(["ask", "Say hello"], record)
      assert.strictEqual(recorded.exitCode, 0, recorded.stderr)
      assert.include(recorded.stderr, "what is said is recorded in")
      assert.strictEqual(asked.length, 1)
      assert.strictEqual(asked[0]?.authorization, `Bearer ${token}`)
      const text = readFileSync(file, "utf8")
      assert.include(text, "locations/europe-west1/publishers/google/models/")
      assert.include(text, "Bonjour")
      for (const secret of [token, token.slice(0, 20), "a-project"]) assert.notInclude(text, secret)

      // The login is not there any more, and the project is another one.
      const login = process.env["GOOGLE_APPLICATION_CREDENTIALS"]
      vi.stubEnv("GOOGLE_APPLICATION_CREDENTIALS", join(folder, "nowhere.json"))
      const env = { GOOGLE_GENAI_USE_VERTEXAI: "true", GOOGLE_CLOUD_LOCATION: "europe-west1", GEMINI_CASSETTE: file }
      const played = yield* fx(["ask", "Say hello"], { ...env, GOOGLE_CLOUD_PROJECT: "another-project" })
      const elsewhere = yield* fx(["ask", "Say hello"], { ...env, ...place, GOOGLE_CLOUD_LOCATION: "us-east1" })
      vi.stubEnv("GOOGLE_APPLICATION_CREDENTIALS", login)
      assert.strictEqual(played.exitCode, 0, played.stderr)
      assert.match(
        played.stdout,
        /Bonjour Bearer REDACTED_\w+ of .*projects\/REDACTED_PROJECT_1\/locations\/europe-west1/
      )
      assert.include(played.stderr, "played; nothing leaves this machine")
      assert.strictEqual(asked.length, 1)
      // Another location is another request, and the message says so.
      assert.notStrictEqual(elsewhere.exitCode, 0)
      assert.include(elsewhere.stderr, "us-east1")
    }).pipe(Effect.scoped))
})
