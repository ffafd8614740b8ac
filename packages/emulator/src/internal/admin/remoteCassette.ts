/** The cassette of a space, by calls of the admin API. */
import * as Effect from "effect/Effect"
import { CassetteSettings } from "../../admin/CassetteData.ts"
import type { CassetteSource, CassetteSummary, Options } from "../../cassettes/Cassette.ts"
import type { Service } from "../../Emulator.ts"
import { RuleError } from "../../RuleError.ts"
import * as Portable from "./portable.ts"
import type { Client } from "./remoteService.ts"

const refused = (path: string, message: string) => Effect.fail(new RuleError({ problems: [{ path, message }] }))

/** The options as data. A key and secret values stay here. */
const settings = (
  { redaction, upstreamKey, ...rest }: Options
): Effect.Effect<typeof CassetteSettings.Type, RuleError> => {
  if (upstreamKey !== undefined) {
    return refused(
      "upstreamKey",
      "a key does not go to an emulator of another process: start it with GEMINI_UPSTREAM_KEY"
    )
  }
  if (redaction?.values !== undefined) {
    return refused(
      "redaction.values",
      "secrets do not go to an emulator of another process: name their variables there"
    )
  }
  const { patterns, ...more } = redaction ?? {}
  const sources = patterns?.map(({ flags, source }) => ({ source, flags }))
  const given = redaction === undefined
    ? rest
    : { ...rest, redaction: { ...more, ...(sources && { patterns: sources }) } }
  return Portable.data(CassetteSettings, given, "")
}

export const make = (
  client: Client,
  space: string,
  sure: <A>(effect: Effect.Effect<A, unknown>) => Effect.Effect<A>,
  checked: <A>(effect: Effect.Effect<A, unknown>) => Effect.Effect<A, RuleError>,
  isMissing: (error: unknown) => boolean
): Pick<Service, "cassette" | "setCassette"> => {
  const params = { space }
  const orNone = <A>(effect: Effect.Effect<A, unknown>): Effect.Effect<A | undefined> =>
    sure(Effect.catchIf(effect, isMissing, () => Effect.undefined))
  return {
    setCassette: (source: CassetteSource | undefined) =>
      source === undefined
        ? Effect.asVoid(orNone(client.removeCassette({ params })))
        : Effect.flatMap(settings(source.options), (payload) =>
          Effect.asVoid(checked(client.setCassette({ params, payload })))),
    cassette: orNone(client.getCassette({ params })) satisfies Effect.Effect<CassetteSummary | undefined>
  }
}
