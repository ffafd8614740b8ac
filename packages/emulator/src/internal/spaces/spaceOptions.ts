/** The options of an emulator and of a space, as data: an unknown name would otherwise be missed in silence. */
import * as Schema from "effect/Schema"
import * as Answer from "../../Answer.ts"
import * as Fault from "../../Fault.ts"
import { type Problem, RuleError } from "../../RuleError.ts"
import * as Admission from "../door/admission.ts"
import * as Json from "../json.ts"
import * as Problems from "../problems.ts"

const number = Schema.optional(Schema.Number)
const text = Schema.optional(Schema.String)
const flag = Schema.optional(Schema.Boolean)
const any = Schema.optional(Schema.Unknown)
const texts = Schema.optional(Schema.Array(Schema.String))

const turns = Schema.optional(Schema.Union([Schema.Literal(true), Schema.Array(Schema.Number)]))

const tier = Schema.Literals(["free", "tier1", "tier2", "tier3"])
const quotas = {
  tier: Schema.optional(tier),
  models: Schema.optional(Schema.Record(Schema.String, Schema.Struct({ rpm: number, tpm: number, rpd: number }))),
  sessions: number
}
/** The limits of `Quota.Quotas` as data. */
export const Quotas = Schema.Union([
  tier,
  Schema.Struct({
    ...quotas,
    regions: Schema.optional(Schema.Record(Schema.String, Schema.Union([tier, Schema.Struct(quotas)])))
  })
])

/** The lists of `KeyPolicy.KeyPolicy` as data. */
export const Keys = Schema.Struct({ valid: texts, invalid: texts, expired: texts, unknown: texts, leaked: texts })

/** The lists of `TokenPolicy.TokenPolicy` as data. */
export const Tokens = Schema.Struct({ valid: texts, expired: texts, invalid: texts, unscoped: texts, denied: texts })

/** The options of Vertex AI as data. */
const vertex = {
  tokens: Schema.optional(Tokens),
  quotaProjects: Schema.optional(Schema.Array(Schema.String)),
  endpoints: Schema.optional(Schema.Record(Schema.String, Schema.String)),
  provisioned: Schema.optional(Schema.Array(
    Schema.Struct({ project: Schema.String, region: Schema.String, model: Schema.String, rpm: number, tpm: number })
  )),
  shared: Schema.optional(Schema.Record(Schema.String, Schema.Struct({ rpm: number, tpm: number }))),
  identity: Schema.optional(Schema.Struct({
    project: text,
    email: text,
    lifetime: Schema.optional(Schema.Finite.check(Schema.isGreaterThan(0))),
    serviceAccounts: Schema.optional(Schema.Record(Schema.String, Schema.String))
  }))
}

/** The options of Live that have a form as data. */
const live = {
  chunkDelay: number,
  playback: number,
  mergeWithin: number,
  missingTurnComplete: turns,
  emptyTurns: turns,
  waitingForInput: turns,
  interactionStatus: flag,
  millisPerWord: number,
  lifetime: number,
  goAwayBefore: number,
  lifetimeClose: Schema.optional(Schema.Struct({ code: Schema.Number, reason: Schema.String })),
  pongDelay: number,
  handleDelay: number,
  handleRefusal: Schema.optional(Schema.Struct({ code: number, reason: text, times: number })),
  handleLifetime: number,
  sessionId: flag,
  interimTranscripts: flag
}

/** The options of a space that have a form as data, and mean the same to a program and over the wire. */
export const data = {
  chunkDelay: number,
  seed: text,
  otherwise: Schema.optional(Schema.Literals(["refuse", "generate"])),
  calls: Schema.optional(Schema.Literals(["mentioned", "likely", "always", "never"])),
  values: Schema.optional(Schema.Literals(["seeded", "likely"])),
  pace: Schema.optional(Schema.Finite.check(Schema.isGreaterThan(0))),
  hold: flag,
  heldMost: Schema.optional(Schema.Int.check(Schema.isGreaterThanOrEqualTo(1))),
  // Whoever waits longer than a day has gone.
  heldMillis: Schema.optional(Schema.Finite.check(Schema.isBetween({ minimum: 1, maximum: 86_400_000 }))),
  quotas: Schema.optional(Quotas),
  keys: Schema.optional(Keys),
  strictSignatures: flag,
  remember: number,
  fileProcessing: number,
  cachedTokens: number,
  batchPending: number,
  batchRunning: number,
  interactions: Schema.optional(Schema.Struct({
    queued: number,
    running: number,
    research: number,
    retention: Schema.optional(Schema.Literals(["free", "paid"])),
    statusEvents: Schema.optional(Schema.Literals(["status_update", "named"])),
    eventIds: Schema.optional(Schema.Literals(["stored", "background"]))
  })),
  webhookRetry: number,
  documentProcessing: number,
  storeBytes: number,
  uploadGranularity: number,
  spaceIdle: number,
  judge: flag,
  vertex: Schema.optional(Schema.Struct(vertex)),
  live: Schema.optional(Schema.Struct(live))
}

const Options = Schema.Struct({
  ...data,
  port: number,
  host: text,
  allowHosts: Schema.optional(
    Schema.Array(Schema.String.check(
      Schema.makeFilter((name: string) =>
        Admission.isHostName(name) || "expected the name or address of a host, without a port"
      )
    ))
  ),
  token: any,
  keepsProcess: flag,
  foreignPages: Schema.optional(Schema.Literals(["answer", "refuse"])),
  certificateFile: text,
  cassetteFolder: text,
  logBytes: number,
  storedBytes: number,
  // Rules and the scenario are read elsewhere, and functions have no form as data.
  rules: any,
  scenario: any,
  answers: any,
  cassette: any,
  faults: any,
  projects: Schema.optional(Schema.Record(
    Schema.String,
    Schema.Struct({ keys: Schema.Array(Schema.String), quotas: Schema.optional(Quotas), answers: any })
  )),
  models: Schema.optional(
    Schema.Struct({ asOf: Schema.String, rows: Schema.Array(Schema.Unknown), newProject: flag, acceptAnyModel: flag })
  ),
  live: Schema.optional(Schema.Struct({ ...live, transcribe: any }))
})

const find = Problems.find(Options)

const within = (root: string, problems: ReadonlyArray<Problem>): ReadonlyArray<Problem> =>
  problems.map(({ message, path }) => ({ path: path === "" ? root : `${root}.${path}`, message }))

/** Throws the mistakes in faults. */
export const checkFaults = (faults: Iterable<unknown>, root = "faults"): void => {
  const problems = [...faults].flatMap((fault, i) => within(`${root}[${i}]`, Fault.problems(fault)))
  if (problems.length > 0) throw new RuleError({ problems })
}

/** Throws the mistakes in answers. */
export const checkAnswers = (answers: Iterable<unknown>, root = "answers"): void => {
  const problems = [...answers].flatMap((answer, i) => within(`${root}[${i}]`, Answer.problems(answer)))
  if (problems.length > 0) throw new RuleError({ problems })
}

/** Throws the mistakes in options that change while a space is open. */
export const checkSettings = (options: object): void => {
  const problems = find(options)
  if (problems.length > 0) throw new RuleError({ problems })
}

/** Throws the mistakes in options. */
export const check = (options: Readonly<Record<string, unknown>> | object): void => {
  const problems = find(options)
  if (problems.length > 0) throw new RuleError({ source: "options", problems })
  const { answers, faults } = Object.fromEntries(Object.entries(options))
  checkFaults(Json.list(faults))
  checkAnswers(Json.list(answers))
}
