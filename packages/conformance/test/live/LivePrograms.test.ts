/**
 * Random programs of asks, texts, speech, functions, cancels, pauses, cuts and goAways, in one session each, against an
 * oracle of what must have been told to whom.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import { seedOf, sizeOf } from "../../../../scripts/proof.ts"
import * as Oracle from "./liveOracle.ts"
import * as Play from "./livePlay.ts"
import * as Program from "./liveProgram.ts"

const common = { mergeWithin: [0, 0, 100], interrupts: [true, true, false] }

/** Functions and lost connections are apart: a call whose connection was lost is still answered on the next one. */
const choices: ReadonlyArray<Program.Choice> = [
  {
    ...common,
    kinds: ["ask", "ask", "text", "speak", "giveUp", "cancel", "pause", "cut", "close", "goAway", "wait"]
  },
  { ...common, kinds: ["ask", "ask", "text", "speak", "call", "call", "giveUp", "cancel", "pause", "wait"] }
]

const seed = seedOf("15.3", 2026)
const count = sizeOf("15.3", { test: 300, prove: 10_000 })

/** A clock of its own for each program, so that none depends on those before it. */
const judged = (program: Program.Program): Promise<ReadonlyArray<string>> =>
  Effect.runPromise(
    Play.play(program).pipe(
      Effect.map(Oracle.judge),
      Effect.catch((error) => Effect.succeed([`it did not open: ${error.message}`])),
      Effect.provide(TestClock.layer())
    )
  )

const quick: Program.Server = {
  speaks: true,
  chunkDelay: 0,
  playback: 0,
  handleDelay: 0,
  mergeWithin: 0,
  interrupts: true
}

/** Programs that showed a fault, made as small as they could be. */
const once: ReadonlyArray<readonly [string, Program.Program]> = [
  ["a function that is done before the turn's end, of which the model speaks afterwards", {
    server: quick,
    steps: [{ do: "call", n: 0, takes: 0, waits: false }]
  }],
  ["a cancel behind texts that are answered in one turn", {
    server: { ...quick, speaks: false, chunkDelay: 60, interrupts: false },
    steps: [{ do: "text", n: 5 }, { do: "speak", n: 6 }, { do: "ask", n: 10 }, { do: "cancel" }]
  }],
  ["a cancel while a function runs, and speech after it", {
    server: quick,
    steps: [
      { do: "call", n: 4, takes: 3000, waits: false },
      { do: "cancel" },
      { do: "wait", for: 90 },
      { do: "speak", n: 10 }
    ]
  }]
]

describe("a Live session, whatever is done in it", () => {
  for (const [name, program] of once) {
    it(`what was wrong once: ${name}`, async () => assert.deepStrictEqual(await judged(program), []))
  }

  it(`tells everybody what they must be told, in ${count} programs from seed ${seed}`, async () => {
    for (let i = 0; i < count; i++) {
      const choice = choices[i % choices.length]
      if (choice === undefined) continue
      const program = Program.generate(seed * 100_003 + i, choice)
      const wrong = await judged(program)
      if (wrong.length === 0) continue
      const smallest = await Program.shrink(program, async (smaller) => (await judged(smaller)).length > 0)
      assert.fail(
        `program ${i} of seed ${seed}: ${(await judged(smallest)).join("; ")}\n${JSON.stringify(smallest)}`
      )
    }
  }, sizeOf("15.3", { test: 180_000, prove: 3_600_000 }))
})
