/** Each row of the table of Live faults is recorded and played with the same frames, to the byte, and the same end. */
import { assert, describe, it } from "@effect/vitest"
import * as Cassette from "effect-gemini-emulator/cassettes/Cassette"
import * as Emulator from "effect-gemini-emulator/Emulator"
import type * as Fault from "effect-gemini-emulator/Fault"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { mkdtempSync, readFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { isProving } from "../../../../scripts/proof.ts"
import * as Wire from "../LiveWire.ts"
import { converse, type Heard, type Script } from "./liveClient.ts"

const temporary = () => join(mkdtempSync(join(tmpdir(), "cassette-live-")), "cassette.jsonl")

const setup = { setup: { model: Wire.robot, generationConfig: { responseModalities: ["TEXT"] } } }
const turn = Wire.ask("emulator:words 40")
const sound = {
  realtimeInput: { audio: { mimeType: "audio/pcm;rate=16000", data: Buffer.alloc(150_000).toString("base64") } }
}

interface Case {
  readonly fault: Fault.Fault
  readonly script: Script
  /** How it must end, where it is not enough that all three are equal. */
  readonly end: Partial<Heard>
}

const places = {
  open: { at: { chunks: 0 }, says: [], before: 0 },
  setup: { at: { at: "setup" }, says: [setup], before: 0 },
  turn: { at: { at: "turn", chunks: 2 }, says: [setup, turn], before: 3 },
  idle: { at: { at: "idle" }, says: [setup], before: 1 },
  third: { at: { chunks: 3 }, says: [setup, turn], before: 3 }
} as const

const spoken = { says: [setup, turn], until: "turnComplete" } as const

/** The rows of the table in the README, each at each place that it may have. */
const rows: Readonly<Record<string, Readonly<Record<string, Case>>>> = {
  cut: Object.fromEntries(
    Object.entries(places).map(([name, { at, before, says }]) => [
      name,
      { fault: { cut: at }, script: { says }, end: { code: 1006, isReset: false, messages: before } }
    ])
  ),
  reset: Object.fromEntries(
    Object.entries(places).map(([name, { at, before, says }]) => [
      name,
      { fault: { reset: at }, script: { says }, end: { code: 1006, isReset: true, messages: before } }
    ])
  ),
  close: Object.fromEntries(
    ([1000, 1001, 1005, 1006, 1007, 1008, 1011, 1012, 1013, 1014, 4321] as const).flatMap((code) =>
      Object.entries(places).map(([name, { at, before, says }]) => {
        const reason = code === 1005 || code === 1006 ? "" : "why"
        return [`${code} ${name}`, {
          fault: { close: { ...at, code, ...(reason === "" ? {} : { reason }) } },
          script: { says },
          end: { code, reason, messages: before }
        }]
      })
    )
  ),
  stall: Object.fromEntries(
    Object.entries(places).flatMap(([name, { at, before, says }]) => [
      [name, {
        fault: { stall: at },
        script: { says, until: { messages: before }, leaves: 1001 },
        end: { code: 1001, pongs: 1, messages: before }
      }],
      [`${name}, for a while`, {
        fault: { stall: { ...at, millis: 20 } },
        script: spoken,
        end: { code: 1000, pongs: 1 }
      }]
    ])
  ),
  halfOpen: Object.fromEntries(
    Object.entries(places).map(([name, { at, before, says }]) => [
      name,
      {
        fault: { halfOpen: at },
        script: { says, until: { messages: before }, leaves: "terminates" },
        end: { code: 1006, pongs: 0, messages: before }
      }
    ])
  ),
  garbage: Object.fromEntries(
    Object.entries(places).flatMap(([name, { at }]) => [
      [`text, ${name}`, { fault: { garbage: { ...at, text: "no json" } }, script: spoken, end: { code: 1000 } }],
      [`bytes, ${name}`, { fault: { garbage: at }, script: spoken, end: { code: 1000 } }]
    ])
  ),
  fragments: {
    two: { fault: { fragments: 2 }, script: spoken, end: { code: 1000 } },
    seven: { fault: { fragments: 7 }, script: spoken, end: { code: 1000 } }
  },
  textFrames: {
    whole: { fault: { textFrames: true }, script: spoken, end: { code: 1000 } },
    "in fragments": { fault: { textFrames: true, fragments: 3 }, script: spoken, end: { code: 1000 } }
  },
  slowRead: {
    sound: {
      fault: { slowRead: { millis: 1, bytes: 100_000 } },
      script: { ...spoken, says: [setup, ...Array.from({ length: 10 }, () => sound), turn] },
      end: { code: 1000 }
    }
  },
  status: {
    "503": { fault: { status: 503 }, script: { says: [] }, end: { messages: 0, code: 1006 } },
    "403": { fault: { status: 403 }, script: { says: [] }, end: { messages: 0, code: 1006 } }
  },
  error: {
    "429": {
      fault: { error: { code: 429, message: "Slow down, ä", details: [{ "@type": "x", why: 1 }] } },
      script: { says: [] },
      end: { messages: 0, code: 1006 }
    }
  },
  delay: {
    "of a session": { fault: { delay: 20 }, script: spoken, end: { code: 1000 } },
    "of a refusal": { fault: { delay: 20, status: 500 }, script: { says: [] }, end: { code: 1006 } }
  }
}

const server = (options: Cassette.Options) =>
  Layer.unwrap(Effect.map(Cassette.open(options), (cassette) => Emulator.layerServer({ cassette })))

const once = (options: Cassette.Options, script: Script) =>
  Effect.flatMap(Emulator.Emulator, ({ url }) => converse(url, script)).pipe(
    Effect.provide(server(options), { local: true })
  )

const trial = Effect.fnUntraced(function*({ end, fault, script }: Case) {
  const file = temporary()
  const upstream = yield* Emulator.Emulator.pipe(
    Effect.provide(yield* Layer.build(Emulator.layerServer({ live: { chunkDelay: 1 }, faults: [fault] })))
  )
  const direct = yield* converse(upstream.url, script)
  const recorded = yield* once({ file, mode: "record", upstream: upstream.url, allowRecord: true }, script)
  const played = yield* once({ file }, script)
  assert.deepInclude(direct, end)
  assert.deepStrictEqual(recorded, direct)
  assert.deepStrictEqual(played, direct)
  return file
})

describe("record and replay, Live", () => {
  it("the table is that of the README, row by row", () => {
    const readme = readFileSync(join(import.meta.dirname, "../../README.md"), "utf8")
    const [, after = ""] = readme.split("Faults of a Live connection happen at a place")
    const named = [...(after.split("## ")[0] ?? "").matchAll(/^\| (`.*?) \|/gm)].flatMap(([, cell = ""]) =>
      [...cell.matchAll(/`(\w+)`/g)].map(([, name]) => name)
    )
    assert.deepStrictEqual(named.toSorted(), Object.keys(rows).toSorted())
  })

  for (const [row, cases] of Object.entries(rows)) {
    describe(row, () => {
      // A sample of the many; `pnpm prove 26.2` runs all.
      const all = Object.entries(cases)
      const some = isProving("26.2") || all.length < 8 ? all : all.filter((_, i) => i % 7 === 3)
      it.live.each(some)("%s", ([, each]) => trial(each).pipe(Effect.scoped), 20_000)
    })
  }
})
