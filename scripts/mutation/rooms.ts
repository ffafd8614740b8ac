// The rooms whose tests are judged by planted bugs: where the code stands, which tests see it, and the score that the
// room has to keep. Several do not keep theirs yet, so `.ci/run` does not ask.

export interface Room {
  readonly name: string
  /** Folders and files of the code, from the root of the repository. */
  readonly code: ReadonlyArray<string>
  /** Folders and files of the tests that stand nearest to it. */
  readonly tests: ReadonlyArray<string>
  /** The lowest score that is not refused, in percent of the mutants that are not equivalent. */
  readonly floor: number
}

const gemini = (room: string): string => `packages/gemini/src/internal/${room}`
const near = (room: string): string => `packages/gemini/test/${room}`

export const rooms: ReadonlyArray<Room> = [
  {
    name: "limiter",
    code: [gemini("limiter"), gemini("stores"), "packages/gemini/src/limits", "packages/gemini/src/RateLimiter.ts"],
    tests: [near("limiter"), near("quotas")],
    floor: 85
  },
  {
    name: "http",
    code: [gemini("http")],
    tests: [near("http"), near("call"), near("wire")],
    floor: 85
  },
  {
    name: "call",
    code: [gemini("call"), "packages/gemini/src/call"],
    tests: [near("call"), "packages/conformance/test/calls"],
    floor: 85
  },
  {
    name: "members",
    code: [gemini("members"), "packages/gemini/src/members"],
    tests: [near("members"), "packages/conformance/test/members"],
    floor: 85
  },
  {
    name: "live",
    code: [gemini("live"), "packages/gemini/src/live"],
    tests: [near("live")],
    floor: 85
  },
  {
    name: "mapping",
    code: ["packages/ai/src"],
    tests: ["packages/ai/test"],
    floor: 85
  },
  {
    name: "judge",
    code: ["packages/emulator/src/internal/judge", "packages/emulator/src/Fault.ts", "packages/emulator/src/Quota.ts"],
    // Those that start no server: the run without a mutant stays short.
    tests: [
      "packages/emulator/test/Judge.test.ts",
      "packages/emulator/test/FieldTable.test.ts",
      "packages/emulator/test/FieldEdges.test.ts",
      "packages/emulator/test/ValidatorEdges.test.ts",
      "packages/emulator/test/QuotaEdges.test.ts",
      "packages/emulator/test/FaultEdges.test.ts",
      "packages/emulator/test/Quota.test.ts"
    ],
    floor: 85
  },
  {
    name: "budget",
    code: [gemini("budget")],
    tests: [near("limiter")],
    floor: 75
  },
  {
    name: "caches",
    code: [gemini("caches")],
    tests: [near("caches")],
    floor: 75
  },
  {
    name: "batches",
    code: [gemini("batches")],
    tests: [near("batches")],
    floor: 75
  },
  {
    name: "resources",
    code: [gemini("resources"), gemini("uploads")],
    tests: [near("resources")],
    floor: 75
  },
  {
    name: "telemetry",
    code: [gemini("telemetry")],
    tests: [
      near("telemetry"),
      "packages/conformance/test/calls/Telemetry.test.ts",
      "packages/conformance/test/calls/CanarySiblings.test.ts"
    ],
    floor: 75
  },
  {
    name: "webhooks",
    code: [gemini("webhooks")],
    tests: [near("webhooks")],
    floor: 75
  },
  {
    name: "interactions",
    code: [gemini("interactions"), "packages/gemini/src/interactions"],
    tests: ["packages/conformance/test/interactions"],
    floor: 75
  },
  {
    name: "journal",
    code: ["packages/journal/src"],
    tests: ["packages/journal/test"],
    floor: 75
  },
  {
    name: "agents",
    code: ["packages/agents/src"],
    tests: ["packages/agents/test"],
    floor: 75
  },
  {
    name: "narrative",
    code: ["packages/narrative/src"],
    tests: ["packages/narrative/test"],
    floor: 75
  }
]

/** The commit at which the floors were last measured: `--changed` judges the lines that changed since then. */
export const recordedAt = "310520d"
