/**
 * Answers requests as the real server would. It knows no sockets, and its time comes from the Clock.
 *
 * Order: the fault that is due, the judgement of the request, the quota, the scripted
 * answer, the generated one. A request that is refused uses up no answer and no quota.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Answer from "./Answer.ts"
import type * as Cassette from "./cassettes/Cassette.ts"
import * as EmulatorRequest from "./EmulatorRequest.ts"
import * as Fault from "./Fault.ts"
import type { GeneratorOptions } from "./GeneratorOptions.ts"
import type { HoldOptions } from "./HoldControl.ts"
import * as Render from "./internal/answers/render.ts"
import type * as Step from "./internal/answers/step.ts"
import * as Handled from "./internal/handling/handled.ts"
import type { AccessTokens } from "./internal/identity/AccessTokens.ts"
import * as InteractionRequest from "./internal/interactions/interactionRequest.ts"
import type * as Interactions from "./internal/interactions/interactions.ts"
import type { LateInteractions } from "./internal/interactions/LateInteractions.ts"
import * as Routing from "./internal/interactions/routing.ts"
import * as Json from "./internal/json.ts"
import type * as LiveState from "./internal/live/LiveState.ts"
import type * as Endpoints from "./internal/resources/endpoints.ts"
import * as Uploads from "./internal/resources/uploads.ts"
import * as Projects from "./internal/rules/projects.ts"
import type * as Scripts from "./internal/rules/Scripts.ts"
import * as Exchange from "./internal/server/exchange.ts"
import * as ServedModel from "./internal/vertex/servedModel.ts"
import type { LateWebhooks } from "./internal/webhooks/LateWebhooks.ts"
import type * as KeyPolicy from "./KeyPolicy.ts"
import type { LiveOptions } from "./LiveOptions.ts"
import type * as ModelTable from "./ModelTable.ts"
import type * as Quota from "./Quota.ts"
import * as RequestLog from "./RequestLog.ts"
import type * as Rule from "./Rule.ts"
import type { Scenario } from "./Scenario.ts"
import type * as Script from "./Script.ts"
import type { VertexOptions } from "./VertexOptions.ts"

/**
 * A Google Cloud project. Its keys share its quotas, which are counted in each region for itself.
 *
 * @category options
 * @since 0.1.0
 */
export interface Project {
  readonly keys: ReadonlyArray<string>
  /** Default: the server's `quotas`. */
  readonly quotas?: Quota.Tier | Quota.Quotas | undefined
  /** Answers for these keys only; they come before the server's. */
  readonly answers?: Answer.AnswerFunction | undefined
}

/**
 * How the emulator answers: its scripts, faults, quotas, keys, models and bounds.
 *
 * @category options
 * @since 0.1.0
 */
export interface Options extends GeneratorOptions, HoldOptions {
  /** Milliseconds between two chunks of a stream. Default 0. */
  readonly chunkDelay?: number | undefined
  /** The seed: generated answers follow from it and the request alone. Default empty. */
  readonly seed?: string | undefined
  /**
   * What to answer instead of generated text: a list that is used up in order, or a function of the request. The answer
   * is generated when the list is empty or the function returns undefined.
   */
  readonly answers?: ReadonlyArray<Answer.Answer> | Answer.AnswerFunction | undefined
  /** What to answer to which requests, before the `answers`: the first rule that matches. In every space. */
  readonly rules?: ReadonlyArray<Rule.Rule> | undefined
  /** More rules, out of a file; they come behind the `rules`. */
  readonly scenario?: Scenario | undefined
  /**
   * What is answered where there are rules and none matches: with `refuse` a 501 that says what kept the nearest rules
   * from matching, with `generate` a generated answer. Default `refuse`, or what the scenario says.
   */
  readonly otherwise?: "refuse" | "generate" | undefined
  /** What goes wrong; the first fault that matches a request hits it. */
  readonly faults?: ReadonlyArray<Fault.Fault> | undefined
  /** The published limits of a tier, or limits of your own. Default: none. */
  readonly quotas?: Quota.Tier | Quota.Quotas | undefined
  /** Which keys share a quota. A key that no project has belongs to the project `default`. */
  readonly projects?: Readonly<Record<string, Project>> | undefined
  /** Which keys are good. Default: every key. */
  readonly keys?: KeyPolicy.KeyPolicy | undefined
  /** What holds for Vertex AI alone: access tokens, logins, endpoints. */
  readonly vertex?: VertexOptions | undefined
  /** The models. Default: those of `ModelTable.current`. */
  readonly models?: ModelTable.ModelTable | undefined
  /**
   * True takes only thought signatures that this emulator gave out, byte for byte. Default false: any signature will
   * do, but where the model demands one it must be there.
   */
  readonly strictSignatures?: boolean | undefined
  /** How many of the newest requests the log keeps, bodies and answers included. Default: as `logBytes` allows. */
  readonly remember?: number | undefined
  /**
   * How many bytes the logs of requests and Live connections may hold together, by estimate. Beyond that the oldest
   * entries are dropped, and counted. Default 268 435 456: 256 MB.
   */
  readonly logBytes?: number | undefined
  /**
   * How many bytes the files of all spaces may have together. Beyond that the oldest files go, and `Emulator.files` says
   * how many went. Default 20 000 000 000: 20 GB, which lie in a temporary folder.
   */
  readonly storedBytes?: number | undefined
  /** Milliseconds for which an uploaded video is PROCESSING. Default 5000. */
  readonly fileProcessing?: number | undefined
  /** How many tokens the caches of a project may have for one model, as without billing. Default: any number. */
  readonly cachedTokens?: number | undefined
  /** Milliseconds for which a batch is PENDING, and then RUNNING. Default 1000 each. */
  readonly batchPending?: number | undefined
  readonly batchRunning?: number | undefined
  /** How long interactions in the background run, how long they are kept, and how their events are told. */
  readonly interactions?: Interactions.Options | undefined
  /** Milliseconds before a webhook is delivered again; each further pause is twice as long. Default 1000. */
  readonly webhookRetry?: number | undefined
  /** Milliseconds for which a document of a file search store is STATE_PENDING. Default 0. */
  readonly documentProcessing?: number | undefined
  /** How many bytes the documents of a project may have, as without billing (1 000 000 000). Default: any number. */
  readonly storeBytes?: number | undefined
  /** The unit of uploads in bytes: a broken one leaves whole units. Default 8 388 608, as the real server has it. */
  readonly uploadGranularity?: number | undefined
  /**
   * Milliseconds after which a space that nobody uses ends. Default 600 000: ten minutes. `Infinity`:
   * never. The default space never ends.
   */
  readonly spaceIdle?: number | undefined
  /** False lets every request in, unjudged. Default true. */
  readonly judge?: boolean | undefined
  /** How the Live endpoint behaves. */
  readonly live?: LiveOptions | undefined
  /**
   * What was recorded, played in place of everything above, or recorded now; see `Cassette.open`. Nothing is judged, and
   * no quota counts.
   */
  readonly cassette?: Cassette.Cassette | undefined
}

/**
 * What a running emulator remembers.
 *
 * @category models
 * @internal
 * @since 0.1.0
 */
export interface State {
  /** The space that this is: `default`, or its name. */
  readonly space: string
  readonly log: RequestLog.RequestLog
  readonly script: Script.Script
  readonly scripts: Scripts.Scripts
  readonly quota: Quota.Quota
  readonly live: LiveState.LiveState
  readonly resources: Endpoints.LateEndpoints
  readonly interactions: LateInteractions
  readonly webhooks: LateWebhooks
  readonly tokens: AccessTokens
  /** Milliseconds that the server's clock is ahead of the Clock. */
  offset: number
}

/**
 * Answers one request. It does not fail: a refusal and a broken script are answers too.
 *
 * @category models
 * @internal
 * @since 0.1.0
 */
export type Handler = Exchange.Handler

const decoder = new TextDecoder()

/** The answer to what a browser asks before it sends a key. It does not count as a request. */
const preflight = ({ headers }: Exchange.Incoming): Exchange.Exchange =>
  Exchange.unseen(Render.preflight(headers["origin"] ?? "*", headers["access-control-request-headers"] ?? ""))

/**
 * The handler of an emulator with these options, which keeps what it remembers in `state`.
 *
 * @category constructors
 * @internal
 * @since 0.1.0
 */
export const make = (options: Options, state: State): Handler => {
  const projects = Projects.make(options)
  const answer = Handled.make(options, state)

  return Effect.fnUntraced(function*(incoming) {
    if (incoming.verb === "OPTIONS") return preflight(incoming)
    const clock = yield* Clock.Clock
    state.webhooks.clock = clock
    const now = () => clock.currentTimeMillisUnsafe() + state.offset
    const time = now()
    const { headers, url } = incoming
    const { path, region } = EmulatorRequest.placeOf(url.pathname)
    const asking = { verb: incoming.verb, path, headers, query: url.searchParams }
    const routed = ServedModel.of(Routing.routed(state.resources, asking), options.vertex)
    const key = EmulatorRequest.keyOf(headers, url.searchParams)
    const early: EmulatorRequest.EmulatorRequest = {
      method: routed?.method ?? "",
      version: routed?.version ?? "",
      resource: routed?.resource,
      model: routed?.model,
      key,
      space: state.space,
      project: routed?.vertex?.project ?? projects.nameOf(key),
      region: routed?.vertex?.location ?? region,
      headers,
      query: url.searchParams,
      body: undefined,
      vertex: routed?.vertex
    }
    // A value that is not a fault does nothing, and no other fault takes its place.
    const misused = Projects.misused(headers)
    const first = misused === undefined
      ? Projects.headerJson<Fault.Fault>(headers, Projects.faultHeader) ?? state.script.takeFault(early, time)
      : undefined
    const arrived = (bodyBytes: Uint8Array | undefined, model = early.model) =>
      state.log.add({
        time,
        method: incoming.verb,
        path: url.pathname,
        apiMethod: routed?.method,
        model,
        space: state.space,
        project: early.project,
        region: early.region,
        bodyBytes,
        headersText: JSON.stringify(RequestLog.withoutSecrets(headers)),
        connection: incoming.connection
      })
    const aborted = (entry: RequestLog.Handle) => Effect.sync(() => entry.close("aborted", now()))
    const bytes = (first?.halfOpen !== undefined && first.halfOpen !== false) ||
        Uploads.isCommand(routed?.method ?? "")
      ? undefined
      : yield* Effect.onInterrupt(
        incoming.read(
          first?.slowRead === undefined
            ? undefined
            : { millis: first.slowRead.millis, bytes: first.slowRead.bytes ?? 1024 }
        ),
        () => Effect.suspend(() => aborted(arrived(undefined)))
      )
    const isTooLarge = bytes !== undefined && bytes.length > Exchange.bodyLimit
    const text = bytes === undefined || bytes.length === 0 || isTooLarge ? undefined : decoder.decode(bytes)
    const body = text === undefined ? undefined : Json.parse(text)
    const named = Routing.named(early, body)
    const asked = ServedModel.of(named, options.vertex) ?? named
    // Where the body names the model, the faults of a model come into play only here.
    const fault = first ?? (misused === undefined && asked.model !== early.model
      ? state.script.takeFault(asked, time, ({ when }) => when?.model !== undefined)
      : undefined)
    const entry = arrived(text === undefined || RequestLog.hidesBody(early.method) ? undefined : bytes, asked.model)
    const said: Effect.Effect<Step.Steps> = routed === undefined
      ? Effect.succeed(Render.unknownPath(url.pathname))
      : isTooLarge
      ? Effect.sync(() => {
        entry.judged({ by: "judge", refused: Exchange.tooLarge.message })
        return Render.error(Exchange.tooLarge, "json")
      })
      : answer({
        request: asked,
        bodyText: text,
        fault,
        time,
        entry,
        misused,
        incoming,
        isResource: routed.isResource,
        now
      })
    const steps = yield* said.pipe(
      Effect.map((steps) =>
        fault === undefined
          ? steps
          : Fault.apply(fault, steps, (error) => Render.errorText(error, InteractionRequest.framingOf(asked) ?? "json"))
      ),
      Effect.onInterrupt(() => aborted(entry)),
      // The defect may come from a script that throws, a fault with odd values, or a body nested too deeply.
      Effect.catchDefect((defect) => {
        const message = `The emulator failed: ${defect}`
        entry.judged({ by: "misuse", refused: message })
        return Effect.succeed(Render.error({ code: 500, message }, InteractionRequest.framingOf(asked) ?? "json"))
      })
    )
    const isSecret = RequestLog.hasSecret(routed?.method ?? "")
    return {
      sleep: Effect.sleep,
      steps: headers["origin"] === undefined ? steps : Render.shared(steps, headers["origin"]),
      sentHead: (status, headers) => entry.head(status, headers["content-type"] ?? ""),
      sentBytes: (bytes) => entry.sent(bytes, now(), isSecret),
      closed: (outcome) => entry.close(outcome, now())
    }
  })
}
