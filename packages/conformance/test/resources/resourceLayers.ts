/**
 * The layers and calls that the tests of resources share.
 */
import * as Members from "effect-gemini/Members"
import * as MemberResources from "effect-gemini/members/MemberResources"
import * as NodeGemini from "effect-gemini/NodeGemini"
import * as ResourceHttp from "effect-gemini/ResourceHttp"
import * as Effect from "effect/Effect"
import { identity } from "effect/Function"
import * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as ResourceServer from "./resourceServer.ts"

export const Named = Schema.Struct({ name: Schema.String })
export const Anything = Schema.Struct({})

const quick = { baseDelay: "5 millis", maxDelay: "20 millis" } as const

export const one = (
  server: ResourceServer.ResourceServer,
  options: Partial<ResourceHttp.Options> = {},
  client: (client: HttpClient.HttpClient) => HttpClient.HttpClient = identity
) =>
  ResourceHttp.layer({ apiKey: Redacted.make("secret-key"), baseUrl: server.url, retry: quick, ...options }).pipe(
    Layer.provide(Layer.effect(HttpClient.HttpClient, Effect.map(HttpClient.HttpClient, client))),
    Layer.provide(NodeGemini.layerHttpClient())
  )

export const names = ["a", "b", "c"] as const

export const several = (server: ResourceServer.ResourceServer, options: Partial<Members.Options> = {}) =>
  MemberResources.layer().pipe(
    Layer.provideMerge(Members.layer({
      baseUrl: server.url,
      retry: quick,
      members: names.map((name) => ({ name, apiKey: Redacted.make(`key-${name}`) })),
      ...options
    })),
    Layer.provide(NodeGemini.layerHttpClient())
  )

export const door = ResourceHttp.ResourceHttp

export const cache = (displayName: string, settle = true) =>
  door.use((http) =>
    http.create({
      method: "caches.create",
      path: "cachedContents",
      body: { model: "models/gemini-3.8-flash", displayName },
      answer: Named,
      ...(settle ? { settle: { displayName, path: "cachedContents", items: "cachedContents" } } : {})
    })
  )

export const get = (path: string, of: ResourceHttp.Request["of"] = []) =>
  door.use((http) => http.ask({ method: "resources.get", httpMethod: "GET", path, of, answer: Anything }))

export const keysOf = (server: ResourceServer.ResourceServer, path: string) =>
  server.log.filter((entry) => entry.path === `/v1beta/${path}`).map(({ key }) => key)
