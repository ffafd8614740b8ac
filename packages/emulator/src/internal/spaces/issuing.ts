/** What a test may see and do of the access tokens of one space, and of what its batches read and write. */
import * as Effect from "effect/Effect"
import type { VertexControl } from "../../VertexControl.ts"
import { cloudPlatform } from "../identity/AccessTokens.ts"
import * as Login from "../identity/login.ts"
import * as Ready from "../rules/ready.ts"
import type { OpenSpace } from "./OpenSpace.ts"
import * as Options from "./spaceOptions.ts"

/** `now` is the time of the space. */
export const of = (space: OpenSpace, now: Effect.Effect<number>): VertexControl => {
  const { settings, state: { resources, tokens } } = space
  return {
    setTokens: (policy) =>
      Ready.attempt(() => {
        const vertex = { ...settings.vertex, tokens: policy }
        Options.checkSettings({ vertex })
        settings.vertex = vertex
      }),
    issue: ({ lifetime, principal, scopes = [cloudPlatform] } = {}) =>
      Effect.map(now, (now) =>
        tokens.issue({
          by: "test",
          principal: principal ?? Login.emailOf(settings.vertex?.identity),
          scopes,
          lifetime: lifetime === undefined ? Login.lifetimeOf(settings.vertex) : lifetime * 1000
        }, now).token),
    revoke: (token) => Effect.sync(() => tokens.revoke(token)),
    tokens: Effect.sync(() => tokens.list()),
    putObject: (uri, text) => Effect.sync(() => resources.batches.objects.put(uri, [Buffer.from(text)])),
    object: (uri) =>
      Effect.sync(() => {
        const found = resources.kept.batches.objects.find(uri)
        return found === undefined ? undefined : Buffer.concat([...found.read()]).toString()
      }),
    objects: Effect.sync(() => resources.kept.batches.objects.list())
  }
}
