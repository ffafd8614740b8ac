/**
 * Which concurrent embeddings may go out in one request: those whose settings are equal. Pure.
 *
 * A batch runs in the context of its first caller, so whatever a call reads there must be the same for all of it: the
 * settings of this package, what the call asks of the members behind its client, budgets, and the options of the HTTP
 * client.
 */
import * as MemberCall from "effect-gemini/members/MemberCall"
import * as Context from "effect/Context"
import type { Config } from "../GeminiEmbeddingModel.ts"

const isRead = (key: string): boolean => key.startsWith("effect-gemini") || key.startsWith("effect/http/")

// Numbers in place of the services themselves: a service may hold anything, and comparing it means walking through it.
const identities = new WeakMap<object, number>()
let count = 0

const identity = (service: object): number => {
  const known = identities.get(service)
  if (known !== undefined) return known
  identities.set(service, ++count)
  return count
}

const isObject = (value: unknown): value is object =>
  (typeof value === "object" && value !== null) || typeof value === "function"

/**
 * The key of a context: equal, in Effect's sense, for two callers that may share a request. Settings are compared by
 * their values, every other service by its identity.
 */
export const make =
  (config: Context.Key<Config, Config["Service"]>) => (context: Context.Context<never>): ReadonlyArray<unknown> => {
    const services: Array<string> = []
    for (const [key, value] of context.mapUnsafe) {
      if (!isRead(key) || key === config.key || key === MemberCall.Call.key) continue
      services.push(`${key} ${isObject(value) ? identity(value) : String(value)}`)
    }
    return [Context.getOrUndefined(context, config), Context.get(context, MemberCall.Call), services.sort().join("\n")]
  }
