/**
 * One stream of events that survives its connections. Where one is cut, another one goes on behind the last event;
 * what has been handed out does not come again.
 *
 * Invariants: an interaction that the server has named is never asked for anew. Reconnections that follow each other
 * without a new event are bounded. An `error` event is the server's last word, and so is its end.
 */
import * as Arr from "effect/Array"
import * as Cause from "effect/Cause"
import * as Channel from "effect/Channel"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Pull from "effect/Pull"
import * as Random from "effect/Random"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Reason from "../../errors/GeminiErrorReason.ts"
import type { GeminiError } from "../../GeminiError.ts"
import type { InteractionEvent } from "../../interactions/InteractionEvent.ts"
import type { Followed } from "../../interactions/Interactions.ts"
import type { ResourceHandle } from "../../resources/ResourceHandle.ts"
import * as Failures from "../call/failures.ts"
import * as RetryKernel from "../call/retry.ts"
import type { Trail } from "./Trail.ts"

type Events = Stream.Stream<InteractionEvent, GeminiError>

export interface Resuming {
  readonly trail: Trail
  /** The most reconnections without a new event between them. */
  readonly reconnects: number
  readonly policy: RetryKernel.Policy
  /** The events behind where the trail stands. */
  readonly resume: () => Events
  /** Told once who made the interaction, where there are several. */
  readonly named: (resource: ResourceHandle) => Effect.Effect<void>
  /** Whether the server keeps the interaction, so that it may be asked for. */
  readonly isKept: boolean
}

/** Follows from the events of a POST, or from a handle's. */
export const make = (first: Events, resuming: Resuming): Stream.Stream<Followed, GeminiError> =>
  Stream.fromChannel(Channel.fromTransform((_: Pull.Pull<unknown, unknown, unknown>, outer) =>
    Effect.sync(() => {
      const { isKept, named, policy, reconnects, resume, trail } = resuming
      let failures = 0
      /** Why the last connection that brought events ended. */
      let cut: GeminiError | undefined
      let isNamed = trail.name !== undefined
      let connection: {
        readonly scope: Scope.Closeable
        readonly pull: Pull.Pull<Arr.NonEmptyReadonlyArray<InteractionEvent>, GeminiError>
      } | undefined

      const open = (events: Events) =>
        Effect.suspend(() => {
          const scope = Scope.forkUnsafe(outer)
          return Effect.map(
            Channel.toPullScoped(Stream.toChannel(events), scope),
            (pull) => connection = { scope, pull }
          )
        })

      const isCut = (error: GeminiError): boolean =>
        isKept && trail.name !== undefined && !trail.isRefused && Failures.isOutage(error)

      /**
       * A stream that was cut and cannot be resumed was interrupted, whatever the server says of resuming it: a token may
       * help all the same. An `error` event is the server's word on the interaction.
       */
      const told = (error: GeminiError): GeminiError => {
        const reason = cut?.reason
        if (cut === undefined || trail.isRefused || reason?._tag !== "StreamInterrupted") return error
        const description = [reason.description, `resuming it failed: ${error.reason._tag}: ${error.reason.message}`]
        return cut.withReason(
          new Reason.StreamInterrupted({
            ...reason,
            description: description.filter((text) => text !== undefined).join("; ")
          })
        )
      }

      const again = (error: GeminiError): Pull.Pull<Arr.NonEmptyReadonlyArray<Followed>, GeminiError> => {
        const scope = connection?.scope
        connection = undefined
        const left = scope === undefined ? Effect.void : Scope.close(scope, Exit.void)
        if (trail.isOver) return Effect.andThen(left, Cause.done())
        if (!isCut(error) || failures >= reconnects) return Effect.andThen(left, Effect.fail(told(error)))
        cut ??= error
        failures++
        trail.resume()
        return Effect.andThen(
          left,
          Effect.flatMap(
            Random.next,
            (random) => Effect.andThen(Effect.sleep(RetryKernel.backoff(policy, failures, random)), next)
          )
        )
      }

      const read = (
        pull: Pull.Pull<Arr.NonEmptyReadonlyArray<InteractionEvent>, GeminiError>
      ): Pull.Pull<Arr.NonEmptyReadonlyArray<Followed>, GeminiError> =>
        Pull.matchEffect(pull, {
          onSuccess: (events) => {
            const out: Array<Followed> = []
            for (const event of events) {
              const taken = trail.take(event)
              if (taken !== undefined) out.push(taken)
            }
            if (!Arr.isArrayNonEmpty(out)) return next
            failures = 0
            cut = undefined
            const { resource } = trail
            if (isNamed || resource === undefined) return Effect.succeed(out)
            isNamed = true
            return resource.member === undefined ? Effect.succeed(out) : Effect.as(named(resource), out)
          },
          onFailure: (cause) => {
            const error = Option.getOrUndefined(Cause.findErrorOption(cause))
            return error === undefined ? Effect.failCause(cause) : again(error)
          },
          onDone: () => Cause.done()
        })

      let isFirst = true
      const next: Pull.Pull<Arr.NonEmptyReadonlyArray<Followed>, GeminiError> = Effect.suspend(() => {
        if (connection !== undefined) return read(connection.pull)
        const events = isFirst ? first : resume()
        isFirst = false
        return Effect.flatMap(open(events), ({ pull }) => read(pull))
      })
      return next
    })
  ))
