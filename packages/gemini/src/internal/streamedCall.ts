/**
 * A logical call whose answer comes in pieces: the same attempts, budget and deadline.
 *
 * Array-wise from end to end: one pass a socket read, however many chunks it held. Once a
 * chunk was emitted nothing is tried again.
 */
import type * as Arr from "effect/Array"
import * as Cause from "effect/Cause"
import * as Channel from "effect/Channel"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Pull from "effect/Pull"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { GeminiError } from "../GeminiError.ts"
import type * as RateLimiter from "../RateLimiter.ts"
import * as CallRecord from "./callRecord.ts"
import { type Client, LogicalCall, type Plan } from "./LogicalCall.ts"

type Elements<A> = Arr.NonEmptyReadonlyArray<A>

/** A call with an answer in pieces. */
export const stream = <A>(
  client: Client,
  plan: Plan<A>,
  send: Stream.Stream<A, GeminiError>
): Stream.Stream<A, GeminiError> =>
  Stream.fromChannel(Channel.fromTransform((_: Pull.Pull<unknown, unknown, unknown>, outer) =>
    Effect.sync(() => {
      const call = new LogicalCall(client, plan)
      const { gate } = client
      const scope = Scope.forkUnsafe(outer)
      let pull: Pull.Pull<Elements<A>, GeminiError> | undefined
      let finished: A | undefined
      let said = false

      call.abandon = Effect.suspend(() => {
        pull = Effect.fail(call.closed)
        return Scope.close(scope, Exit.void)
      })

      /** One frame a pull: a failure before the first chunk may be tried again, a later one is final. */
      const chunks = (
        source: Pull.Pull<Elements<A>, GeminiError>,
        permit: RateLimiter.Permit
      ): Pull.Pull<Elements<A>, GeminiError> => {
        let hasBegun = false
        let settled: number | undefined
        return Pull.matchEffect(source, {
          onSuccess: (answers) => {
            hasBegun = true
            let tokens = settled
            for (const answer of answers) {
              tokens = plan.inputTokens(answer) ?? tokens
              if (plan.isFinished(answer)) finished = answer
              if (!said) said = plan.says?.(answer) === true
            }
            if (permit.charge !== undefined && plan.charged !== undefined) {
              for (const answer of answers) permit.charge(plan.charged(answer))
            }
            if (call.record !== undefined) {
              call.record.chunk()
              for (const answer of answers) call.record.used(plan.usage?.(answer))
            }
            if (tokens === undefined || tokens === settled) return Effect.succeed(answers)
            settled = tokens
            return Effect.as(permit.settle(tokens), answers)
          },
          onFailure: (cause): Effect.Effect<never, GeminiError> => {
            const error = Option.getOrUndefined(Cause.findErrorOption(cause))
            if (error === undefined) return Effect.failCause(cause)
            return hasBegun
              ? Effect.flatMap(plan.meter.learn(error), (error) => call.finalError(error))
              : call.unsent(error, permit)
          },
          onDone: (): Pull.Pull<never, GeminiError> => {
            const rejection = finished === undefined ? undefined : plan.rejection(finished, said)
            return rejection === undefined ? Cause.done() : call.finalError(rejection)
          }
        })
      }

      const attempt = (): Pull.Pull<Elements<A>, GeminiError> => {
        const inner = Scope.forkUnsafe(scope)
        call.record?.asked()
        return Scope.provide(plan.meter.acquire, inner).pipe(
          Effect.flatMap((permit) => {
            call.sent = true
            call.record?.sent(call.way)
            return Effect.flatMap(
              Channel.toPullScoped(Stream.toChannel(send), inner),
              (source) => pull = chunks(source, permit)
            )
          }),
          // The permit and the connection go before the backoff begins.
          (read) => Effect.onExitPrimitive(read, (exit) => Exit.isSuccess(exit) ? undefined : Scope.close(inner, exit)),
          Effect.catchTag("GeminiError", (error) => {
            pull = undefined
            return Effect.flatMap(call.recover(error), attempt)
          })
        )
      }

      const recorded = (fiber: Fiber.Fiber<unknown, unknown>): Pull.Pull<Elements<A>, GeminiError> => {
        const record = call.record = CallRecord.of(fiber, plan.method, client.model)
        if (record === undefined) return attempt()
        return Effect.flatMap(
          CallRecord.stream(fiber, record, call, scope),
          (span) =>
            span === undefined
              ? attempt()
              : Effect.withParentSpan(Effect.suspend(attempt), span, { captureStackTrace: false })
        )
      }

      // How it leaves stands before it enters: no interruption comes between.
      const start = (fiber: Fiber.Fiber<unknown, unknown>): Pull.Pull<Elements<A>, GeminiError> =>
        Effect.flatMap(Scope.addFinalizer(scope, Effect.sync(() => gate.leave(call))), () => {
          // Asked where it enters: a fiber may yield between two operations, and the gate close.
          if (!gate.isOpen) return Effect.fail(call.closed)
          gate.enter(call)
          return recorded(fiber)
        })

      return Effect.onExitPrimitive(
        Effect.withFiber((fiber) => {
          call.fiber = fiber
          return call.within(pull ?? start(fiber))
        }),
        (exit) => {
          call.fiber = undefined
          return Exit.isSuccess(exit) ? undefined : Scope.close(scope, Pull.doneExitFromCause(exit.cause))
        }
      )
    })
  ))
