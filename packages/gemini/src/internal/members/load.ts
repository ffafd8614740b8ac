/** The options of members with what the environment says: their keys, and what all clients read there. */
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type * as GeminiConfig from "../../GeminiConfig.ts"
import type { Options } from "../../Members.ts"
import type { Member } from "../../members/Member.ts"
import * as Environment from "../config/environment.ts"
import { withoutKey } from "../config/secrets.ts"
import * as Check from "./memberCheck.ts"

const wrong = ({ description, field }: GeminiConfig.Problem): Effect.Effect<never, Config.ConfigError> =>
  Effect.fail(new Config.ConfigError(new ConfigProvider.SourceError({ message: `${field}: ${description}` })))

const withKey = Effect.fnUntraced(function*(
  member: Member,
  place: number
): Effect.fn.Return<Member, Config.ConfigError> {
  const { apiKeyFrom, ...rest } = member
  if (apiKeyFrom === undefined || member.apiKey !== undefined) return rest
  const key = yield* Config.option(Config.Redacted(apiKeyFrom))
  if (Option.isSome(key) && Redacted.value(key.value) !== "") return { ...rest, apiKey: key.value }
  return yield* wrong({
    field: `members[${place}].apiKeyFrom`,
    description: `${withoutKey(apiKeyFrom, undefined)} is not set`
  })
})

/** The options with the keys of their members. `complete` gives members what is not in the environment. */
export const load = Effect.fnUntraced(function*<R = never>(
  options: Options,
  complete?: (options: Options) => Effect.Effect<Options, never, R>
): Effect.fn.Return<Options, Config.ConfigError, R> {
  const common = yield* Environment.load(Check.clientOptions(options))
  const members = yield* Effect.forEach(options.members, withKey)
  const read: Options = { ...options, ...common, members }
  const loaded = complete === undefined ? read : yield* complete(read)
  const problem = Check.problem(loaded)
  return problem === undefined ? loaded : yield* wrong(problem)
})
