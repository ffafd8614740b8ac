/** The calls about the cassette of a space. Its file lies below a folder, since the admin API asks for no name of a user. */
import * as Effect from "effect/Effect"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import { realpathSync } from "node:fs"
import { basename, dirname, isAbsolute, join, relative, resolve } from "node:path"
import * as AdminApi from "../../admin/AdminApi.ts"
import * as Problem from "../../admin/AdminProblem.ts"
import type { CassetteSettings } from "../../admin/CassetteData.ts"
import type { Options } from "../../cassettes/Cassette.ts"
import type { Service } from "../../Emulator.ts"
import * as Calls from "./calls.ts"
import * as Finding from "./finding.ts"

const wrong = (path: string, message: string) =>
  new Problem.WrongRequest({ detail: `${path}: ${message}`, problems: [{ path, message }] })

/** The file, if it lies below the folder and is named as a cassette is, or why not. */
const placed = (file: string, folder: string): Effect.Effect<string, Problem.WrongRequest> =>
  Effect.suspend(() => {
    const path = resolve(folder, file)
    let real: string
    try {
      // A link may lead out of the folder. The file itself need not be there yet.
      real = join(realpathSync(dirname(path)), basename(path))
      real = realpathSync(real)
    } catch (error) {
      const isMissing = error instanceof Error && "code" in error && error.code === "ENOENT"
      if (!isMissing) return Effect.fail(wrong("file", error instanceof Error ? error.message : String(error)))
      real = path
    }
    const way = relative(realpathSync(folder), real)
    if (way === "" || way.startsWith("..") || isAbsolute(way)) {
      return Effect.fail(
        wrong("file", `${file} does not lie below ${folder}, the folder of cassettes (--cassette-folder)`)
      )
    }
    return Effect.succeed(path)
  })

const patternsOf = (
  given: typeof CassetteSettings.Type["redaction"]
): Effect.Effect<ReadonlyArray<RegExp>, Problem.WrongRequest> =>
  Effect.forEach(given?.patterns ?? [], ({ flags = "", source }, i) =>
    Effect.try({
      try: () => new RegExp(source, flags),
      catch: (error) => wrong(`redaction.patterns[${i}]`, error instanceof Error ? error.message : String(error))
    }))

/** The options of a program, out of those that came. */
const optionsOf = Effect.fnUntraced(function*(
  { file, redaction, ...rest }: typeof CassetteSettings.Type,
  folder: string
): Effect.fn.Return<Options, Problem.WrongRequest> {
  const path = yield* placed(file, folder)
  const plays = rest.mode === undefined || rest.mode === "replay"
  if (!plays && !/\.jsonl$/i.test(path)) {
    return yield* wrong("file", `${file} is to be written, and the name of a cassette ends in .jsonl`)
  }
  const patterns = yield* patternsOf(redaction)
  return { ...rest, file: path, ...(redaction === undefined ? {} : { redaction: { ...redaction, patterns } }) }
})

/** How it stands, without what is not there. */
const state = (service: Service) =>
  Effect.flatMap(service.cassette, (summary) => {
    if (summary === undefined) return Effect.fail(Finding.notThere(`The space "${service.spaceName}" has no cassette.`))
    const { torn, upstream, ...rest } = summary
    return Effect.succeed({
      ...rest,
      ...(torn === undefined ? {} : { torn }),
      ...(upstream === undefined ? {} : { upstream })
    })
  })

export const layer = (served: Calls.Served) => {
  const { looking, run, telling } = Calls.make(served)
  return HttpApiBuilder.group(AdminApi.Api, "cassettes", (handlers) =>
    handlers
      .handle("getCassette", ({ params }) => Effect.flatMap(looking(params.space), (service) => run(state(service))))
      .handle("setCassette", ({ params, payload }) =>
        Effect.gen(function*() {
          const service = yield* telling(params.space)
          const options = yield* optionsOf(payload, served.cassettes)
          const { at } = yield* Effect.promise(() => import("../../cassettes/Cassette.ts"))
          yield* run(service.setCassette(at(options)))
          return yield* run(state(service))
        }))
      .handle("removeCassette", ({ params }) =>
        Effect.gen(function*() {
          const service = yield* looking(params.space)
          yield* run(state(service))
          yield* run(service.setCassette(undefined))
        })))
}
