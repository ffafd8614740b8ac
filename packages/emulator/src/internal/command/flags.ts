/** The command's flags. A value that cannot be meant is refused here, before anything starts. */
import * as Flag from "effect/cli/Flag"
import * as Config from "effect/Config"
import * as Option from "effect/Option"
import * as Fault from "../../Fault.ts"
import type * as KeyPolicy from "../../KeyPolicy.ts"
import * as Admission from "../door/admission.ts"
import { cassetteFlags } from "./cassetteFlags.ts"
import * as Named from "./named.ts"
import { vertexFlags } from "./vertexFlags.ts"

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

/** Reads `80` or `off`. */
const pace = (text: string): Option.Option<number | undefined> => {
  if (text === "off") return Option.some(undefined)
  return /^\d{1,9}(?:\.\d{1,6})?$/.test(text) && Number(text) > 0 ? Option.some(Number(text)) : Option.none()
}

const standings = ["valid", "invalid", "expired", "unknown", "leaked"] as const

/** Undefined: every key is taken. As soon as one is called valid, all that no flag names are invalid. */
export const keyPolicy = (
  named: ReadonlyArray<Named.Named<typeof standings[number]>>
): KeyPolicy.KeyPolicy | undefined => {
  if (named.length === 0) return undefined
  const valid = Named.of(named, "valid")
  return {
    ...(valid.length === 0 ? {} : { valid }),
    invalid: Named.of(named, "invalid"),
    expired: Named.of(named, "expired"),
    unknown: Named.of(named, "unknown"),
    leaked: Named.of(named, "leaked")
  }
}

/** Programs beside this one see its arguments, and not its environment. */
export const tokenVariable = "GEMINI_EMULATOR_TOKEN"

const whole = (least: number, most: number) => (value: number) => value >= least && value <= most

export const flags = {
  port: Flag.Int("port").pipe(
    Flag.withAlias("p"),
    Flag.withDescription("0 takes any free port; default 8790, and with exec 0"),
    Flag.filter(whole(0, 65_535), (value) => `a port from 0 to 65535, got ${value}`),
    Flag.optional
  ),
  host: Flag.String("host").pipe(
    Flag.withDescription("the address to listen on; 0.0.0.0 takes calls from other machines; default: 127.0.0.1"),
    Flag.filter(Admission.isHostName, (name) => `an address or a name of this machine, got ${JSON.stringify(name)}`),
    Flag.withDefault("127.0.0.1")
  ),
  allowHost: Flag.String("allow-host").pipe(
    Flag.withDescription(
      "a NAME by which it may be called, beside localhost; several times for several names; default: none"
    ),
    Flag.filter(Admission.isHostName, (name) => `a name or an address without a port, got ${JSON.stringify(name)}`),
    Flag.atLeast(0)
  ),
  token: Flag.Redacted("token").pipe(
    Flag.withDescription(
      `opens the admin API to those who bring it; also ${tokenVariable}, which ps does not show; default: none`
    ),
    Flag.withFallbackConfig(Config.Redacted(tokenVariable)),
    Flag.optional
  ),
  foreignPages: Flag.Literals("foreign-pages", ["answer", "refuse"]).pipe(
    Flag.withDescription("whether pages of other origins may call the API, as Google's lets them; default: answer"),
    Flag.withDefault("answer")
  ),
  certificate: Flag.String("certificate").pipe(
    Flag.withDescription("the file to write the certificate of https: and wss: to; default a temporary one"),
    Flag.optional
  ),
  readyFile: Flag.String("ready-file").pipe(
    Flag.withDescription("a file that holds the URL from when it can be called until it ends; default: none"),
    Flag.optional
  ),
  parent: Flag.Int("parent").pipe(
    Flag.withDescription("a PID: the emulator ends when that process has ended; default: none"),
    Flag.filter(whole(1, 2 ** 31), (value) => `the id of a process, got ${value}`),
    Flag.optional
  ),
  quiet: Flag.Boolean("quiet").pipe(
    Flag.withDescription("write no line for each request, as it does at a terminal"),
    Flag.withDefault(false)
  ),
  chunkDelay: Flag.Int("chunk-delay").pipe(
    Flag.withDescription("milliseconds between two chunks of a stream; default: 0"),
    Flag.filter(whole(0, 2 ** 31 - 1), (value) => `milliseconds, 0 or more, got ${value}`),
    Flag.withDefault(0)
  ),
  seed: Flag.String("seed").pipe(
    Flag.withDescription("generated answers follow from the request and this; default: none"),
    Flag.withDefault("")
  ),
  calls: Flag.Literals("calls", ["likely", "mentioned", "always", "never"]).pipe(
    Flag.withDescription(
      "when functions are called: one after the other when the prompt's words fit them, when it names them, at every turn, never; default: likely"
    ),
    Flag.withDefault("likely")
  ),
  values: Flag.Literals("values", ["likely", "seeded"]).pipe(
    Flag.withDescription(
      "where arguments and JSON come from: examples, results and the prompt, or the schema and the seed alone; default: likely"
    ),
    Flag.withDefault("likely")
  ),
  pace: Flag.String("pace").pipe(
    Flag.withDescription(
      "tokens a second at which answers are said, such as 80, or off; a cassette keeps its own times by --timing; default: off"
    ),
    Flag.filterMap(pace, (text) => `tokens a second, more than 0, or off, got ${JSON.stringify(text)}`),
    Flag.withDefault(undefined)
  ),
  hold: Flag.Boolean("hold").pipe(
    Flag.withDescription("hold every call that generates until a person answers it on the page"),
    Flag.withDefault(false)
  ),
  quotas: Flag.Literals("quotas", ["free", "tier1", "tier2", "tier3"]).pipe(
    Flag.withDescription("keep the published limits of a tier; default: none"),
    Flag.optional
  ),
  recorded: Flag.String("recorded").pipe(
    Flag.withDescription(
      "a folder of recorded exchanges to answer from, as often as they are asked for; the rest is generated; default: none"
    ),
    Flag.optional
  ),
  ...cassetteFlags,
  scenario: Flag.String("scenario").pipe(
    Flag.withDescription(
      "a .toml or .json file of rules to answer by; it is read again when it changes; default: none"
    ),
    Flag.optional
  ),
  overload: Flag.String("overload").pipe(
    Flag.withDescription(
      "MODEL or MODEL=SHARE: the model is overloaded, for a share of its requests from 0 to 1; default: none"
    ),
    Flag.filterMap(overload, () => "MODEL or MODEL=SHARE, with a share from 0 to 1"),
    Flag.atLeast(0)
  ),
  outage: Flag.String("outage").pipe(
    Flag.withDescription("REGION or REGION=unavailable|reset|hang: this region is down; default: none"),
    Flag.filterMap(outage, () => "REGION or REGION=HOW, where HOW is unavailable, reset or hang"),
    Flag.atLeast(0)
  ),
  keys: Flag.String("keys").pipe(
    Flag.withDescription(
      "KEY: only this key and others so named are taken; KEY=invalid|expired|unknown|leaked: refuses it, as Google does; default: any key"
    ),
    Flag.filterMap(
      Named.read(standings),
      () => "KEY or KEY=HOW, where HOW is valid, invalid, expired, unknown or leaked"
    ),
    Flag.atLeast(0)
  ),
  ...vertexFlags,
  strictSignatures: Flag.Boolean("strict-signatures").pipe(
    Flag.withDescription("take only thought signatures that it gave out itself"),
    Flag.withDefault(false)
  ),
  anyModel: Flag.Boolean("any-model").pipe(
    Flag.withDescription("take every model name for a model"),
    Flag.withDefault(false)
  )
}

type Value<F> = F extends Flag.Flag<infer A> ? A : never

/** What was given on the command line. */
export type CommandFlags = { readonly [Name in keyof typeof flags]: Value<(typeof flags)[Name]> }
