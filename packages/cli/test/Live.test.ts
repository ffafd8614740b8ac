import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Audio from "effect-gemini/live/Audio"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { spawn } from "node:child_process"
import { stripVTControlCharacters } from "node:util"
import { gemini, type Setting } from "./harness.ts"
import { bin, isInstalled, skipReason, Terminal } from "./Terminal.ts"

const environment = (url: string) => ({ GEMINI_API_KEY: "test-key", GEMINI_BASE_URL: url })

/** With the emulator over sockets in Google's place. */
const live = (args: ReadonlyArray<string>, setting: Setting = {}) =>
  Effect.flatMap(Emulator.Emulator, ({ url }) => gemini(["live", ...args], { ...setting, env: environment(url) }))

const test = (
  name: string,
  body: () => Effect.Effect<void, unknown, Emulator.Emulator | Scope.Scope>,
  options: Emulator.Options = {}
) => it.live(name, () => Effect.provide(Effect.scoped(body()), Emulator.layerServer(options)))

/** What the client sent, one key a message. */
const sent = Effect.map(
  Effect.flatMap(Emulator.Emulator, (emulator) => emulator.live.connections),
  (entries) =>
    entries.map(({ messages }) =>
      messages.filter(({ from }) => from === "client").map(({ message }) => Object(message))
    )
)

/** PCM16 of two channels: a tone on the left, nothing on the right. */
const stereo = (millis: number, sampleRate: number): Uint8Array => {
  const frames = Math.round((millis * sampleRate) / 1000)
  const mono = Audio.toWav({ samples: new Int16Array(frames * 2), sampleRate })
  const view = new DataView(mono.buffer, mono.byteOffset, mono.byteLength)
  view.setUint16(22, 2, true)
  view.setUint32(28, sampleRate * 4, true)
  view.setUint16(32, 4, true)
  for (let i = 0; i < frames; i++) {
    view.setInt16(44 + i * 4, Math.round(12_000 * Math.sin((2 * Math.PI * 300 * i) / sampleRate)), true)
  }
  return mono
}

describe("gemini-fx live in a pipe", () => {
  test("says which server answers, then answers line by line, in one session and without escapes", () =>
    Effect.gen(function*() {
      const stdin = Stream.make("My name", " is Ada\n\n  \nemulator:", "say two words\nemulator:recall")
      const { exitCode, stderr, stdout } = yield* live([], { stdin })
      assert.strictEqual(exitCode, 0, stderr)
      const [server, first, ...rest] = stdout.split("\n")
      assert.match(server ?? "", /^server: http:\/\/127\.0\.0\.1:\d+, with the API key of the environment$/)
      assert.include(first, "My name is Ada")
      assert.deepStrictEqual(rest, ["two words", "My name is Ada | emulator:say two words | emulator:recall", ""])
      assert.strictEqual(stdout, stripVTControlCharacters(stdout))
      assert.strictEqual(stderr, "")
      const { live: { awaitClosed } } = yield* Emulator.Emulator
      const [entry, ...others] = yield* awaitClosed(1)
      assert.deepStrictEqual([others.length, entry?.code, entry?.closedBy], [0, 1000, "client"])
    }))

  test("talks with the model that --model names, and goes on over a lost connection, which it says", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const lost = Effect.gen(function*() {
        yield* emulator.live.awaitLog(([entry]) =>
          JSON.stringify(entry?.messages.at(-1)?.message ?? "").includes("\"newHandle\"")
        )
        yield* Effect.sleep("20 millis")
        yield* emulator.live.drop
        yield* emulator.live.awaitLog((entries) => entries[1]?.setUpAt !== undefined)
        yield* Effect.sleep("50 millis")
        return "emulator:recall\n"
      })
      const stdin = Stream.concat(Stream.make("My name is Ada\n"), Stream.fromEffect(lost))
      const { exitCode, stderr, stdout } = yield* live(["-m", "gemini-robotics-er-2-streaming-preview"], { stdin })
      assert.strictEqual(exitCode, 0, stderr)
      assert.include(stdout, "\nMy name is Ada | emulator:recall\n")
      assert.match(stderr, /^the connection is lost \(.*close 1006.*\); attempt 1 to dial again\n$/)
    }))

  test("fails with what the server said, and what to do", () =>
    Effect.gen(function*() {
      const refused = yield* live([], { stdin: Stream.make("Hi\n") })
      assert.strictEqual(refused.exitCode, 1)
      assert.strictEqual(
        refused.stderr,
        "gemini-fx: the server refused the setup (close 1007): API key not valid. Please pass a valid API key. " +
          "(Handshake, gemini-3.8-live)\n  check GEMINI_API_KEY\n"
      )
    }), { keys: { invalid: ["test-key"] } })

  test("fails when a turn breaks off for good, with what had come before it", () =>
    Effect.gen(function*() {
      const outcome = yield* live([], {
        stdin: Stream.make("emulator:say one\nemulator:error 400\nemulator:say three\n")
      })
      assert.strictEqual(outcome.exitCode, 1)
      assert.match(outcome.stdout, /^server: .*\none\n$/)
      assert.match(outcome.stderr, /^gemini-fx: the session broke off \(close 1007\)/)
    }))

  test("ends with 130 on Ctrl-C, and the server sees the session go", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const child = spawn(process.execPath, [bin, "live"], {
        env: { ...process.env, ...environment(emulator.url) },
        stdio: ["pipe", "ignore", "ignore"]
      })
      child.stdin?.write("emulator:words 500\n")
      yield* emulator.live.awaitLog(([entry]) => (entry?.messages.length ?? 0) > 5)
      child.kill("SIGINT")
      const code = yield* Effect.promise(() => new Promise((resolve) => child.once("exit", resolve)))
      assert.strictEqual(code, 130)
      const [entry] = yield* emulator.live.awaitClosed(1)
      assert.strictEqual(entry?.closedBy, "client")
    }), { chunkDelay: 20 })
})

describe("gemini-fx live in sound", () => {
  test("asks with a WAV file of any rate and channels, and writes the answer into one", () =>
    Effect.gen(function*() {
      const files = { "question.wav": stereo(1500, 44_100) }
      const outcome = yield* live(["--in", "question.wav", "--out", "answer.wav"], { files })
      assert.strictEqual(outcome.exitCode, 0, outcome.stderr)
      assert.strictEqual(outcome.stderr, "heard: Speech of 1.50 seconds.\n")
      const [, said = "", ...rest] = outcome.stdout.split("\n")
      assert.include(said, "Speech of 1.50 seconds.")
      assert.deepStrictEqual(rest, [""])
      const answer = outcome.files.get("answer.wav")
      const sound = Result.getOrThrow(Audio.fromWav(answer instanceof Uint8Array ? answer : new Uint8Array(0)))
      assert.strictEqual(sound.sampleRate, 24_000)
      // The emulator's words are 100 ms each.
      assert.strictEqual(sound.samples.length, said.split(" ").length * 2400)

      const [messages = []] = yield* sent
      const audio = messages.flatMap(({ realtimeInput }) => realtimeInput?.audio ?? [])
      assert.deepStrictEqual(new Set(audio.map(({ mimeType }) => mimeType)), new Set(["audio/pcm;rate=16000"]))
      const heard = audio.flatMap(({ data }) => [...Audio.samples(Audio.bytes({ data }))])
      assert.strictEqual(heard.length, 24_000)
      // Of two channels, one of them silent, half the loudness is left.
      const loudest = heard.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0)
      assert.isTrue(loudest > 5500 && loudest < 6500, String(loudest))
    }))

  test("writes what is said to typed lines, too; a model that only writes leaves the file silent", () =>
    Effect.gen(function*() {
      const stdin = Stream.make("emulator:say one two\nemulator:say three\n")
      const spoken = yield* live(["--out", "answer.wav"], { stdin })
      const lengthOf = (file: string | Uint8Array | undefined) =>
        file instanceof Uint8Array ? Result.getOrThrow(Audio.fromWav(file)).samples.length : undefined
      assert.strictEqual(lengthOf(spoken.files.get("answer.wav")), 3 * 2400)
      const silent = yield* live(["--out", "answer.wav", "-m", "gemini-robotics-er-2-streaming-preview"], { stdin })
      assert.strictEqual(silent.exitCode, 0)
      assert.strictEqual(silent.stderr, "answer.wav is silent: no sound came\n")
      assert.strictEqual(lengthOf(silent.files.get("answer.wav")), 0)
    }))
})

describe("gemini-fx live at a terminal", () => {
  if (!isInstalled) {
    it.skip(`${skipReason}: no keys were pressed`, () => undefined)
    return
  }

  const terminal = Effect.flatMap(Emulator.Emulator, ({ url }) =>
    Effect.acquireRelease(
      Effect.sync(() => new Terminal(["live"], environment(url))),
      ({ child }) => Effect.sync(() => void child.kill("SIGKILL"))
    ))

  test("Ctrl-C interrupts an answer and the talk goes on; Ctrl-D ends it", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const { ended, shows, type } = yield* terminal
      assert.match(yield* shows(/> $/), /server: .*\r\ntalking with gemini-3\.8-live: Ctrl-C interrupts an answer/s)
      yield* type("emulator:words 400\r")
      yield* shows(/(\S+ ){6}/)
      yield* type("\x03")
      yield* shows(/\r\n> $/)
      yield* type("emulator:recall\r")
      assert.include(yield* shows(/recall\r\n> $/), "emulator:words 400 | emulator:recall")
      const [entry] = yield* emulator.live.connections
      assert.isTrue(entry?.messages.some(({ message }) => Object(message).serverContent?.interrupted === true))
      yield* type("\x04")
      assert.strictEqual(yield* ended, 0)
      const closed = yield* emulator.live.awaitClosed(1)
      assert.deepStrictEqual(closed.map(({ code, closedBy }) => [code, closedBy]), [[1000, "client"]])
    }), { chunkDelay: 25 })

  test("Ctrl-C at the prompt takes back what is typed, then ends with 130", () =>
    Effect.gen(function*() {
      const { ended, shows, type } = yield* terminal
      yield* shows(/> $/)
      yield* type("not this")
      yield* shows(/not this/)
      yield* type("\x03")
      yield* shows(/\^C\r\n> $/)
      yield* type("emulator:say that\r")
      assert.notInclude(yield* shows(/that\r\n> $/), "not")
      yield* type("\x03")
      assert.strictEqual(yield* ended, 130)
    }))

  test("what is typed during an answer is asked next", () =>
    Effect.gen(function*() {
      const { shows, type } = yield* terminal
      yield* shows(/> $/)
      yield* type("emulator:words 40\r")
      yield* shows(/(\S+ ){6}/)
      yield* type("emulator:say the next one\r")
      assert.notInclude((yield* shows(/> emulator:say the next one/)).split("> ")[0], "emulator")
      yield* shows(/the next one\r\n> $/)
    }), { chunkDelay: 15 })

  test("says of a lost connection that it dials again, and ends when the session is over for good", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const { ended, shows, type } = yield* terminal
      yield* shows(/> $/)
      yield* type("emulator:say one\r")
      yield* shows(/one\r\n> $/)
      yield* emulator.live.drop
      yield* shows(/the connection is lost .*attempt\s+1\s+to\s+dial\s+again\r\n> $/s)
      yield* type("emulator:recall\r")
      yield* shows(/emulator:say one \| emulator:recall\r\n> $/)
      yield* emulator.live.close(1008, "Requested entity was not found.")
      yield* shows(/gemini-fx: the session broke off \(close 1008\):\s+Requested\s+entity\s+was\s+not\s+found\./)
      assert.strictEqual(yield* ended, 1)
    }))
})
