/**
 * An emulator of another process for programs without Effect: what `Standalone` has, with promises.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import type * as Answer from "./Answer.ts"
import type { Service } from "./Emulator.ts"
import type * as Fault from "./Fault.ts"
import type * as Space from "./Space.ts"
import type { Standalone } from "./Standalone.ts"

/**
 * A method whose result comes as a promise.
 *
 * @category utility types
 * @since 0.2.0
 */
export type Later<F> = F extends (...args: never) => infer R ? (...args: Parameters<F>) => Promise<Awaited<R>>
  : never

/** What is not derived: addresses, and methods that take a list. */
type Here = "url" | "regionUrl" | "spaceName" | "space" | "enqueue" | "addFault" | "removeFault"

type Groups =
  | "holds"
  | "vertex"
  | "files"
  | "caches"
  | "stores"
  | "operations"
  | "batches"
  | "interactions"
  | "webhooks"
  | "live"

/**
 * The methods of `Standalone`, each with a promise. What names an address is there at once.
 *
 * @category models
 * @since 0.2.0
 */
export type Connected =
  & Pick<Standalone, "url" | "regionUrl" | "spaceName">
  & {
    readonly space: (name: string, options?: Space.Options) => Promise<Connected>
    readonly enqueue: (...answers: ReadonlyArray<Answer.Answer>) => Promise<void>
    readonly addFault: (...faults: ReadonlyArray<Fault.Fault>) => Promise<ReadonlyArray<string>>
    readonly removeFault: (...faults: ReadonlyArray<Fault.Fault | string>) => Promise<number>
  }
  & { readonly [K in Exclude<keyof Standalone, Here | Groups>]: Later<Standalone[K]> }
  & { readonly [K in Groups]: { readonly [J in keyof Standalone[K]]: Later<Standalone[K][J]> } }

/**
 * The service of an emulator with promises.
 *
 * @category constructors
 * @since 0.2.0
 */
export const make = (service: Service): Connected => {
  const { batches, caches, files, holds, interactions, live, operations, stores, vertex, webhooks } = service
  const run = Effect.runPromise
  return {
    url: service.url,
    regionUrl: service.regionUrl,
    spaceName: service.spaceName,
    space: (name, options) => run(Effect.map(service.space(name, options), make)),
    endSpace: (name) => run(service.endSpace(name)),
    spaces: () => run(service.spaces),
    requests: () => run(service.requests),
    awaitRequest: (predicate, from) => run(service.awaitRequest(predicate, from)),
    awaitRequests: (n) => run(service.awaitRequests(n)),
    awaitClosed: (n) => run(service.awaitClosed(n)),
    awaitLog: (predicate) => run(service.awaitLog(predicate)),
    counters: () => run(service.counters),
    largestInWindow: (millis) => run(service.largestInWindow(millis)),
    enqueue: (...answers) => run(service.enqueue(...answers)),
    waiting: () => run(service.waiting),
    setRules: (rules, otherwise, vars) => run(service.setRules(rules, otherwise, vars)),
    addRules: (rules, place) => run(service.addRules(rules, place)),
    removeRule: (name) => run(service.removeRule(name)),
    setScenario: (scenario) => run(service.setScenario(scenario)),
    rules: () => run(service.rules),
    addFault: (...faults) => run(service.addFault(...faults)),
    removeFault: (...faults) => run(service.removeFault(...faults)),
    faults: () => run(service.faults),
    setQuotas: (quotas) => run(service.setQuotas(quotas)),
    quotas: () => run(service.quotas),
    setKeys: (keys) => run(service.setKeys(keys)),
    setCassette: (cassette) => run(service.setCassette(cassette)),
    cassette: () => run(service.cassette),
    adjust: (duration) => run(service.adjust(duration)),
    setTime: (time) => run(service.setTime(time)),
    setFrozen: (frozen) => run(service.setFrozen(frozen)),
    clock: () => run(service.clock),
    verify: (expectations, options) => run(service.verify(expectations, options)),
    check: (ignored) => run(service.check(ignored)),
    explain: (question) => run(service.explain(question)),
    clear: () => run(service.clear),
    reset: () => run(service.reset),
    vertex: {
      setTokens: (policy) => run(vertex.setTokens(policy)),
      issue: (request) => run(vertex.issue(request)),
      revoke: (token) => run(vertex.revoke(token)),
      tokens: () => run(vertex.tokens),
      putObject: (uri, text) => run(vertex.putObject(uri, text)),
      object: (uri) => run(vertex.object(uri)),
      objects: () => run(vertex.objects)
    },
    holds: {
      list: () => run(holds.list),
      awaitHeld: (n) => run(holds.awaitHeld(n)),
      answer: (id, answer) => run(holds.answer(id, answer)),
      letGo: (id) => run(holds.letGo(id)),
      all: () => run(holds.all),
      setAll: (all) => run(holds.setAll(all))
    },
    files: {
      add: (file) => run(files.add(file)),
      fail: (name, error) => run(files.fail(name, error)),
      list: () => run(files.list),
      uploads: () => run(files.uploads),
      dropped: () => run(files.dropped)
    },
    caches: {
      list: () => run(caches.list),
      lose: (name) => run(caches.lose(name)),
      dropped: () => run(caches.dropped)
    },
    stores: { documents: () => run(stores.documents), dropped: () => run(stores.dropped) },
    operations: { begin: (operation) => run(operations.begin(operation)) },
    batches: { list: () => run(batches.list), counts: () => run(batches.counts) },
    interactions: {
      list: () => run(interactions.list),
      forget: (id) => run(interactions.forget(id)),
      counts: () => run(interactions.counts)
    },
    webhooks: {
      send: (event) => run(webhooks.send(event)),
      deliveries: () => run(webhooks.deliveries),
      awaitEnded: (n) => run(webhooks.awaitEnded(n)),
      ended: () => run(webhooks.ended),
      rotateKeys: () => run(webhooks.rotateKeys)
    },
    live: {
      connections: () => run(live.connections),
      awaitClosed: (n) => run(live.awaitClosed(n)),
      awaitLog: (predicate) => run(live.awaitLog(predicate)),
      counters: () => run(live.counters),
      send: (message) => run(live.send(message)),
      close: (code, reason) => run(live.close(code, reason)),
      drop: () => run(live.drop)
    }
  }
}
