/** What is said of cassettes: while one is open, at its end, and of a file that nobody has open. */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { writeFileSync } from "node:fs"
import * as Cassette from "../../cassettes/Cassette.ts"
import { mistake, NodeCommandFailure } from "../../NodeCommandFailure.ts"
import * as TomlText from "../cassettes/tomlText.ts"
import { plain } from "./plain.ts"

const count = (n: number, one: string): string => `${n} ${n === 1 ? one : `${one}s`}`

/** What an open cassette does, for the first lines. */
export const opening = (cassette: Cassette.Cassette): Effect.Effect<string> =>
  Effect.map(
    cassette.summary,
    ({ bytes, exchanges, file, limit, mode, torn, upstream }) =>
      `The cassette ${file} holds ${count(exchanges, "exchange")}, ${bytes} of at most ${limit} bytes; mode ${mode}` +
      (torn === undefined ? "" : `; line ${torn} was torn and is left out`) +
      (upstream === undefined
        ? ""
        : `\nIt asks ${upstream} with ${
          cassette.holdsKey ? "its own key for clients that have none" : "the key that a client sends"
        }`)
  )

/** What was played, recorded and missed, for the last lines. */
export const ending = (cassette: Cassette.Cassette): Effect.Effect<string> =>
  Effect.map(cassette.summary, ({ dropped, file, missed, misses, played, recorded, unused }) =>
    [
      `the cassette ${file}: ${played} played, ${recorded} recorded, ${unused.length} unused, ${missed} missed`,
      ...(dropped === 0 ? [] : [`  ${dropped} not recorded, because the cassette has no room`]),
      ...misses.slice(0, 10).map((miss) => `  missed: ${miss}`)
    ].join("\n"))

const described = (error: { readonly message: string }) => mistake(error.message)

/** A line for each exchange. */
export const list = Effect.fnUntraced(function*(file: string): Effect.fn.Return<void, NodeCommandFailure> {
  const recordings = yield* Effect.mapError(Cassette.read(file), described)
  for (const recording of recordings) {
    const line = "live" in recording
      ? `Live ${recording.live.path}  ${count(recording.frames.length, "frame")}`
      : `${recording.request.method} ${recording.request.path}  ${recording.response.status ?? "no answer"}, ${
        count(recording.response.chunks.length, "chunk")
      }, ${recording.response.end}`
    yield* Console.log(plain(`${recording.n}  ${line}`))
  }
})

/** Says where secrets are left, and ends with 1 if there are any. The secrets themselves are not said. */
export const check = Effect.fnUntraced(function*(
  file: string,
  redaction?: Cassette.Redaction
): Effect.fn.Return<void, NodeCommandFailure> {
  const left = yield* Effect.mapError(Cassette.check(file, redaction), described)
  for (const { kind, line, where } of left) {
    yield* Console.log(plain(`${file}:${line}: ${kind.toLowerCase().replaceAll("_", " ")} in ${where}`))
  }
  if (left.length > 0) {
    return yield* new NodeCommandFailure({ exitCode: 1, text: `${count(left.length, "secret")} left in ${file}` })
  }
  yield* Console.log(plain(`no secret is left in ${file}, by the rules`))
})

/** Writes rules to edit: to the file, whose name says whether as TOML or JSON, or to stdout as TOML. */
export const scenario = Effect.fnUntraced(function*(
  file: string,
  output: Option.Option<string>
): Effect.fn.Return<void, NodeCommandFailure> {
  const { scenario, skipped } = yield* Effect.mapError(Cassette.scenario(file), described)
  const rules = scenario.rule ?? []
  const isJson = Option.isSome(output) && /\.json$/i.test(output.value)
  if (Option.isSome(output) && !/\.(?:json|toml)$/i.test(output.value)) {
    return yield* mistake(`--output ${output.value}: the name of a scenario ends in .toml or .json`)
  }
  const text = isJson
    ? `${JSON.stringify(scenario, undefined, 2)}\n`
    : [
      `# Made of the cassette ${plain(file).replaceAll("\n", " ")}, to be edited; RULES.md says what a rule may say.`,
      "otherwise = \"refuse\"",
      ...rules.map((rule) => TomlText.rule({ ...rule }))
    ].join("\n\n") + "\n"
  if (Option.isNone(output)) yield* Console.log(text.replace(/\n$/, ""))
  else {
    yield* Effect.try({
      try: () => writeFileSync(output.value, text, { flag: "wx" }),
      catch: (error) => mistake(`--output ${output.value}: ${error instanceof Error ? error.message : String(error)}`)
    })
  }
  for (const each of skipped) yield* Console.error(plain(`no rule for ${each}`))
  if (Option.isSome(output)) yield* Console.log(plain(`${count(rules.length, "rule")} in ${output.value}`))
})
