/** An emulator as the flags say, with the files that tell of it, until the scope closes. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import { mkdtempSync, rmdirSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type * as Cassette from "../../cassettes/Cassette.ts"
import * as Emulator from "../../Emulator.ts"
import * as ModelTable from "../../ModelTable.ts"
import { mistake, NodeCommandFailure } from "../../NodeCommandFailure.ts"
import * as Recorded from "../../Recorded.ts"
import * as Scenario from "../../Scenario.ts"
import * as Admission from "../door/admission.ts"
import { shellWord } from "../shellWord.ts"
import type { SpaceObserver } from "../spaces/Spaces.ts"
import { type CommandFlags, keyPolicy } from "./flags.ts"
import * as Parent from "./parent.ts"
import * as ReadyFile from "./readyFile.ts"
import { vertexOptions } from "./vertexFlags.ts"

export interface Running {
  readonly emulator: Emulator.Service
  /** A key that it takes. */
  readonly key: string
  /** Which keys it takes, in words. */
  readonly taken: string
  /** What it plays, if anything. */
  readonly cassette: Cassette.Cassette | undefined
  /** The file of its certificate. */
  readonly certificateFile: string
  /** Ends when the process has ended for which it was started. */
  readonly parentGone: Effect.Effect<void>
}

const temporary = ["certificate.pem", "trusted.pem"]

/** A folder of this start alone. What lies in it by these names goes with it. */
export const folder: Effect.Effect<string, NodeCommandFailure, Scope.Scope> = Effect.acquireRelease(
  Effect.try({
    try: () => mkdtempSync(join(tmpdir(), "effect-gemini-emulator-")),
    catch: (error) =>
      new NodeCommandFailure({ exitCode: 1, text: error instanceof Error ? error.message : String(error) })
  }),
  (path) =>
    Effect.ignore(Effect.sync(() => {
      for (const name of temporary) rmSync(join(path, name), { force: true })
      rmdirSync(path)
    }))
)

const described = (error: { readonly message: string }) => mistake(error.message)

const optionsOf = Effect.fnUntraced(function*(
  given: CommandFlags,
  own: { readonly port: number; readonly certificateFile: string; readonly command: ReadonlyArray<string> }
): Effect.fn.Return<Emulator.Options, NodeCommandFailure, Scope.Scope> {
  const { anyModel, cassette, outage, overload, recorded, scenario, upstream, upstreamKey } = given
  const { certificateFile, port } = own
  // In the environment it may be meant for the cassettes of single tests.
  const isFlag = Option.isSome(upstream) && upstream.value !== process.env["GEMINI_CASSETTE_UPSTREAM"]
  if (Option.isNone(cassette) && isFlag) {
    return yield* mistake("--upstream: it is asked for a cassette alone: name the file with --cassette")
  }
  if (Option.isSome(upstreamKey) && given.keys.length === 0 && !Admission.isLoopback(given.host)) {
    return yield* mistake(
      `--upstream-key: whoever reaches it on ${given.host} would spend it: name with --keys whose calls it takes`
    )
  }
  const models = { ...ModelTable.current, acceptAnyModel: anyModel }
  const now = yield* Clock.currentTimeMillis
  for (const { when } of overload) {
    const name = when?.model ?? ""
    if (!anyModel && ModelTable.get(models, `models/${name}`, now) === undefined) {
      return yield* mistake(`--overload: the emulator has no model ${name}`)
    }
  }
  return {
    port,
    certificateFile,
    host: given.host,
    cassetteFolder: Option.getOrUndefined(given.cassetteFolder),
    allowHosts: given.allowHost,
    token: Option.getOrUndefined(given.token),
    foreignPages: given.foreignPages,
    chunkDelay: given.chunkDelay,
    seed: given.seed,
    calls: given.calls,
    values: given.values,
    pace: given.pace,
    hold: given.hold,
    answers: Option.isNone(recorded) ? undefined : yield* Effect.mapError(
      Recorded.load(recorded.value, { otherwise: "generate", repeat: true }),
      described
    ),
    scenario: Option.isNone(scenario)
      ? undefined
      : yield* Effect.mapError(Scenario.load(scenario.value), described),
    cassette: Option.isNone(cassette) ? undefined : yield* Effect.mapError(
      // A start without a cassette does not wait for its code.
      Effect.flatMap(
        Effect.promise(() => import("../../cassettes/Cassette.ts")),
        ({ open }) => open({ ...cassetteOptions(given, own.command), file: cassette.value })
      ),
      described
    ),
    keys: keyPolicy(given.keys),
    vertex: vertexOptions(given),
    strictSignatures: given.strictSignatures,
    quotas: Option.getOrUndefined(given.quotas),
    faults: [...overload, ...outage],
    models
  }
})

const cassetteOptions = (given: CommandFlags, command: ReadonlyArray<string>) => {
  const { allowRecord, cassette, cassetteLimit, ignore, match, mode, redact, redactField, timing } = given
  const upstream = Option.getOrUndefined(given.upstream)
  const words = [
    "effect-gemini-emulator",
    "--cassette",
    Option.getOrElse(cassette, () => ""),
    "--mode",
    "new",
    "--upstream",
    upstream ?? "https://generativelanguage.googleapis.com",
    ...(match === "strict" ? [] : ["--match", match]),
    ...ignore.flatMap((field) => ["--ignore", field]),
    ...(command.length === 0 ? [] : ["exec", "--", ...command])
  ]
  return {
    mode,
    match,
    ignore,
    timing,
    allowRecord,
    upstream,
    upstreamKey: Option.getOrUndefined(given.upstreamKey),
    limit: Option.getOrUndefined(cassetteLimit),
    redaction: { patterns: redact, paths: redactField },
    again: words.map(shellWord).join(" ")
  }
}

const takenBy = (keys: Emulator.Options["keys"]): string => {
  if (keys === undefined) return "any key is taken"
  return keys.valid === undefined
    ? "any key is taken but those that --keys refuses"
    : "only the keys of --keys are taken"
}

/** With `port` 0 any free one. With a command it is run against it, and messages name it. */
export const start = Effect.fnUntraced(function*(
  given: CommandFlags,
  port: number,
  more: { readonly command?: ReadonlyArray<string>; readonly observer?: SpaceObserver } = {}
): Effect.fn.Return<Running, NodeCommandFailure, Scope.Scope> {
  const { certificate, parent, readyFile } = given
  const { command = [], observer } = more
  if (Option.isSome(parent) && !(yield* Parent.exists(parent.value))) {
    return yield* mistake(`--parent: there is no process ${parent.value}`)
  }
  if (Option.isSome(readyFile)) yield* ReadyFile.clear(readyFile.value)
  const certificateFile = Option.isSome(certificate) ? certificate.value : join(yield* folder, "certificate.pem")
  const options = yield* optionsOf(given, { port: Option.getOrElse(given.port, () => port), certificateFile, command })
  const context = yield* Effect.mapError(
    Layer.build(Emulator.layerObserved(options, observer)),
    ({ message }) => new NodeCommandFailure({ exitCode: 1, text: message })
  )
  const emulator = yield* Effect.provide(Emulator.Emulator, context)
  if (Option.isSome(readyFile)) yield* ReadyFile.write(readyFile.value, emulator.url)
  return {
    emulator,
    key: options.keys?.valid?.[0] ?? "emulator",
    taken: takenBy(options.keys),
    cassette: options.cassette,
    certificateFile,
    parentGone: Option.isSome(parent) ? Parent.gone(parent.value) : Effect.never
  }
})
