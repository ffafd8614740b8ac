/**
 * `gemini-fx emulator`: a local Gemini API until Ctrl-C.
 */
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Fault from "effect-gemini-emulator/Fault"
import type * as KeyPolicy from "effect-gemini-emulator/KeyPolicy"
import * as ModelTable from "effect-gemini-emulator/ModelTable"
import * as Recorded from "effect-gemini-emulator/Recorded"
import * as Scenario from "effect-gemini-emulator/Scenario"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Clock from "effect/Clock"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import { CommandFailed } from "./CommandFailed.ts"
import { clean } from "./Shown.ts"

/** Reads `gemini-3.8-flash` or `gemini-3.8-flash=0.3`. */
const overload = (text: string): Option.Option<Fault.Fault> => {
  const [, model, share] = /^(?:models\/)?([^=/]+)(?:=([01]|[01]?\.\d+))?$/.exec(text) ?? []
  if (model === undefined || Number(share ?? 1) > 1) return Option.none()
  return Option.some(Fault.overload(model, share === undefined ? {} : { share: Number(share) }))
}

/** Reads `europe-west4` or `europe-west4=hang`. */
const outage = (text: string): Option.Option<Fault.Fault> => {
  const [, region, how] = /^([\w-]+)(?:=(.+))?$/.exec(text) ?? []
  if (region === undefined) return Option.none()
  const down = how === undefined ? "unavailable" : Fault.downs.find((down) => down === how)
  return down === undefined ? Option.none() : Option.some(Fault.outage(region, { down }))
}

const standings = ["valid", "invalid", "expired", "unknown", "leaked"] as const

interface NamedKey {
  readonly key: string
  readonly standing: (typeof standings)[number]
}

/** Reads `KEY`, which is a valid one, or `KEY=expired`. */
const namedKey = (text: string): Option.Option<NamedKey> => {
  const [, key, how = "valid"] = /^(.+?)(?:=([a-z]*))?$/.exec(text) ?? []
  const standing = standings.find((standing) => standing === how)
  return key === undefined || standing === undefined ? Option.none() : Option.some({ key, standing })
}

/** Undefined: every key is taken. As soon as one is called valid, all that no flag names are invalid. */
const keyPolicy = (named: ReadonlyArray<NamedKey>): KeyPolicy.KeyPolicy | undefined => {
  if (named.length === 0) return undefined
  const of = (wanted: NamedKey["standing"]) => named.filter(({ standing }) => standing === wanted).map(({ key }) => key)
  const valid = of("valid")
  return {
    ...(valid.length === 0 ? {} : { valid }),
    invalid: of("invalid"),
    expired: of("expired"),
    unknown: of("unknown"),
    leaked: of("leaked")
  }
}

/** Cleaned, because a host comes from the command line and a region from its flags. */
const say = (line: string) => Console.log(clean(line))

const flags = {
  port: Flag.Int("port").pipe(
    Flag.withAlias("p"),
    Flag.withDescription("0 takes any free port"),
    Flag.withDefault(8790)
  ),
  host: Flag.String("host").pipe(Flag.withDescription("the address to listen on"), Flag.withDefault("127.0.0.1")),
  chunkDelay: Flag.Int("chunk-delay").pipe(
    Flag.withDescription("milliseconds between two chunks of a stream"),
    Flag.withDefault(0)
  ),
  seed: Flag.String("seed").pipe(
    Flag.withDescription("generated answers follow from the request and this"),
    Flag.withDefault("")
  ),
  quotas: Flag.Literals("quotas", ["free", "tier1", "tier2", "tier3"]).pipe(
    Flag.withDescription("keep the published limits of a tier"),
    Flag.optional
  ),
  recorded: Flag.String("recorded").pipe(
    Flag.withDescription(
      "a folder of recorded exchanges to answer from, as often as they are asked for; the rest is generated"
    ),
    Flag.optional
  ),
  scenario: Flag.String("scenario").pipe(
    Flag.withDescription("a .toml or .json file of rules to answer by; it is read again when it changes"),
    Flag.optional
  ),
  overload: Flag.String("overload").pipe(
    Flag.withDescription("MODEL or MODEL=SHARE: the model is overloaded, for a share of its requests from 0 to 1"),
    Flag.filterMap(overload, () => "MODEL or MODEL=SHARE, with a share from 0 to 1"),
    Flag.atLeast(0)
  ),
  outage: Flag.String("outage").pipe(
    Flag.withDescription("REGION or REGION=unavailable|reset|hang: this region is down"),
    Flag.filterMap(outage, () => "REGION or REGION=HOW, where HOW is unavailable, reset or hang"),
    Flag.atLeast(0)
  ),
  keys: Flag.String("keys").pipe(
    Flag.withDescription(
      "KEY: only this key and others so named are taken; KEY=invalid|expired|unknown|leaked: refuses it, as Google does"
    ),
    Flag.filterMap(namedKey, () => "KEY or KEY=HOW, where HOW is valid, invalid, expired, unknown or leaked"),
    Flag.atLeast(0)
  ),
  strictSignatures: Flag.Boolean("strict-signatures").pipe(
    Flag.withDescription("take only thought signatures that it gave out itself"),
    Flag.withDefault(false)
  ),
  anyModel: Flag.Boolean("any-model").pipe(
    Flag.withDescription("take every model name for a model"),
    Flag.withDefault(false)
  )
}

const warn = (text: string) => Console.error(clean(text))

/** Reads the file again after each change. If the file is wrong, the rules from before the change stay. */
const follow = Effect.fnUntraced(function*(file: string) {
  const emulator = yield* Emulator.Emulator
  let isFirst = true
  return yield* Stream.runForEach(Scenario.follow(file), (now) => {
    if (Result.isFailure(now)) {
      return warn(`${now.failure.message}\n${file} has changed and is wrong: the rules before it stay`)
    }
    const { otherwise = "refuse", rule = [] } = now.success
    const rules = `${rule.length} ${rule.length === 1 ? "rule" : "rules"}`
    const what = otherwise === "refuse" ? "refuses" : "generates"
    const text = isFirst
      ? `It answers by ${rules} of ${file}, and ${what} what none of them matches`
      : `${file} has changed: ${rules}`
    isFirst = false
    return emulator.setScenario(now.success).pipe(
      Effect.andThen(say(text)),
      Effect.catchTag("RuleError", (error) => warn(error.message))
    )
  })
})

export const emulatorCommand = Command.make(
  "emulator",
  flags,
  Effect.fnUntraced(function*(given) {
    const { anyModel, chunkDelay, host, outage, overload, port, quotas, recorded, scenario, seed } = given
    const models = { ...ModelTable.current, acceptAnyModel: anyModel }
    const now = yield* Clock.currentTimeMillis
    for (const { when } of overload) {
      const name = when?.model ?? ""
      if (!anyModel && ModelTable.get(models, `models/${name}`, now) === undefined) {
        return yield* new CommandFailed({ exitCode: 2, text: `--overload: the emulator has no model ${name}` })
      }
    }
    const answers = Option.isNone(recorded)
      ? undefined
      : yield* Effect.mapError(
        Recorded.load(recorded.value, { otherwise: "generate", repeat: true }),
        (error) => new CommandFailed({ exitCode: 2, text: error.message })
      )
    const rules = Option.isNone(scenario)
      ? undefined
      : yield* Effect.mapError(
        Scenario.load(scenario.value),
        (error) => new CommandFailed({ exitCode: 2, text: error.message })
      )
    const keys = keyPolicy(given.keys)
    const server = Emulator.layerServer({
      port,
      host,
      chunkDelay,
      seed,
      answers,
      scenario: rules,
      keys,
      strictSignatures: given.strictSignatures,
      // Nobody reads the log here, and it must not grow for days.
      remember: 0,
      quotas: Option.getOrUndefined(quotas),
      faults: [...overload, ...outage],
      models
    })
    return yield* Effect.gen(function*() {
      const { regionUrl, url } = yield* Emulator.Emulator
      const taken = keys === undefined
        ? "any key is taken"
        : keys.valid === undefined
        ? "any key is taken but those that --keys refuses"
        : "only the keys of --keys are taken"
      const key = keys?.valid?.[0] ?? "emulator"
      yield* say(`Gemini API on ${url}; ${taken}. Point a client there with`)
      yield* say(`  export GEMINI_BASE_URL=${url} GOOGLE_GEMINI_BASE_URL=${url} GEMINI_API_KEY=${key}`)
      for (const { when } of outage) yield* say(`${when?.region} is down: ${regionUrl(when?.region ?? "")}`)
      if (Option.isSome(scenario)) yield* follow(scenario.value)
      return yield* Effect.never
    }).pipe(
      Effect.provide(server),
      Effect.catchTag("EmulatorError", (error) => Effect.fail(new CommandFailed({ exitCode: 1, text: error.message })))
    )
  })
).pipe(
  Command.withDescription("A local Gemini API, for clients in any language"),
  Command.withExamples([{
    command: "gemini-fx emulator",
    description: "Until Ctrl-C; the address is on the first line"
  }, { command: "gemini-fx emulator --port 8790 --quotas free", description: "With the quotas of a tier" }])
)
