/**
 * The emulator for programs without Effect: promises, and a web handler.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import type * as Answer from "./Answer.ts"
import type * as Cassette from "./cassettes/Cassette.ts"
import * as Connected from "./Connected.ts"
import * as Emulator from "./Emulator.ts"
import type * as Expectation from "./Expectation.ts"
import type * as Explanation from "./Explanation.ts"
import type * as Fault from "./Fault.ts"
import type * as GeminiHandler from "./GeminiHandler.ts"
import type * as HoldControl from "./HoldControl.ts"
import type * as InteractionControl from "./InteractionControl.ts"
import * as WebHandler from "./internal/server/webHandler.ts"
import type * as KeyPolicy from "./KeyPolicy.ts"
import type * as LiveLog from "./LiveLog.ts"
import type * as Quota from "./Quota.ts"
import type * as RequestLog from "./RequestLog.ts"
import type * as ResourceControl from "./ResourceControl.ts"
import type * as Rule from "./Rule.ts"
import type { Scenario } from "./Scenario.ts"
import type * as Space from "./Space.ts"
import type * as TearDown from "./TearDown.ts"
import type { TokenPolicy } from "./TokenPolicy.ts"
import type * as VertexControl from "./VertexControl.ts"

/**
 * An emulator with promises; each method is that of `Emulator.Service`.
 *
 * @category models
 * @since 0.1.0
 */
export interface Standalone {
  readonly url: string
  readonly regionUrl: (region: string) => string
  readonly spaceName: string
  /** Throws a `SpaceError` where the space cannot be made; so does `endSpace` where it cannot be ended. */
  readonly space: (name: string, options?: Space.Options) => Standalone
  readonly endSpace: (name: string) => boolean
  readonly spaces: () => Space.Summary
  readonly requests: () => ReadonlyArray<RequestLog.Entry>
  readonly awaitRequest: (
    predicate: (entry: RequestLog.Entry) => boolean,
    from?: number
  ) => Promise<RequestLog.Entry>
  readonly awaitRequests: (n: number) => Promise<ReadonlyArray<RequestLog.Entry>>
  readonly awaitClosed: (n: number) => Promise<ReadonlyArray<RequestLog.Entry>>
  readonly awaitLog: (
    predicate: (entries: ReadonlyArray<RequestLog.Entry>) => boolean
  ) => Promise<ReadonlyArray<RequestLog.Entry>>
  readonly counters: () => RequestLog.Counters
  readonly largestInWindow: (millis: number) => number
  readonly enqueue: (...answers: ReadonlyArray<Answer.Answer>) => void
  readonly waiting: () => number
  /** Throws a `RuleError` if the rules are not valid. */
  readonly setRules: (
    rules: ReadonlyArray<Rule.Rule>,
    otherwise?: "refuse" | "generate",
    vars?: Readonly<Record<string, unknown>>
  ) => void
  readonly addRules: (rules: ReadonlyArray<Rule.Rule>, place?: "first" | "last") => void
  readonly removeRule: (name: string) => boolean
  readonly setScenario: (scenario: Scenario | undefined) => void
  readonly rules: () => ReadonlyArray<Rule.Use>
  readonly addFault: (...faults: ReadonlyArray<Fault.Fault>) => ReadonlyArray<string>
  readonly removeFault: (...faults: ReadonlyArray<Fault.Fault | string>) => number
  readonly faults: () => ReadonlyArray<Fault.ArmedFault>
  readonly setQuotas: (quotas: Quota.Tier | Quota.Quotas | undefined) => void
  readonly quotas: () => ReadonlyArray<Quota.QuotaUse>
  readonly setKeys: (keys: KeyPolicy.KeyPolicy | undefined) => void
  /** Throws a `RuleError` where the cassette cannot be opened. */
  readonly setCassette: (cassette: Cassette.CassetteSource | undefined) => void
  readonly cassette: () => Cassette.CassetteSummary | undefined
  /** Moves a clock that goes at once; one that stands is moved step by step, until the promise resolves. */
  readonly adjust: (duration: Duration.Input) => Promise<void>
  readonly setTime: (time: number) => void
  readonly setFrozen: (frozen: boolean) => void
  readonly clock: () => { readonly time: number; readonly frozen: boolean }
  readonly verify: (
    expectations: ReadonlyArray<Expectation.Expectation>,
    options?: { readonly inOrder?: boolean | undefined }
  ) => Expectation.Verification
  readonly check: (ignored?: ReadonlyArray<TearDown.Concern>) => TearDown.Remains
  readonly explain: (question: Explanation.Question) => Explanation.Explanation
  readonly clear: () => void
  readonly reset: () => void
  /** The calls that wait for a person; each method is that of `HoldControl`. */
  readonly holds: {
    readonly list: () => ReadonlyArray<HoldControl.HeldCall>
    readonly awaitHeld: (n: number) => Promise<ReadonlyArray<HoldControl.HeldCall>>
    /** Throws a `RuleError` if the answer does not fit the call. */
    readonly answer: (id: number, answer: Answer.Answer) => boolean
    readonly letGo: (id: number) => boolean
    readonly all: () => boolean
    readonly setAll: (all: boolean) => void
  }
  /** The access tokens of Vertex AI, and what its batches read and write; each method is that of `VertexControl`. */
  readonly vertex: {
    /** Throws a `RuleError` if the policy is not valid. */
    readonly setTokens: (policy: TokenPolicy | undefined) => void
    readonly issue: (request?: VertexControl.TokenRequest) => string
    readonly revoke: (token?: string) => void
    readonly tokens: () => ReadonlyArray<VertexControl.IssuedToken>
    readonly putObject: (uri: string, text: string) => void
    readonly object: (uri: string) => string | undefined
    readonly objects: () => ReadonlyArray<VertexControl.StoredObject>
  }
  /** The files; each method is that of `ResourceControl.FileControl`. */
  readonly files: {
    readonly add: (file: Parameters<ResourceControl.FileControl["add"]>[0]) => string
    readonly fail: (name: string, error: { readonly code: number; readonly message: string }) => boolean
    readonly list: () => ReadonlyArray<{ readonly project: string; readonly file: Readonly<Record<string, unknown>> }>
    readonly uploads: () => ReadonlyArray<ResourceControl.Upload>
    readonly dropped: () => number
  }
  /** The cached contents; each method is that of `ResourceControl.CacheControl`. */
  readonly caches: {
    readonly list: () => ReadonlyArray<{ readonly project: string; readonly cache: Readonly<Record<string, unknown>> }>
    readonly lose: (name: string) => boolean
    readonly dropped: () => number
  }
  /** The documents of file search stores; each method is that of `ResourceControl.StoreControl`. */
  readonly stores: {
    readonly documents: () => ReadonlyArray<
      { readonly project: string; readonly document: Readonly<Record<string, unknown>> }
    >
    readonly dropped: () => number
  }
  /** Begins a long-running operation, as `ResourceControl.OperationControl` does. */
  readonly operations: {
    readonly begin: (operation: Parameters<ResourceControl.OperationControl["begin"]>[0]) => string
  }
  /** The batches; each method is that of `Emulator.BatchControl`. */
  readonly batches: {
    readonly list: () => ReadonlyArray<{ readonly project: string; readonly batch: Readonly<Record<string, unknown>> }>
    readonly counts: () => { readonly created: number; readonly rows: number }
  }
  /** The interactions; each method is that of `InteractionControl`. */
  readonly interactions: {
    readonly list: () => ReadonlyArray<
      { readonly project: string; readonly interaction: Readonly<Record<string, unknown>> }
    >
    readonly forget: (id: string) => boolean
    readonly counts: () => { readonly created: number; readonly dropped: number }
  }
  /** The deliveries of webhooks; each method is that of `WebhookControl`. */
  readonly webhooks: {
    readonly send: (event: InteractionControl.WebhookEvent) => ReadonlyArray<string>
    readonly deliveries: () => ReadonlyArray<InteractionControl.WebhookDelivery>
    readonly awaitEnded: (n: number) => Promise<ReadonlyArray<InteractionControl.WebhookDelivery>>
    readonly ended: () => number
    readonly rotateKeys: () => void
  }
  /** The Live side; each method is that of `Emulator.LiveControl`. */
  readonly live: {
    readonly connections: () => ReadonlyArray<LiveLog.Entry>
    readonly awaitClosed: (n: number) => Promise<ReadonlyArray<LiveLog.Entry>>
    readonly awaitLog: (
      predicate: (entries: ReadonlyArray<LiveLog.Entry>) => boolean
    ) => Promise<ReadonlyArray<LiveLog.Entry>>
    readonly counters: () => LiveLog.Counters
    readonly send: (message: Answer.WireResponse) => Promise<void>
    readonly close: (code: number, reason?: string) => Promise<void>
    readonly drop: () => Promise<void>
  }
}

const promised = (service: Emulator.Service): Standalone => ({
  url: service.url,
  regionUrl: service.regionUrl,
  spaceName: service.spaceName,
  space: (name, options) => promised(Effect.runSync(service.space(name, options))),
  endSpace: (name) => Effect.runSync(service.endSpace(name)),
  spaces: () => Effect.runSync(service.spaces),
  requests: () => Effect.runSync(service.requests),
  awaitRequest: (predicate, from) => Effect.runPromise(service.awaitRequest(predicate, from)),
  awaitRequests: (n) => Effect.runPromise(service.awaitRequests(n)),
  awaitClosed: (n) => Effect.runPromise(service.awaitClosed(n)),
  awaitLog: (predicate) => Effect.runPromise(service.awaitLog(predicate)),
  counters: () => Effect.runSync(service.counters),
  largestInWindow: (millis) => Effect.runSync(service.largestInWindow(millis)),
  enqueue: (...answers) => Effect.runSync(service.enqueue(...answers)),
  waiting: () => Effect.runSync(service.waiting),
  setRules: (rules, otherwise, vars) => Effect.runSync(service.setRules(rules, otherwise, vars)),
  addRules: (rules, place) => Effect.runSync(service.addRules(rules, place)),
  removeRule: (name) => Effect.runSync(service.removeRule(name)),
  setScenario: (scenario) => Effect.runSync(service.setScenario(scenario)),
  rules: () => Effect.runSync(service.rules),
  addFault: (...faults) => Effect.runSync(service.addFault(...faults)),
  removeFault: (...faults) => Effect.runSync(service.removeFault(...faults)),
  faults: () => Effect.runSync(service.faults),
  setQuotas: (quotas) => Effect.runSync(service.setQuotas(quotas)),
  quotas: () => Effect.runSync(service.quotas),
  setKeys: (keys) => Effect.runSync(service.setKeys(keys)),
  setCassette: (cassette) => Effect.runSync(service.setCassette(cassette)),
  cassette: () => Effect.runSync(service.cassette),
  adjust: (duration) => Effect.runPromise(service.adjust(duration)),
  setTime: (time) => Effect.runSync(service.setTime(time)),
  setFrozen: (frozen) => Effect.runSync(service.setFrozen(frozen)),
  clock: () => Effect.runSync(service.clock),
  verify: (expectations, options) => Effect.runSync(service.verify(expectations, options)),
  check: (ignored) => Effect.runSync(service.check(ignored)),
  explain: (question) => Effect.runSync(service.explain(question)),
  clear: () => Effect.runSync(service.clear),
  reset: () => Effect.runSync(service.reset),
  vertex: {
    setTokens: (policy) => Effect.runSync(service.vertex.setTokens(policy)),
    issue: (request) => Effect.runSync(service.vertex.issue(request)),
    revoke: (token) => Effect.runSync(service.vertex.revoke(token)),
    tokens: () => Effect.runSync(service.vertex.tokens),
    putObject: (uri, text) => Effect.runSync(service.vertex.putObject(uri, text)),
    object: (uri) => Effect.runSync(service.vertex.object(uri)),
    objects: () => Effect.runSync(service.vertex.objects)
  },
  holds: {
    list: () => Effect.runSync(service.holds.list),
    awaitHeld: (n) => Effect.runPromise(service.holds.awaitHeld(n)),
    answer: (id, answer) => Effect.runSync(service.holds.answer(id, answer)),
    letGo: (id) => Effect.runSync(service.holds.letGo(id)),
    all: () => Effect.runSync(service.holds.all),
    setAll: (all) => Effect.runSync(service.holds.setAll(all))
  },
  files: {
    add: (file) => Effect.runSync(service.files.add(file)),
    fail: (name, error) => Effect.runSync(service.files.fail(name, error)),
    list: () => Effect.runSync(service.files.list),
    uploads: () => Effect.runSync(service.files.uploads),
    dropped: () => Effect.runSync(service.files.dropped)
  },
  caches: {
    list: () => Effect.runSync(service.caches.list),
    lose: (name) => Effect.runSync(service.caches.lose(name)),
    dropped: () => Effect.runSync(service.caches.dropped)
  },
  stores: {
    documents: () => Effect.runSync(service.stores.documents),
    dropped: () => Effect.runSync(service.stores.dropped)
  },
  operations: { begin: (operation) => Effect.runSync(service.operations.begin(operation)) },
  batches: {
    list: () => Effect.runSync(service.batches.list),
    counts: () => Effect.runSync(service.batches.counts)
  },
  interactions: {
    list: () => Effect.runSync(service.interactions.list),
    forget: (id) => Effect.runSync(service.interactions.forget(id)),
    counts: () => Effect.runSync(service.interactions.counts)
  },
  webhooks: {
    send: (event) => Effect.runSync(service.webhooks.send(event)),
    deliveries: () => Effect.runSync(service.webhooks.deliveries),
    awaitEnded: (n) => Effect.runPromise(service.webhooks.awaitEnded(n)),
    ended: () => Effect.runSync(service.webhooks.ended),
    rotateKeys: () => Effect.runSync(service.webhooks.rotateKeys)
  },
  live: {
    connections: () => Effect.runSync(service.live.connections),
    awaitClosed: (n) => Effect.runPromise(service.live.awaitClosed(n)),
    awaitLog: (predicate) => Effect.runPromise(service.live.awaitLog(predicate)),
    counters: () => Effect.runSync(service.live.counters),
    send: (message) => Effect.runPromise(service.live.send(message)),
    close: (code, reason) => Effect.runPromise(service.live.close(code, reason)),
    drop: () => Effect.runPromise(service.live.drop)
  }
})

/**
 * Starts an emulator that listens until `stop` is called. Rejects with an `EmulatorError` if it cannot listen.
 *
 * @example
 * ```ts
 * import * as Standalone from "effect-gemini-emulator/Standalone"
 *
 * const gemini = await Standalone.start()
 * gemini.enqueue("Hello from nowhere")
 * const response = await fetch(`${gemini.url}/v1beta/models/gemini-3.8-flash:generateContent`, {
 *   method: "POST",
 *   headers: { "x-goog-api-key": "any" },
 *   body: JSON.stringify({ contents: [{ parts: [{ text: "Hi" }] }] })
 * })
 * console.log((await response.json()).candidates[0].content.parts[0].text) // Hello from nowhere
 * await gemini.stop()
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const start = async (
  options: Emulator.Options = {}
): Promise<Standalone & AsyncDisposable & { readonly stop: () => Promise<void> }> => {
  const scope = Scope.makeUnsafe()
  const context = await Effect.runPromise(Layer.buildWithScope(Emulator.layerServer(options), scope))
  const service = Context.get(context, Emulator.Emulator)
  const stop = () => Effect.runPromise(Scope.close(scope, Exit.void))
  return { ...promised(service), stop, [Symbol.asyncDispose]: stop }
}

/**
 * An emulator of another process: the methods of `Standalone`, each with a promise, since they go over its admin API.
 * What only a program has (functions, bytes, iterables) is refused with a `RuleError`. The promise is rejected with a
 * `RemoteError` if no emulator answers there.
 *
 * @example
 * ```ts
 * import * as Standalone from "effect-gemini-emulator/Standalone"
 *
 * await using emulator = await Standalone.start() // here it is one of this process
 * const gemini = await Standalone.connect(emulator.url, { space: "test-1" })
 * await gemini.enqueue("Hello from afar")
 * console.log(await gemini.waiting(), gemini.url === `${emulator.url}/spaces/test-1`) // 1 true
 * ```
 *
 * @category constructors
 * @since 0.2.0
 */
export const connect = async (
  url: string,
  options: { readonly space?: string | undefined; readonly token?: string | undefined } = {}
): Promise<Connected.Connected> => {
  const [{ make }, { layer }] = await Promise.all([import("./Remote.ts"), import("effect/http/FetchHttpClient")])
  return Connected.make(await Effect.runPromise(Effect.provide(make({ ...options, url }), layer)))
}

/**
 * An emulator as a handler of web requests, for other servers and for stubs of `fetch`. It does not listen.
 *
 * @category constructors
 * @since 0.1.0
 */
export const webHandler = (
  options: GeminiHandler.Options = {}
): Standalone & { readonly handler: (request: Request) => Promise<Response> } => {
  const { handle, service } = Emulator.make(options)
  return { ...promised(service("http://emulator.invalid")), handler: WebHandler.make(handle) }
}
