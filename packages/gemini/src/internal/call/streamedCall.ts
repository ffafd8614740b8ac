/**
 * A logical call whose answer comes in pieces, with the same attempts, budget and deadline.
 *
 * All stages pass arrays: there is one pass for each socket read, however many chunks it held. Once a chunk was emitted
 * nothing is tried again, except for a hop of a chain that has said nothing yet.
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
import type { GeminiError } from "../../GeminiError.ts"
import type * as RateLimiter from "../../RateLimiter.ts"
import * as CallRecord from "../telemetry/CallRecord.ts"
import { type Client, LogicalCall, type Plan, type Send } from "./LogicalCall.ts"

type Elements<A> = Arr.NonEmptyReadonlyArray<A>

/** A call with an answer in pieces. */
export const stream = <A>(
  client: Client,
  plan: Plan<A>,
  send: Send<Stream.Stream<A, GeminiError>>
): Stream.Stream<A, GeminiError> =>
  Stream.fromChannel(Channel.fromTransform((_: Pull.Pull<unknown, unknown, unknown>, outer) =>
    Effect.sync(() => {
      const call = new LogicalCall(client, plan)
      const { gate } = client
      const { chain } = call
      const scope = Scope.forkUnsafe(outer)
      let pull: Pull.Pull<Elements<A>, GeminiError> | undefined
      let finished: A | undefined
      let said = false

      call.abandon = Effect.suspend(() => {
        pull = Effect.fail(call.closed)
        return Scope.close(scope, Exit.void)
      })

      /** The chunks as one pull: a failure before the first chunk may be tried again, and a later one is final. */
      const chunks = (
        source: Pull.Pull<Elements<A>, GeminiError>,
        permit: RateLimiter.Permit,
        attempted: Scope.Closeable
      ): Pull.Pull<Elements<A>, GeminiError> => {
        let hasBegun = false
        let settled: number | undefined
        /**
         * Begins the next hop. The permit and the connection of the last one are given back before it asks for its own.
         */
        const next = (exit: Exit.Exit<unknown, unknown>, before: Effect.Effect<void, GeminiError>) =>
          Effect.suspend(() => {
            pull = undefined
            return Effect.andThen(
              Scope.close(attempted, exit),
              call.run(Effect.andThen(before, Effect.suspend(attempt)))
            )
          })
        /** Goes on where a hop broke off without a gap: that hop begins again, or the next one does. */
        const resume = (error: GeminiError): Pull.Pull<Elements<A>, GeminiError> => {
          if (chain?.hasNext === true) {
            const hop = chain.end()
            if (typeof hop === "string") return call.broken(hop)
            call.progress()
          }
          return next(Exit.fail(error), call.recover(error))
        }
        return Pull.matchEffect(source, {
          onSuccess: (received) => {
            hasBegun = true
            let tokens = settled
            for (const answer of received) tokens = plan.inputTokens(answer) ?? tokens
            if (permit.charge !== undefined && plan.charged !== undefined) {
              for (const answer of received) permit.charge(plan.charged(answer))
            }
            const answers = chain === undefined ? received : chain.heard(received)
            for (const answer of answers) {
              if (plan.isFinished(answer)) finished = answer
              if (!said) said = plan.says?.(answer) === true
            }
            const watch = call.record?.watch
            if (watch !== undefined) {
              watch.chunk()
              for (const answer of answers) watch.used(plan.usage?.(answer))
            }
            if (tokens === undefined || tokens === settled) return Effect.succeed(answers)
            settled = tokens
            return Effect.as(permit.settle(tokens), answers)
          },
          onFailure: (cause): Pull.Pull<Elements<A>, GeminiError> => {
            if (call.isCut) return Effect.fail(call.cutOff)
            const error = Option.getOrUndefined(Cause.findErrorOption(cause))
            if (error === undefined) return Effect.failCause(cause)
            if (hasBegun && chain?.canResume === true) return resume(error)
            return hasBegun
              ? Effect.flatMap(plan.meter.learn(error), (error) => call.finalError(error))
              : call.unsent(error, permit)
          },
          onDone: (): Pull.Pull<Elements<A>, GeminiError> => {
            if (call.isCut) return Effect.fail(call.cutOff)
            const hop = chain?.end()
            if (typeof hop === "string") return call.broken(hop)
            if (hop === true) return next(Exit.void, Effect.sync(() => call.goOn()))
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
              Channel.toPullScoped(Stream.toChannel(send(chain?.token)), inner),
              (source) => pull = chunks(source, permit, inner)
            )
          }),
          // The permit and the connection are given back before the backoff begins.
          (read) => Effect.onExitPrimitive(read, (exit) => Exit.isSuccess(exit) ? undefined : Scope.close(inner, exit)),
          Effect.catch((error) => {
            if (Cause.isDone(error)) return Effect.fail(error)
            pull = undefined
            return Effect.flatMap(call.recover(error), attempt)
          })
        )
      }

      const recorded = (fiber: Fiber.Fiber<unknown, unknown>): Pull.Pull<Elements<A>, GeminiError> => {
        const record = call.record = CallRecord.of(fiber, plan.method, client)
        if (record === undefined) return attempt()
        return Effect.flatMap(
          CallRecord.stream(fiber, record, call, scope),
          (span) =>
            span === undefined
              ? attempt()
              : Effect.withParentSpan(Effect.suspend(attempt), span, { captureStackTrace: false })
        )
      }

      // How the call leaves the gate is set up before it enters, so that no interruption comes between.
      const start = (fiber: Fiber.Fiber<unknown, unknown>): Pull.Pull<Elements<A>, GeminiError> =>
        Effect.flatMap(Scope.addFinalizer(scope, Effect.sync(() => gate.leave(call))), () => {
          // The gate is asked where the call enters, because a fiber may yield between two operations and the gate may
          // close meanwhile.
          if (!gate.isOpen) return Effect.fail(call.closed)
          gate.enter(call)
          return recorded(fiber)
        })

      return Effect.onExitPrimitive(
        // Only what comes before the first chunk runs in a fiber of its own. A pull after that is one read of a socket,
        // and a fiber for each would cost it half as much again (`packages/bench/src/calls.ts`).
        Effect.withFiber((fiber) => {
          call.reader = fiber
          return call.within(pull ?? call.run(start(fiber)))
        }),
        (exit) => {
          call.reader = undefined
          return Exit.isSuccess(exit) ? undefined : Scope.close(scope, Pull.doneExitFromCause(exit.cause))
        }
      )
    })
  ))
