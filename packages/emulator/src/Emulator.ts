/**
 * A local Gemini: the API's methods answered without a key, a network or a bill.
 *
 * `layerServer` listens on real sockets of 127.0.0.1, for any client in any language; `layerHttpClient` answers in
 * memory, so that tests run under TestClock. Both have the same handler behind them, so scripts, faults and the log
 * work alike.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as Socket from "effect/socket/Socket"
import type * as Answer from "./Answer.ts"
import type { BatchControl } from "./BatchControl.ts"
import type * as Cassette from "./cassettes/Cassette.ts"
import { EmulatorError } from "./EmulatorError.ts"
import type * as Expectation from "./Expectation.ts"
import type * as Explanation from "./Explanation.ts"
import type * as Fault from "./Fault.ts"
import type * as GeminiHandler from "./GeminiHandler.ts"
import type { HoldControl } from "./HoldControl.ts"
import type { InteractionControl, WebhookControl } from "./InteractionControl.ts"
import * as AdminMount from "./internal/admin/mount.ts"
import * as Admission from "./internal/door/admission.ts"
import * as Certificate from "./internal/door/certificate.ts"
import * as CertificateFile from "./internal/door/certificateFile.ts"
import * as MemoryClient from "./internal/server/memoryClient.ts"
import * as MemoryWebSocket from "./internal/server/MemoryWebSocket.ts"
import * as NodeServer from "./internal/server/nodeServer.ts"
import * as Control from "./internal/spaces/control.ts"
import * as Spaces from "./internal/spaces/Spaces.ts"
import type * as KeyPolicy from "./KeyPolicy.ts"
import type * as LiveLog from "./LiveLog.ts"
import type * as Quota from "./Quota.ts"
import type * as RequestLog from "./RequestLog.ts"
import type { CacheControl, FileControl, OperationControl, StoreControl } from "./ResourceControl.ts"
import type * as Rule from "./Rule.ts"
import type { RuleError } from "./RuleError.ts"
import type { Scenario } from "./Scenario.ts"
import type { ServerOptions } from "./ServerOptions.ts"
import type * as Space from "./Space.ts"
import type * as TearDown from "./TearDown.ts"
import type { VertexControl } from "./VertexControl.ts"

/**
 * How the emulator behaves, and where it listens.
 *
 * @category options
 * @since 0.1.0
 */
export interface Options extends GeminiHandler.Options, ServerOptions {}

/**
 * A running emulator.
 *
 * @category models
 * @since 0.1.0
 */
export interface Service {
  /** Base URL for clients: `http://127.0.0.1:PORT`. */
  readonly url: string
  /**
   * Base URL of a region, `europe-west4` for instance: any name will do. Each region counts quotas and
   * keeps Live sessions for itself, and faults may be its own (`Fault.outage`). `url` is the region `global`.
   */
  readonly regionUrl: (region: string) => string
  /** The space that this is: `default`, or its name. */
  readonly spaceName: string
  /**
   * Another space, see `Space`: the same service for it alone. It is made if it is not there; with
   * options it is a new one in any case, and the old one has ended.
   */
  readonly space: (name: string, options?: Space.Options) => Effect.Effect<Service, Space.SpaceError | RuleError>
  /**
   * Ends a space: its Live sessions break off, and its clients get a 410. The result is false if there is no space of
   * this name.
   */
  readonly endSpace: (name: string) => Effect.Effect<boolean, Space.SpaceError>
  /** All the spaces there are. */
  readonly spaces: Effect.Effect<Space.Summary>
  /**
   * The requests that arrived, in order. Each call gives a fresh copy, so an open entry can be looked at again later.
   */
  readonly requests: Effect.Effect<ReadonlyArray<RequestLog.Entry>>
  /** Waits until the log satisfies a predicate, which is called now and after every arrival and every end. */
  readonly awaitLog: (
    predicate: (entries: ReadonlyArray<RequestLog.Entry>) => boolean
  ) => Effect.Effect<ReadonlyArray<RequestLog.Entry>>
  /**
   * Waits for a request that satisfies a predicate, now or after its arrival or its end: the first one from a number
   * on, default 0. Its cost does not grow with the number of earlier requests.
   */
  readonly awaitRequest: (
    predicate: (entry: RequestLog.Entry) => boolean,
    from?: number
  ) => Effect.Effect<RequestLog.Entry>
  /** Waits until `n` requests have arrived. */
  readonly awaitRequests: (n: number) => Effect.Effect<ReadonlyArray<RequestLog.Entry>>
  /** Waits until `n` requests have ended, whichever way: see `Entry.outcome`. */
  readonly awaitClosed: (n: number) => Effect.Effect<ReadonlyArray<RequestLog.Entry>>
  /** How many requests by method, model, status and outcome. */
  readonly counters: Effect.Effect<RequestLog.Counters>
  /** The largest number of arrivals in any window of so many milliseconds. */
  readonly largestInWindow: (millis: number) => Effect.Effect<number>
  /** Answers for the next requests, in order; each is used once. */
  readonly enqueue: (...answers: ReadonlyArray<Answer.Answer>) => Effect.Effect<void>
  /**
   * Replaces the rules of this space, which say what to answer to which requests; the first one that matches counts.
   * If there are rules and none matches, the request is refused, unless `otherwise` is `generate`. `vars` are values for
   * their templates.
   */
  readonly setRules: (
    rules: ReadonlyArray<Rule.Rule>,
    otherwise?: "refuse" | "generate",
    vars?: Readonly<Record<string, unknown>>
  ) => Effect.Effect<void, RuleError>
  /** Replaces the scenario that the emulator was started with, in every space. */
  readonly setScenario: (scenario: Scenario | undefined) => Effect.Effect<void, RuleError>
  /** The rules in force, in the order in which they are asked, and how often each has answered in this space. */
  readonly rules: Effect.Effect<ReadonlyArray<Rule.Use>>
  /** Adds rules behind those of this space, or before them; the others go on counting. */
  readonly addRules: (rules: ReadonlyArray<Rule.Rule>, place?: "first" | "last") => Effect.Effect<void, RuleError>
  /** Takes a rule of this space away, by its name; false if it has none of this name. */
  readonly removeRule: (name: string) => Effect.Effect<boolean>
  /** How many answers of the queue still wait. */
  readonly waiting: Effect.Effect<number>
  /** Adds faults, which are on from now, and gives their ids; the first one that matches a request hits it. */
  readonly addFault: (...faults: ReadonlyArray<Fault.Fault>) => Effect.Effect<ReadonlyArray<string>>
  /** Ends faults: the very objects that were added, or those of these ids. Gives how many there were. */
  readonly removeFault: (...faults: ReadonlyArray<Fault.Fault | string>) => Effect.Effect<number>
  /** The faults that are on, and how often each has hit. */
  readonly faults: Effect.Effect<ReadonlyArray<Fault.ArmedFault>>
  /** Replaces the quotas of this space; undefined: none. What was counted stays counted. */
  readonly setQuotas: (quotas: Quota.Tier | Quota.Quotas | undefined) => Effect.Effect<void, RuleError>
  /** How much of each limit is used, by project, region and model; what nobody has asked for is not among them. */
  readonly quotas: Effect.Effect<ReadonlyArray<Quota.QuotaUse>>
  /** Replaces the list of keys that are good; undefined: every key is. */
  readonly setKeys: (keys: KeyPolicy.KeyPolicy | undefined) => Effect.Effect<void, RuleError>
  /**
   * Plays or records a cassette in this space from now on, in place of everything else; undefined: none. The one that was
   * opened so before is closed.
   *
   * ```ts compile-only
   * import * as Cassette from "effect-gemini-emulator/cassettes/Cassette"
   * import * as Emulator from "effect-gemini-emulator/Emulator"
   * import * as Effect from "effect/Effect"
   *
   * export const play = Effect.flatMap(Emulator.Emulator, (emulator) =>
   *   emulator.setCassette(Cassette.at({ file: "weather.jsonl" })))
   * ```
   */
  readonly setCassette: (cassette: Cassette.CassetteSource | undefined) => Effect.Effect<void, RuleError>
  /** How the cassette of this space stands. Undefined: it has none. */
  readonly cassette: Effect.Effect<Cassette.CassetteSummary | undefined>
  /**
   * Moves the server's clock. Quotas, the log's times and the retirement of models follow it; delays follow the Clock.
   */
  readonly adjust: (duration: Duration.Input) => Effect.Effect<void>
  /** Sets the server's clock, milliseconds since the epoch; it goes on from there. */
  readonly setTime: (time: number) => Effect.Effect<void>
  /**
   * Stops the clock of this space, or lets it go on from where it is. While it stands, delays and paces wait too:
   * `adjust` moves them on, and wakes whoever is due on the way, one after the other.
   */
  readonly setFrozen: (frozen: boolean) => Effect.Effect<void>
  /** The server's clock, and whether it stands. */
  readonly clock: Effect.Effect<{ readonly time: number; readonly frozen: boolean }>
  /**
   * Asks the log whether what was expected has happened. It fails only if an expectation itself is wrong: whether they
   * are met, and if not why, is in the result.
   */
  readonly verify: (
    expectations: ReadonlyArray<Expectation.Expectation>,
    options?: { readonly inOrder?: boolean | undefined }
  ) => Effect.Effect<Expectation.Verification, RuleError>
  /** Looks for what went wrong and was not seen, without those concerns that are named. */
  readonly check: (ignored?: ReadonlyArray<TearDown.Concern>) => Effect.Effect<TearDown.Remains>
  /** Says who would answer a request, and why the others would not. Nothing is counted or used up. */
  readonly explain: (question: Explanation.Question) => Effect.Effect<Explanation.Explanation>
  /** The log of Live connections, and what can be done to open sessions. */
  readonly live: LiveControl
  /** The calls that wait for a person, and what can be done to them. */
  readonly holds: HoldControl
  /** The access tokens of Vertex AI, and what can be done to them. */
  readonly vertex: VertexControl
  /** The files, and what can be done to them. */
  readonly files: FileControl
  /** The cached contents, and what can be done to them. */
  readonly caches: CacheControl
  /** The documents of file search stores. */
  readonly stores: StoreControl
  /** Long-running operations that a test begins. */
  readonly operations: OperationControl
  /** The batches. */
  readonly batches: BatchControl
  /** The interactions, and what can be done to them. */
  readonly interactions: InteractionControl
  /** The deliveries of webhooks, and what can be done to them. */
  readonly webhooks: WebhookControl
  /**
   * Forgets the logs, the waiting answers, the space's own rules, the faults, the counts of quotas, the handles,
   * the tokens, and all that is stored: files, uploads, caches, stores, operations, batches, interactions, webhooks.
   */
  readonly clear: Effect.Effect<void>
  /** Forgets the same, but keeps the space's own rules, which begin to count anew. */
  readonly reset: Effect.Effect<void>
}

/**
 * The Live side of a running emulator.
 *
 * @category models
 * @since 0.1.0
 */
export interface LiveControl {
  /** The connections, in order. Each call gives a fresh copy. */
  readonly connections: Effect.Effect<ReadonlyArray<LiveLog.Entry>>
  /** Waits until the log satisfies a predicate, which is called now and after every change. */
  readonly awaitLog: (
    predicate: (entries: ReadonlyArray<LiveLog.Entry>) => boolean
  ) => Effect.Effect<ReadonlyArray<LiveLog.Entry>>
  /** Waits until `n` connections have ended. */
  readonly awaitClosed: (n: number) => Effect.Effect<ReadonlyArray<LiveLog.Entry>>
  readonly counters: Effect.Effect<LiveLog.Counters>
  /** Sends a message, right or wrong, into every session that is set up. */
  readonly send: (message: Answer.WireResponse) => Effect.Effect<void>
  /** Closes every session with this code. */
  readonly close: (code: number, reason?: string) => Effect.Effect<void>
  /** Breaks every session's connection, without a close frame. */
  readonly drop: Effect.Effect<void>
}

/**
 * The running emulator as a service. `layerServer`, `layerMemory` and `layerHttpClient` provide it.
 *
 * @category services
 * @since 0.1.0
 */
export class Emulator extends Context.Service<Emulator, Service>()("effect-gemini-emulator/Emulator") {}

/**
 * The handlers of one emulator, HTTP and Live, with the spaces that they share. The layers of this module are made of
 * it.
 *
 * @internal
 */
export const make = (options: Options, observer?: Spaces.SpaceObserver) => {
  const spaces = Spaces.make(options, observer)
  const { handle, handleLive } = spaces
  return {
    handle,
    handleLive,
    spaces,
    service: (url: string) => Control.make(spaces, spaces.standard, url),
    /** Removes what lies in the temporary folder. Nothing is left of an emulator that kept no large file. */
    close: Effect.sync(spaces.close)
  }
}

/**
 * An emulator on real sockets, until the layer is closed. Fails with `EmulatorError` if it cannot listen. Delays and
 * the log's times follow the Clock that the layer was built under.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerServer = (options: Options = {}): Layer.Layer<Emulator, EmulatorError> => layerObserved(options)

/**
 * The same, with somebody who is told of its spaces.
 *
 * @internal
 */
export const layerObserved = (
  options: Options,
  observer?: Spaces.SpaceObserver
): Layer.Layer<Emulator, EmulatorError> =>
  Layer.effect(
    Emulator,
    Effect.gen(function*() {
      const { close, handle, handleLive, service, spaces } = make(options, observer)
      yield* Effect.addFinalizer(() => close)
      const clock = yield* Clock.Clock
      let url = ""
      const admin = AdminMount.make(async () =>
        (await import("./internal/admin/handlers.ts")).make({
          spaces,
          url,
          clock,
          cassettes: options.cassetteFolder ?? process.cwd()
        }), async () => (await import("./internal/admin/pageAnswer.ts")).make())
      yield* Effect.addFinalizer(() => Effect.sync(admin.close))
      const { certificateFile, host = "127.0.0.1", port = 0 } = options
      const certificate = certificateFile === undefined
        ? undefined
        // Clients judge it by their own clock, not by that of a test.
        : Certificate.make(Admission.namesOf(options), Date.now())
      url = yield* NodeServer.listen({
        host,
        port,
        handle,
        live: handleLive,
        admin,
        keepsProcess: options.keepsProcess,
        admission: Admission.make(options, spaces.holdsKey),
        certificate
      })
      if (certificate !== undefined && certificateFile !== undefined) {
        const description = CertificateFile.write(certificateFile, certificate.cert)
        if (description !== undefined) {
          return yield* new EmulatorError({ host, port, certificateFile, description })
        }
      }
      return Emulator.of(service(url))
    })
  )

/**
 * An emulator in memory, as an HttpClient. There is no socket, and time is the Clock of the caller.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerHttpClient = (options: Options = {}): Layer.Layer<Emulator | HttpClient.HttpClient> =>
  Layer.effectContext(
    Effect.map(
      Effect.acquireRelease(Effect.sync(() => make(options)), ({ close }) => close),
      ({ handle, service }) =>
        Context.make(HttpClient.HttpClient, MemoryClient.make(handle)).pipe(
          Context.add(Emulator, Emulator.of(service("http://emulator.invalid")))
        )
    )
  )

/**
 * An emulator in memory, as an HttpClient and as a constructor of WebSockets. There is no socket. Time is the Clock of
 * the caller for HTTP, and for Live the Clock under which the layer was built. Open sessions end with the layer.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerMemory = (
  options: Options = {}
): Layer.Layer<Emulator | HttpClient.HttpClient | Socket.WebSocketConstructor> =>
  Layer.effectContext(Effect.gen(function*() {
    const { close, handle, handleLive, service } = make(options)
    yield* Effect.addFinalizer(() => close)
    const run = yield* FiberSet.makeRuntime<never>()
    return Context.make(HttpClient.HttpClient, MemoryClient.make(handle)).pipe(
      Context.add(Socket.WebSocketConstructor, MemoryWebSocket.constructor(handleLive, run)),
      Context.add(Emulator, Emulator.of(service("http://emulator.invalid")))
    )
  }))

/**
 * An emulator in memory, as Effect's constructor of WebSockets. Its time is the Clock under which the layer is built.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerWebSocketConstructor: (
  options?: Options
) => Layer.Layer<Emulator | Socket.WebSocketConstructor> = layerMemory
