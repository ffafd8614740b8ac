// Plants the bugs that the tests of 2026-11 did not see, one at a time, and shows the test that now fails:
// `pnpm prove 32.2`. Each is a text of a source file and what stands in its place, in a second checkout.
import { spawnSync } from "node:child_process"
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { secondCheckout } from "./tree.ts"

interface BlindSpot {
  /** What was not seen. */
  readonly what: string
  readonly file: string
  readonly code: string
  readonly planted: string
  /** The project of the tests, and the file that sees it. */
  readonly project: string
  readonly test: string
}

const gemini = "packages/gemini/src/internal"
const emulator = "packages/emulator/src"
const ai = "packages/ai/src/internal"

const blindSpots: ReadonlyArray<BlindSpot> = [
  // Bounds at exact equality.
  {
    what: "a bound: a quota refuses the request that just fits",
    file: `${emulator}/Quota.ts`,
    code: "limit !== undefined && used > limit",
    planted: "limit !== undefined && used >= limit",
    project: "emulator",
    test: "QuotaEdges.test"
  },
  {
    what: "a bound: a queue of a session refuses the message that just fits",
    file: `${gemini}/live/InboundQueue.ts`,
    code: "this.#bytes + bytes > this.limit",
    planted: "this.#bytes + bytes >= this.limit",
    project: "gemini",
    test: "live/InboundQueue.test"
  },
  // Giving back on rare paths.
  {
    what: "giving back: a race's second permit is not cancelled",
    file: `${gemini}/members/admission.ts`,
    code: "return Effect.andThen(exit.value.permit.cancel, Scope.close(inner, exit))",
    planted: "return Scope.close(inner, exit)",
    project: "gemini",
    test: "members/Admission.test"
  },
  {
    what: "giving back: a permit that came as its call was interrupted is not cancelled",
    file: `${gemini}/members/admission.ts`,
    code: "Effect.onInterrupt(() => won?.permit.cancel ?? Effect.void)",
    planted: "Effect.onInterrupt(() => Effect.void)",
    project: "gemini",
    test: "members/Admission.test"
  },
  {
    what: "giving back: a cancel after midnight is taken from the new day",
    file: `${gemini}/limiter/LaneWindow.ts`,
    code: "if (at >= this.dayCountsSince && this.today > 0) this.today--",
    planted: "if (this.today > 0) this.today--",
    project: "gemini",
    test: "limiter/LimitEdges.test"
  },
  {
    what: "giving back: a socket that does not answer the close is not cut after the grace",
    file: `${gemini}/live/LiveConnection.ts`,
    code: "          socket.cut()\n          over()\n",
    planted: "          over()\n",
    project: "conformance",
    test: "live/LiveGrace.test"
  },
  {
    what: "giving back: a streamed call's permit is not settled with what the server counted",
    file: `${gemini}/call/streamedCall.ts`,
    code: "return Effect.as(permit.settle(tokens), answers)",
    planted: "return Effect.succeed(answers)",
    project: "gemini",
    test: "call/StreamedCall.test"
  },
  // Bookkeeping that shows only later.
  {
    what: "bookkeeping: bytes of a queue stay counted after they were read",
    file: `${gemini}/live/InboundQueue.ts`,
    code:
      "    if (!Arr.isArrayNonEmpty(items)) return undefined\n    this.#items = []\n    this.#sizes = []\n    this.#bytes = 0\n",
    planted: "    if (!Arr.isArrayNonEmpty(items)) return undefined\n    this.#items = []\n    this.#sizes = []\n",
    project: "gemini",
    test: "live/InboundQueue.test"
  },
  {
    what: "bookkeeping: a call that is over still watches the circuits",
    file: `${gemini}/members/admission.ts`,
    code: "        circuits.watchers.delete(place.signal)\n",
    planted: "",
    project: "gemini",
    test: "members/Admission.test"
  },
  {
    what: "bookkeeping: a refusal outlives a clock that is set back",
    file: `${gemini}/members/Refusals.ts`,
    code: "if (refusal !== undefined) refusal.until = Math.min(refusal.until, now + refusal.wait)",
    planted: "",
    project: "gemini",
    test: "members/Refusals.test"
  },
  {
    what: "bookkeeping: a lane with a long call in flight is idle",
    file: `${gemini}/limiter/LaneWindow.ts`,
    code: "return this.requests === 0 && this.tokens === 0 && this.inFlight === 0 &&",
    planted: "return this.requests === 0 && this.tokens === 0 &&",
    project: "gemini",
    test: "limiter/LimitEdges.test"
  },
  {
    what: "bookkeeping: the keys of leases in Redis do not expire",
    file: `${gemini}/limiter/laneScript.ts`,
    code: "redis.call('PEXPIRE', L, int(ttl + 1000))\nsave()",
    planted: "redis.call('PERSIST', L)\nsave()",
    project: "gemini",
    test: "limiter/RedisLaneStore.test"
  },
  // Fields without a fixture.
  {
    what: "a field: tokens that tools put into the prompt are not counted",
    file: `${ai}/FinishFold.ts`,
    code: "counted.promptTokens + counted.toolUsePromptTokens",
    planted: "counted.promptTokens",
    project: "ai",
    test: "Finish.test"
  },
  {
    what: "a field: top_k is not on the span",
    file: `${ai}/telemetry.ts`,
    code: "      topK: config?.topK,\n",
    planted: "",
    project: "ai",
    test: "Spans.test"
  },
  {
    what: "a field: what stands within anyOf is not looked at",
    file: `${emulator}/internal/judge/validator.ts`,
    code: "  node.anyOf?.forEach((one, i) => schema(one, `${path}.any_of[${i}]`, say, true))\n",
    planted: "",
    project: "emulator",
    test: "ValidatorEdges.test"
  },
  {
    what: "a field: a call that the server executed looks like one of ours",
    file: `${ai}/PartReader.ts`,
    code: "return { type: \"tool-call\", id, name, params, providerExecuted: true, ...whole(part) }",
    planted: "return { type: \"tool-call\", id, name, params, ...whole(part) }",
    project: "ai",
    test: "PartFields.test"
  },
  {
    what: "a field: a failed result says its texts in place of its error",
    file: `${ai}/promptToContents.ts`,
    code: "texts.length > 0 && !part.isFailure ? texts",
    planted: "texts.length > 0 ? texts",
    project: "ai",
    test: "PartFields.test"
  },
  {
    what: "a field: a call that the server answered in the same content lacks a signature",
    file: `${ai}/signatures.ts`,
    code: "return all.some((part) => part.functionResponse) ? -1 : all.findIndex((part) => part.functionCall)",
    planted: "return all.findIndex((part) => part.functionCall)",
    project: "ai",
    test: "Signatures.test"
  }
]

/** All, or those of which a word was given: `node scripts/mutation/blindSpots.ts grace`. */
const part = process.argv[2] ?? ""
const asked = blindSpots.filter(({ what }) => what.includes(part))

const { path, remove } = secondCheckout(join(import.meta.dirname, "../.."))

/** The names of the tests that fail, and whether any ran. */
const failing = (project: string, test: string): { readonly names: ReadonlyArray<string>; readonly ran: boolean } => {
  const { stdout } = spawnSync(process.execPath, [
    "node_modules/vitest/vitest.mjs",
    "run",
    "--config",
    "vitest.workspace.ts",
    "--maxWorkers=1",
    "--reporter=tap-flat",
    "--project",
    project,
    test
  ], { cwd: path, encoding: "utf8", maxBuffer: 64 * 2 ** 20, timeout: 300_000 })
  const lines = stdout.split("\n")
  return {
    names: lines.filter((line) => line.startsWith("not ok"))
      .map((line) => line.replace(/^not ok \d+ - /, "").replace(/ # time=.*$/, "")),
    ran: lines.some((line) => /^(?:not )?ok /.test(line))
  }
}

let unseen = 0
const wrong = (words: string): void => {
  unseen++
  console.log(`WRONG  ${words}`)
}
try {
  const tests = new Map(asked.map(({ project, test }) => [`${project} ${test}`, { project, test }]))
  for (const [name, { project, test }] of tests) {
    const first = failing(project, test)
    // A busy machine may be too slow for a test that waits for a server of its own.
    const { names, ran } = first.names.length > 0 ? failing(project, test) : first
    if (names.length > 0 || !ran) wrong(`${name} fails as it stands: ${names.join("; ")}`)
  }
  for (const { code, file, planted, project, test, what } of asked) {
    const place = join(path, file)
    const whole = readFileSync(place, "utf8")
    if (whole.split(code).length !== 2) {
      wrong(`${what}: ${file} does not have its text once: ${code}`)
      continue
    }
    writeFileSync(place, whole.replace(code, () => planted))
    const { names } = failing(project, test)
    writeFileSync(place, whole)
    if (names.length === 0) wrong(`${what}: no test of ${test} fails`)
    else console.log(`seen   ${what}\n         by ${names.slice(0, 2).join("\n         and ")}`)
  }
} finally {
  remove()
}
console.log(`${asked.length - unseen} of ${asked.length} planted bugs are seen`)
process.exitCode = unseen === 0 ? 0 : 1
