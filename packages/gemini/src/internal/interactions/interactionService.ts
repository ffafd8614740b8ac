/**
 * The methods about interactions: creates are calls of their model, behind its lane; what asks about one that is there
 * goes to the member that made it.
 */
import * as Channel from "effect/Channel"
import * as Effect from "effect/Effect"
import type * as Pull from "effect/Pull"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Struct from "effect/Struct"
import type { CallOptions } from "../../call/CallOptions.ts"
import type * as GeminiConfig from "../../GeminiConfig.ts"
import type { Attempt, GeminiError } from "../../GeminiError.ts"
import * as Interaction from "../../interactions/Interaction.ts"
import type { InteractionEvent } from "../../interactions/InteractionEvent.ts"
import { InteractionHandle } from "../../interactions/InteractionHandle.ts"
import type { Request } from "../../interactions/InteractionRequest.ts"
import type { Followed, FollowOptions, InteractionsService, KeptInteraction } from "../../interactions/Interactions.ts"
import type * as ModelPool from "../../ModelPool.ts"
import type * as ResourceHttp from "../../ResourceHttp.ts"
import { type Input, make as handleOf, type ResourceHandle } from "../../resources/ResourceHandle.ts"
import * as GenerateBody from "../call/generateBody.ts"
import * as RetryKernel from "../call/retry.ts"
import * as Bounds from "../config/bounds.ts"
import * as OptionCheck from "../config/optionCheck.ts"
import { invalid } from "../resources/invalid.ts"
import * as EventStream from "./eventStream.ts"
import * as InteractionCalls from "./interactionCalls.ts"
import * as Polled from "./polled.ts"
import * as RequestBody from "./requestBody.ts"
import * as Survival from "./survival.ts"
import { Trail } from "./Trail.ts"

interface Over {
  readonly pool: ModelPool.Service
  readonly http: ResourceHttp.Service
  readonly retry: GeminiConfig.Retry | undefined
}

const Nothing = Schema.Struct({})

/** The options of following, which are those of no call. */
const ofFollow = ["by", "interval", "deliveries", "reconnects", "request", "includeInput", "lastEventId"]

const defaultReconnects = 3
const defaultInterval = "5 seconds"

/** The path of an interaction, as its name, its id or its handle says it. */
const pathOf = (method: string, input: Input): Result.Result<ResourceHandle, GeminiError> => {
  const { member, name } = typeof input === "string" ? handleOf(input) : handleOf(input.name, input.member)
  const id = name.replace(/^interactions\//, "")
  return id !== "" && !/[/?#:\s]/.test(id)
    ? Result.succeed(handleOf(`interactions/${id}`, member))
    : Result.fail(
      invalid(method, "interaction", `expected interactions/ID, got ${JSON.stringify(name.slice(0, 100))}`)
    )
}

/** The path of a name, whose id is encoded. */
const encoded = (name: string): string => `interactions/${encodeURIComponent(name.slice("interactions/".length))}`

/** Reads a request and its options. It is read once: what is checked is what is sent. */
const prepare = GenerateBody.readable((method, request: Request, options: CallOptions | undefined) => {
  const wrong = options === undefined ? undefined : OptionCheck.problemOfCall(options, ofFollow)
  if (wrong !== undefined) return Result.fail(invalid(method, wrong.field, wrong.description))
  return Result.flatMap(
    Result.mapError(
      RequestBody.prepare(request),
      ({ description, field }) => invalid(method, field, description ?? "it cannot be sent")
    ),
    (prepared) => {
      const [first] = RequestBody.violations(prepared.body)
      return first === undefined
        ? Result.succeed(prepared)
        : Result.fail(invalid(method, first.field, first.description ?? "it cannot be sent"))
    }
  )
})

const isHandle = (from: Request | InteractionHandle): from is InteractionHandle => Schema.is(InteractionHandle)(from)

const callOf = (options: FollowOptions): CallOptions =>
  Struct.omit(options, ["by", "deliveries", "interval", "reconnects", "request"])

export const make = ({ http, pool, retry }: Over): InteractionsService => {
  const clientOf = (target: RequestBody.Prepared["target"]) => pool.get({ member: "default", model: target })

  const kept = (
    interaction: Interaction.Interaction,
    member: string | undefined,
    attempts: ReadonlyArray<Attempt>
  ): KeptInteraction => ({
    interaction,
    handle: handleOf(`interactions/${interaction.id ?? ""}`, member),
    usage: Interaction.usage(interaction),
    attempts
  })

  const create = (method: string, { body, target }: RequestBody.Prepared, options: CallOptions | undefined) =>
    Effect.gen(function*() {
      const client = yield* clientOf(target)
      const { attempts, value } = yield* client.extra(InteractionCalls.create(method, body), options)
      const made = kept(value, attempts.at(-1)?.member, attempts)
      yield* http.remember(made.handle)
      return made
    })

  const asked = (
    method: string,
    input: Input,
    options: CallOptions | undefined,
    request: Pick<ResourceHttp.Ask<unknown>, "httpMethod" | "query" | "isRepeatable"> & { readonly verb?: string }
  ) =>
    Effect.flatMap(Effect.fromResult(pathOf(method, input)), ({ member, name }) =>
      Effect.map(
        http.ask({
          method,
          httpMethod: request.httpMethod,
          path: `${encoded(name)}${request.verb ?? ""}`,
          query: request.query,
          isRepeatable: request.isRepeatable,
          of: [handleOf(name, member)],
          answer: Interaction.Interaction
        }, options),
        ({ attempts, member, value }) => kept(InteractionCalls.withSteps(value), member, attempts)
      ))

  const get = (
    method: string,
    input: Input,
    options: CallOptions | undefined,
    includeInput?: boolean
  ): Effect.Effect<KeptInteraction, GeminiError> =>
    asked(method, input, options, { httpMethod: "GET", query: { include_input: includeInput, stream: false } })

  /** The events of an interaction that is there, behind the one with this id. */
  const events = (
    method: string,
    { member, name }: ResourceHandle,
    lastEventId: string | undefined,
    options: CallOptions | undefined
  ): Stream.Stream<InteractionEvent, GeminiError> => {
    const bytes = http.download({
      method,
      path: encoded(name),
      query: { stream: true, last_event_id: lastEventId },
      headers: { accept: "text/event-stream" },
      of: [handleOf(name, member)]
    }, options)
    const limit = Bounds.of(undefined, "event")
    return Stream.fromChannel(Channel.fromTransform((_: Pull.Pull<unknown, unknown, unknown>, scope) =>
      Effect.map(
        Channel.toPullScoped(Stream.toChannel(bytes), scope),
        (pull) => EventStream.decodePull({ method }, pull, limit)
      )
    ))
  }

  const policyOf = (options: CallOptions | undefined) => RetryKernel.policy(retry, options?.retry)

  const resuming = (
    method: string,
    trail: Trail,
    { reconnects = defaultReconnects, ...options }: FollowOptions,
    isKept: boolean
  ): Survival.Resuming => ({
    trail,
    reconnects,
    policy: policyOf(options),
    isKept,
    named: (handle) => http.remember(handle),
    resume: () =>
      trail.resource === undefined ? Stream.empty : events(method, trail.resource, trail.lastEventId, callOf(options))
  })

  const polling = (method: string, trail: Trail, options: FollowOptions): Polled.Polling => ({
    trail,
    interval: options.interval ?? defaultInterval,
    deliveries: options.deliveries,
    failures: options.reconnects ?? defaultReconnects,
    get: Effect.suspend(() =>
      trail.resource === undefined
        ? Effect.die("an interaction without a name is polled")
        : Effect.map(get(method, trail.resource, callOf(options)), ({ interaction }) => interaction)
    )
  })

  /** Keeps in mind that a member made the interaction which an event names. */
  const remembered = (member: string) => (event: InteractionEvent): Effect.Effect<void> => {
    const id = event.event_type === "interaction.created" ? event.interaction?.id : undefined
    return id ? http.remember(handleOf(`interactions/${id}`, member)) : Effect.void
  }

  const ended = <A>(result: Result.Result<A, GeminiError>): Effect.Effect<A, GeminiError> => Effect.fromResult(result)

  const followRequest = (method: string, prepared: RequestBody.Prepared, options: FollowOptions) => {
    const { body, target } = prepared
    if (options.by === "poll") {
      return Stream.unwrap(Effect.map(create(method, prepared, callOf(options)), ({ handle, interaction }) => {
        const trail = new Trail()
        trail.name = handle.name
        trail.member = handle.member
        return Polled.make(polling(method, trail, options), interaction)
      }))
    }
    return Stream.unwrap(Effect.flatMap(clientOf(target), (client) => {
      const trail = new Trail()
      const followed = InteractionCalls.stream<Followed>({
        method,
        body,
        eventOf: ({ event }) => event,
        survive: (events, member) => {
          trail.begin()
          trail.member = member
          return Survival.make(events, resuming(method, trail, options, !RequestBody.isStateless(body)))
        }
      })
      return Effect.map(client.extra(followed, callOf(options)), ({ value }) => value)
    }))
  }

  const followHandle = (method: string, handle: InteractionHandle, options: FollowOptions) => {
    const trail = Trail.from(handle)
    if (trail.isPolled || options.by === "poll") {
      return { trail, followed: Polled.make(polling(method, trail, options), undefined) }
    }
    const source = resuming(method, trail, options, true)
    const isUnheard = trail.lastEventId === undefined && trail.since === 0
    trail.resume()
    // One that was made without a stream may have none: it is asked for as a whole.
    const followed = Stream.catch(
      Survival.make(source.resume(), source),
      (error) =>
        isUnheard && trail.lastEventId === undefined && trail.since === 0 && error.status === 400
          ? Polled.make(polling(method, trail, options), undefined)
          : Stream.fail(error)
    )
    return { trail, followed }
  }

  /** Goes on where the server broke off the interaction of a handle, if the request is known. */
  const continued = (trail: Trail, { request, ...options }: FollowOptions): Stream.Stream<Followed, GeminiError> =>
    Stream.suspend(() => {
      const { name, status, token } = trail
      if (request === undefined || token === undefined || name === undefined || status !== "requires_continuation") {
        return Stream.empty
      }
      const { input, ...rest } = request
      return follow(
        request.store === false
          ? { ...rest, input, continuation_token: token }
          : { ...rest, continuation_token: token, previous_interaction_id: name.slice("interactions/".length) },
        options
      )
    })

  const follow: InteractionsService["follow"] = (from, options = {}) => {
    const method = "interactions.follow"
    return Stream.unwrap(Effect.suspend(() => {
      const wrong = OptionCheck.problemOfCall(options, ofFollow)
      if (wrong !== undefined) return Effect.fail(invalid(method, wrong.field, wrong.description))
      if (!isHandle(from)) {
        return Effect.map(
          ended(prepare(method, from, callOf(options))),
          (prepared) => followRequest(method, prepared, options)
        )
      }
      return Effect.map(ended(pathOf(method, from)), ({ name }) => {
        const { followed, trail } = followHandle(method, { ...from, name }, options)
        return Stream.concat(followed, continued(trail, options))
      })
    }))
  }

  return {
    create: (request, options) =>
      Effect.suspend(() => {
        const method = "interactions.create"
        return Effect.flatMap(ended(prepare(method, request, options)), (prepared) => create(method, prepared, options))
      }),
    stream: (request, options) =>
      Stream.unwrap(Effect.suspend(() => {
        const method = "interactions.stream"
        return Effect.flatMap(ended(prepare(method, request, options)), ({ body, target }) =>
          Effect.flatMap(clientOf(target), (client) =>
            Effect.map(
              client.extra(
                InteractionCalls.stream<InteractionEvent>({
                  method,
                  body,
                  eventOf: (event) =>
                    event,
                  survive: (events, member) => member === undefined ? events : Stream.tap(events, remembered(member))
                }),
                options
              ),
              ({ value }) => value
            )))
      })),
    follow,
    get: (input, options = {}) => {
      const { includeInput, ...call } = options
      return get("interactions.get", input, call, includeInput)
    },
    events: (input, options = {}) => {
      const { lastEventId, ...call } = options
      const method = "interactions.events"
      return Stream.unwrap(
        Effect.map(ended(pathOf(method, input)), (handle) => events(method, handle, lastEventId, call))
      )
    },
    // A second cancel changes nothing.
    cancel: (input, options) =>
      asked("interactions.cancel", input, options, { httpMethod: "POST", verb: "/cancel", isRepeatable: true }),
    delete: (input, options) => {
      const method = "interactions.delete"
      return Effect.flatMap(ended(pathOf(method, input)), ({ member, name }) =>
        Effect.asVoid(
          http.ask(
            { method, httpMethod: "DELETE", path: encoded(name), of: [handleOf(name, member)], answer: Nothing },
            options
          )
        ))
    }
  }
}
