/**
 * The command as it is published: one file in an empty folder, with nothing installed beside it, started as real
 * processes.
 */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { get } from "node:https"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { bundleCommand } from "../../../scripts/commandBundle.ts"

const isThere = (program: string, ...args: ReadonlyArray<string>) => spawnSync(program, args).status === 0

let folder: string
let file: string
const { GEMINI_EMULATOR_TOKEN: _, ...env } = process.env

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "emulator-command-"))
  file = join(folder, "command.cjs")
  await bundleCommand(file)
}, 60_000)

afterAll(() => rmSync(folder, { recursive: true }))

interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly out: string
  readonly err: string
}

class Command {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
  readonly #started: Promise<string>

  constructor(args: ReadonlyArray<string>, more: Readonly<Record<string, string>> = {}) {
    this.child = spawn(process.execPath, [file, ...args], {
      cwd: folder,
      // Whatever lies in its folder for temporary files was left by it.
      env: { ...env, NODE_OPTIONS: "", TMPDIR: folder, ...more },
      stdio: ["ignore", "pipe", "pipe"]
    })
    let out = ""
    let err = ""
    this.#started = new Promise((resolve, reject) => {
      this.child.stdout?.on("data", (data) => {
        out += data
        const url = /(http:\S+)[^]*\n[^]*\n[^]*\n/.exec(out)?.[1]
        if (url !== undefined) resolve(url.replace(/;$/, ""))
      })
      this.child.once("close", () => reject(new Error(`it ended: ${err}`)))
    })
    this.#started.catch(() => undefined)
    this.child.stderr?.on("data", (data) => (err += data))
    this.ended = new Promise((resolve) =>
      this.child.once("close", (code, signal) => resolve({ code, signal, out, err }))
    )
  }

  /** Its URL, once it has said it. */
  get url(): Promise<string> {
    return this.#started
  }

  stop(signal: NodeJS.Signals = "SIGINT"): Promise<Ended> {
    this.child.kill(signal)
    return this.ended
  }
}

const left = () => readdirSync(folder).filter((name) => name.startsWith("effect-gemini-emulator-"))

const models = async (url: string) => (await fetch(`${url}/v1beta/models?key=k`)).status

describe("the command", () => {
  it("starts as one file without anything installed, answers the API and its own paths, and leaves nothing", async () => {
    const command = new Command(["--port", "0"])
    const url = await command.url
    assert.strictEqual(await models(url), 200)
    assert.strictEqual((await fetch(`${url}/_emulator/v1/health`)).status, 200)
    const spaces = await fetch(`${url}/_emulator/v1/spaces`)
    assert.include(await spaces.text(), "default")
    assert.strictEqual(left().length, 1)
    const { err, signal } = await command.stop()
    assert.strictEqual(signal, null)
    assert.strictEqual(err, "")
    assert.deepStrictEqual(left(), [])
  })

  it("names the file of its certificate, by which https: is taken on the same port", async () => {
    const command = new Command(["--port", "0", "--certificate", join(folder, "mine.pem")])
    const url = await command.url
    const ca = readFileSync(join(folder, "mine.pem"))
    const status = await new Promise((resolve, reject) => {
      get(`${url.replace("http:", "https:")}/v1beta/models?key=k`, { ca, agent: false }, (response) => {
        response.resume()
        resolve(response.statusCode)
      }).on("error", reject)
    })
    assert.strictEqual(status, 200)
    assert.include((await command.stop()).out, join(folder, "mine.pem"))
  })

  it("writes a ready file when it can be called, in place of an old one, and takes it away", async () => {
    const ready = join(folder, "ready")
    writeFileSync(ready, "http://127.0.0.1:1\n")
    const command = new Command(["--port", "0", "--ready-file", ready])
    const url = await command.url
    assert.strictEqual(readFileSync(ready, "utf8"), `${url}\n`)
    await command.stop("SIGTERM")
    assert.isFalse(existsSync(ready))
  })

  it("ends when the process has ended for which it was started", async () => {
    const parent = spawn("sleep", ["600"])
    const command = new Command(["--port", "0", "--parent", String(parent.pid)])
    assert.strictEqual(await models(await command.url), 200)
    parent.kill()
    const { code, err } = await command.ended
    assert.deepStrictEqual({ code, err }, { code: 0, err: "" })
    assert.deepStrictEqual(left(), [])
  })

  it("takes its token from the environment, and says it nowhere", async () => {
    const command = new Command(["--port", "0"], { GEMINI_EMULATOR_TOKEN: "hunter2" })
    const url = await command.url
    assert.strictEqual((await fetch(`${url}/_emulator/v1/spaces`)).status, 401)
    const headers = { authorization: "Bearer hunter2" }
    assert.strictEqual((await fetch(`${url}/_emulator/v1/spaces`, { headers })).status, 200)
    const { err, out } = await command.stop()
    assert.notInclude(out + err, "hunter2")
  })

  it("says where others can reach it what guards it, and a URL that works", async () => {
    const command = new Command(["--port", "0", "--host", "0.0.0.0", "--allow-host", "gemini"])
    const url = await command.url
    assert.match(url, /^http:\/\/127\.0\.0\.1:\d+$/)
    assert.strictEqual(await models(url), 200)
    const { out } = await command.stop()
    assert.include(
      out,
      "Other machines can reach it on 0.0.0.0. It answers to gemini; the API takes any key: see --keys; " +
        "its own paths are closed: see --token"
    )
  })
})

describe("exec", () => {
  const rules = `[[rule]]
name = "looks it up"
when = { text = { contains = "weather" } }
reply = "Sunny."

[[rule]]
name = "says goodbye"
when = { text = "Bye" }
reply = "Bye."
`
  const script = (body: string) => `
import json, os, sys, urllib.error, urllib.request

def ask(text, field="text"):
    request = urllib.request.Request(
        os.environ["GEMINI_BASE_URL"] + "/v1beta/models/gemini-3.8-flash:generateContent",
        json.dumps({"contents": [{"parts": [{field: text}]}]}).encode(),
        {"x-goog-api-key": os.environ["GEMINI_API_KEY"]})
    try:
        with urllib.request.urlopen(request) as response:
            return json.load(response)["candidates"][0]["content"]["parts"][0]["text"]
    except urllib.error.HTTPError as error:
        return error.code
${body}`

  it("runs a program with the variables that clients read, and none that leads past it", async () => {
    const names =
      "GEMINI_BASE_URL|GOOGLE_|GEMINI_API_KEY|SSL_CERT_FILE|CURL_CA_BUNDLE|REQUESTS_CA_BUNDLE|NODE_EXTRA_CA_CERTS|NO_PROXY"
    const command = new Command(["exec", "--", "sh", "-c", `env | grep -E '^(${names})' | sort`], {
      GOOGLE_API_KEY: "real",
      GOOGLE_GENAI_USE_VERTEXAI: "true",
      GOOGLE_GENERATIVE_AI_API_KEY: "real",
      GEMINI_API_KEY: "real",
      NO_PROXY: "example.org",
      NODE_EXTRA_CA_CERTS: ""
    })
    const { code, err, out } = await command.ended
    const said = new Map(
      out.trim().split("\n").map((line): [string, string] => {
        const [name = "", ...value] = line.split("=")
        return [name, value.join("=")]
      })
    )
    assert.match(said.get("GEMINI_BASE_URL") ?? "", /^http:\/\/127\.0\.0\.1:\d+$/)
    assert.strictEqual(said.get("GOOGLE_GEMINI_BASE_URL"), said.get("GEMINI_BASE_URL"))
    assert.strictEqual(said.get("GEMINI_API_KEY"), "emulator")
    assert.strictEqual(said.get("GOOGLE_GENERATIVE_AI_API_KEY"), "emulator")
    assert.isFalse(said.has("GOOGLE_API_KEY") || said.has("GOOGLE_GENAI_USE_VERTEXAI"))
    assert.strictEqual(said.get("NO_PROXY"), "example.org,localhost,127.0.0.1,::1")
    assert.match(said.get("SSL_CERT_FILE") ?? "", /trusted\.pem$/)
    assert.match(said.get("NODE_EXTRA_CA_CERTS") ?? "", /certificate\.pem$/)
    assert.deepStrictEqual({ code, err }, { code: 0, err: "effect-gemini-emulator: 0 calls, none refused\n" })
    assert.deepStrictEqual(left(), [])
  })

  it("the program reaches it over https: and wss:, and trusts what it trusted before", async () => {
    writeFileSync(join(folder, "before.pem"), "# the company's own\n")
    const program = "const u=process.env.GEMINI_BASE_URL.replace('http:','https:');" +
      "console.log((await fetch(u+'/v1beta/models?key=k')).status);" +
      "await new Promise((resolve,reject)=>{const w=new WebSocket(u.replace('https:','wss:')+" +
      "'/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent?key=k');" +
      "w.onopen=()=>w.send(JSON.stringify({setup:{model:'models/gemini-3.8-live'}}));w.onerror=reject;" +
      "w.onmessage=()=>{console.log('live');w.close();resolve()}});" +
      "console.log(require('node:fs').readFileSync(process.env.SSL_CERT_FILE,'utf8').slice(0,19))"
    writeFileSync(join(folder, "program.cjs"), `(async()=>{${program}})()`)
    const command = new Command(["exec", "--", process.execPath, "program.cjs"], {
      SSL_CERT_FILE: join(folder, "before.pem"),
      NODE_EXTRA_CA_CERTS: ""
    })
    const { code, err, out } = await command.ended
    assert.deepStrictEqual({ code, out }, { code: 0, out: "200\nlive\n# the company's own\n" }, err)
  })

  it.each([["its code", "exit 7", 7], ["the signal that ended it", "kill -TERM $$", 143]])(
    "ends with the program's end: %s",
    async (_, program, code) => {
      assert.strictEqual((await new Command(["exec", "--", "sh", "-c", program]).ended).code, code)
    }
  )

  it("hands signals on, and waits for the program's end", async () => {
    const program = "process.on('SIGTERM',()=>{console.log('tidied');process.exit(5)});console.log('ready');" +
      "setInterval(()=>{},1000)"
    const command = new Command(["exec", "--", process.execPath, "-e", program])
    await new Promise((resolve) => command.child.stdout?.once("data", resolve))
    const { code, err, out } = await command.stop("SIGTERM")
    assert.strictEqual(out, "ready\ntidied\n")
    assert.strictEqual(code, 130)
    assert.include(err, "0 calls")
    assert.deepStrictEqual(left(), [])
  })

  it.skipIf(!isThere("pytest-3", "--version"))(
    "pytest green: it ends with 0, and names the rules that nobody asked for",
    async () => {
      writeFileSync(join(folder, "rules.toml"), rules)
      writeFileSync(
        join(folder, "test_green.py"),
        script("def test_weather():\n    assert ask('the weather?') == 'Sunny.'\n")
      )
      const args = [
        "--scenario",
        "rules.toml",
        "exec",
        "--",
        "pytest-3",
        "-q",
        "-p",
        "no:cacheprovider",
        "test_green.py"
      ]
      const { code, err, out } = await new Command(args).ended
      assert.strictEqual(code, 0, out + err)
      assert.include(out, "1 passed")
      assert.strictEqual(
        err,
        "effect-gemini-emulator: 1 call, none refused\n  never asked for: the rule \"says goodbye\"\n"
      )
    }
  )

  it.skipIf(!isThere("pytest-3", "--version"))(
    "pytest red: it ends with 1, and says of each refused request what is wrong",
    async () => {
      writeFileSync(join(folder, "rules.toml"), rules)
      writeFileSync(
        join(folder, "test_red.py"),
        script(`
def test_weather():
    assert ask("the wether?") == "Sunny."

def test_again():
    assert ask("the wether?") == "Sunny."

def test_field():
    assert ask("the weather?", "txt") == "Sunny."

def test_goodbye():
    assert ask("Bye") == "Bye."
`)
      )
      const args = ["exec", "--scenario", "rules.toml", "--", "pytest-3", "-q", "-p", "no:cacheprovider", "test_red.py"]
      const { code, err, out } = await new Command(args).ended
      assert.strictEqual(code, 1, out + err)
      assert.include(out, "3 failed, 1 passed")
      assert.match(err, /^effect-gemini-emulator: 4 calls, 3 refused\n/)
      assert.match(err, /\n {4}501, no rule matches: [^\n]*wanted[^\n]*"weather"[^\n]*\n {4}2 times\n/)
      assert.include(
        err,
        "\n    400, Google would refuse it: Invalid JSON payload received. Unknown name \"txt\" at 'contents[0].parts[0]': " +
          "Cannot find field.\n"
      )
      assert.include(err, "never asked for: the rule \"looks it up\"")
      assert.notMatch(err, /never asked for:[^\n]*goodbye/)
    }
  )

  it("markup and escapes in what was asked are shown, and not obeyed", async () => {
    const path = "/v1beta/models/%1b]0;owned%07:generateContent"
    const program =
      `fetch(process.env.GEMINI_BASE_URL+${JSON.stringify(path)},{method:"POST",headers:{"x-goog-api-key":"k"},` +
      `body:JSON.stringify({contents:[{parts:[{["a\\u001b[31m"]:1}]}]})})`
    const { err } = await new Command(["exec", "--", process.execPath, "-e", program]).ended
    assert.include(err, "1 call, 1 refused")
    assert.notMatch(err, /(?!\n)\p{Cc}/u)
  })
})

// It was a megabyte until the emulator answered as Vertex AI, logged callers in and ran prediction jobs (30 November
// 2026).
it("the file is smaller than 1.06 megabytes", () => {
  assert.isBelow(statSync(file).size, 1_060_000)
})
