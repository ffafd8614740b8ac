/**
 * Whose request it is: the project of a key, its quotas, and what it is told to answer.
 */
import * as Answer from "../../Answer.ts"
import type { EmulatorRequest } from "../../EmulatorRequest.ts"
import * as Fault from "../../Fault.ts"
import type * as Quota from "../../Quota.ts"
import * as Json from "../json.ts"

export const faultHeader = "x-emulator-fault"
export const answerHeader = "x-emulator-answer"

const strict = new TextDecoder("utf-8", { fatal: true })

/**
 * A header as its sender meant it. Carriers give one character a byte; most languages write UTF-8, and JavaScript's
 * `fetch` Latin-1, whose letters beyond ASCII are not valid UTF-8.
 */
const headerText = (headers: EmulatorRequest["headers"], name: string): string | undefined => {
  const text = headers[name]
  if (text === undefined || !/[\x80-\xff]/.test(text) || /[^\0-\xff]/.test(text)) return text
  try {
    return strict.decode(Uint8Array.from(text, (character) => character.charCodeAt(0)))
  } catch {
    return text
  }
}

/** The JSON in a header. Its names are checked (`misused`); its values are the caller's own business. */
export const headerJson = <A>(headers: EmulatorRequest["headers"], name: string): A | undefined => {
  const text = headerText(headers, name)
  return text === undefined ? undefined : Json.parse(text) as A | undefined
}

/**
 * What is wrong with the emulator's own headers. A fault or an answer that was asked for wrongly would otherwise be
 * missed in silence.
 */
export const misused = (headers: EmulatorRequest["headers"]): string | undefined => {
  for (
    const [name, problem] of [[faultHeader, Fault.problem], [answerHeader, Answer.problem]] as const
  ) {
    const text = headerText(headers, name)
    const why = text === undefined ? undefined : problem(Json.parse(text))
    if (why !== undefined) return `Header ${name} of the emulator: ${why}${/[.?]$/.test(why) ? "" : "."}`
  }
  return undefined
}

/** The options about projects: see `GeminiHandler.Project`. */
interface Settings {
  readonly projects?:
    | Readonly<
      Record<string, {
        readonly keys: ReadonlyArray<string>
        readonly quotas?: Quota.Tier | Quota.Quotas | undefined
        readonly answers?: Answer.AnswerFunction | undefined
      }>
    >
    | undefined
  readonly quotas?: Quota.Tier | Quota.Quotas | undefined
}

/** The project of a name, which may be anybody's words. */
export const named = ({ projects = {} }: Pick<Settings, "projects">, name: string) =>
  Object.hasOwn(projects, name) ? projects[name] : undefined

const asQuotas = (quotas: Quota.Tier | Quota.Quotas | undefined): Quota.Quotas | undefined =>
  typeof quotas === "string" ? { tier: quotas } : quotas

export interface Projects {
  readonly nameOf: (key: string | undefined) => string
  readonly quotasOf: (project: string, region: string) => Quota.Quotas | undefined
}

export const make = (options: Settings): Projects => {
  const projectOf = new Map<string, string>()
  for (const [name, project] of Object.entries(options.projects ?? {})) {
    for (const key of project.keys) projectOf.set(key, name)
  }
  const nameOf = (key: string | undefined) => projectOf.get(key ?? "") ?? "default"
  return {
    nameOf,
    quotasOf: (project, region) => {
      const quotas = asQuotas(named(options, project)?.quotas ?? options.quotas)
      const regions = quotas?.regions ?? {}
      return asQuotas(Object.hasOwn(regions, region) ? regions[region] : undefined) ?? quotas
    }
  }
}
