/** What the flags of the command do to the emulator that it starts: each is asked of the emulator itself. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll } from "vitest"
import { main } from "../src/internal/command/main.ts"
import { adminCall } from "./adminCall.ts"
import { flash, prompt } from "./Wire.ts"

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "emulator-starts-"))
})
afterAll(() => rmSync(folder, { recursive: true }))

interface Started {
  readonly url: string
  /** The first lines, as they were said. */
  readonly said: string
  readonly call: ReturnType<typeof adminCall>
}

const commanded = (args: ReadonlyArray<string>, out: Array<string>) =>
  main(args, "0.0.0").pipe(
    Effect.provide(NodeServices.layer),
    Effect.provideService(Console.Console, {
      ...globalThis.console,
      log: (...parts) => void out.push(parts.join(" ")),
      error: (...parts) => void out.push(parts.join(" "))
    }),
    Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromUnknown({}))
  )

/** Starts one by these flags, uses it, and ends it. */
const started = <E>(args: ReadonlyArray<string>, use: (started: Started) => Effect.Effect<void, E>) =>
  Effect.gen(function*() {
    const out: Array<string> = []
    const fiber = yield* Effect.forkChild(commanded(["--port", "0", ...args], out))
    while (out.length < 3 && fiber.pollUnsafe() === undefined) yield* Effect.sleep("2 millis")
    const said = out.join("\n")
    const url = /Gemini API on (http:\S+);/.exec(said)?.[1] ?? assert.fail(said)
    yield* use({ url, said, call: adminCall(url) })
    yield* Fiber.interrupt(fiber)
  })

const asked = ({ url }: Started, model: string = flash, key = "any") =>
  Effect.promise(async () => {
    const response = await fetch(`${url}/v1beta/models/${model}:generateContent`, {
      method: "POST",
      headers: { "x-goog-api-key": key },
      body: JSON.stringify(prompt("Hello"))
    })
    const { candidates, error, responseId } = await response.json()
    const text = String(candidates?.[0].content.parts[0].text ?? error.message)
    return { status: response.status, text, id: String(responseId) }
  })

describe("an emulator that the command starts", () => {
  it.live("takes any model, or those that there are, and every key but those that it was told", () =>
    Effect.gen(function*() {
      yield* started([], (emulator) =>
        Effect.gen(function*() {
          assert.include(emulator.said, "any key is taken.")
          assert.strictEqual((yield* asked(emulator)).status, 200)
          assert.strictEqual((yield* asked(emulator, "nobodys-model")).status, 404)
        }))
      yield* started(["--keys", "k", "--keys", "old=expired", "--any-model"], (emulator) =>
        Effect.gen(function*() {
          assert.include(emulator.said, "GEMINI_API_KEY=k")
          assert.strictEqual((yield* asked(emulator, "nobodys-model", "k")).status, 200)
          assert.include((yield* asked(emulator, flash, "old")).text, "expired")
          assert.include((yield* asked(emulator)).text, "not valid")
        }))
    }))

  it.live("is down, overloaded, out of quota and held as it was told", () =>
    Effect.gen(function*() {
      yield* started(["--overload", flash, "--outage", "us-east1"], (emulator) =>
        Effect.gen(function*() {
          assert.strictEqual((yield* asked(emulator)).status, 503)
          const { body } = yield* Effect.promise(() => emulator.call("GET", "/spaces/default/faults"))
          const faults: ReadonlyArray<{ readonly hits: number; readonly fault: { readonly when: unknown } }> =
            body.faults
          assert.deepStrictEqual(faults.map(({ hits }) => hits), [1, 0])
          assert.deepStrictEqual(faults.map(({ fault }) => fault.when), [{ model: flash }, { region: "us-east1" }])
        }))
      yield* started(["--quotas", "free", "--hold", "--overload", "nobodys-model", "--any-model"], ({ call }) =>
        Effect.gen(function*() {
          const { body } = yield* Effect.promise(() => call("GET", "/spaces/default/holds"))
          assert.deepStrictEqual(body, { all: true, calls: [] })
        }))
    }))

  it.live("answers by a seed", () =>
    Effect.gen(function*() {
      const ids: Array<string> = []
      for (const args of [[], ["--seed", "one"], ["--seed", "one"]]) {
        yield* started(args, (emulator) => Effect.map(asked(emulator), ({ id }) => void ids.push(id)))
      }
      assert.notStrictEqual(ids[0], ids[1])
      assert.strictEqual(ids[1], ids[2])
    }))

  it.live("names the command that records what a cassette has not, with all that was given", () =>
    Effect.gen(function*() {
      const file = join(folder, "a b.jsonl")
      writeFileSync(file, "{\"cassette\":1,\"by\":\"test\",\"redaction\":[]}\n")
      const again = (text: string) => text.split("effect-gemini-emulator ").at(-1)?.replaceAll(folder, "@")
      const recording = "--cassette '@/a b.jsonl' --mode new --upstream https://generativelanguage.googleapis.com"
      yield* started(
        ["--cassette", file],
        (emulator) => Effect.map(asked(emulator), ({ text }) => assert.strictEqual(again(text), recording))
      )
      yield* started(
        ["--cassette", file, "--match", "loose", "--ignore", "a", "--ignore", "b"],
        (emulator) =>
          Effect.map(
            asked(emulator),
            ({ text }) => assert.strictEqual(again(text), `${recording} --match loose --ignore a --ignore b`)
          )
      )
      const told = join(folder, "told.json")
      const program = join(folder, "ask.mjs")
      writeFileSync(
        program,
        `const response = await fetch(process.env.GEMINI_BASE_URL + "/v1beta/models/${flash}:generateContent?key=k", {
  method: "POST", body: ${JSON.stringify(JSON.stringify(prompt("Hello")))} })
;(await import("node:fs")).writeFileSync(${JSON.stringify(told)}, await response.text())`
      )
      yield* commanded(["--cassette", file, "exec", "--", process.execPath, program], [])
      const { error }: { readonly error: { readonly message: string } } = JSON.parse(readFileSync(told, "utf8"))
      assert.strictEqual(again(error.message), `${recording} exec -- ${process.execPath} @/ask.mjs`)
    }))

  it.live("writes its certificate and its ready file where it was told, or into a folder that goes with it", () =>
    Effect.gen(function*() {
      const [certificate, ready] = [join(folder, "c.pem"), join(folder, "ready")]
      yield* started(["--certificate", certificate, "--ready-file", ready], ({ said, url }) =>
        Effect.sync(() => {
          assert.include(said, certificate)
          assert.strictEqual(readFileSync(ready, "utf8"), `${url}\n`)
        }))
      assert.deepStrictEqual([existsSync(certificate), existsSync(ready)], [true, false])
      let own = ""
      yield* started([], ({ said }) =>
        Effect.sync(() => {
          own = /by the certificate (\S+)/.exec(said)?.[1] ?? ""
          assert.match(readFileSync(own, "utf8"), /^-----BEGIN CERTIFICATE-----/)
        }))
      assert.isFalse(existsSync(own))
    }))
})
