/**
 * A process that plays an agent of twelve steps with two calls each, or a team, and kills itself at a boundary: before and after
 * each append, request and handler. It says on stdout what came of it, as one line of JSON.
 */
import * as Agent from "effect-gemini-agents/Agent"
import { AgentError } from "effect-gemini-agents/AgentError"
import type { Decision } from "effect-gemini-agents/Approval"
import * as ToolPolicy from "effect-gemini-agents/ToolPolicy"
import * as GeminiLanguageModel from "effect-gemini-ai/GeminiLanguageModel"
import * as Journal from "effect-gemini-journal/Journal"
import type { JournalStore } from "effect-gemini-journal/JournalStore"
import * as GeminiClient from "effect-gemini/GeminiClient"
import type * as Tool from "effect/ai/Tool"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { appendFileSync, writeSync } from "node:fs"
import { type Place, storeOf } from "../../journal/test/place.ts"
import { clerk, crew, type Kind, toolkit } from "./crew.ts"

export interface Job {
  readonly url: string
  readonly place: Place
  readonly id: string
  /** The team that is played in place of the one agent. */
  readonly team?: Kind
  /** The file in which the handlers' effects are lines. */
  readonly effects: string
  /** The boundary at which the process dies; 0: never. */
  readonly dies: number
  /** The boundary at which the process stops itself until somebody lets it go on. */
  readonly stops?: number
  readonly decisions?: ReadonlyArray<Decision>
}

/** What a process says before it stops itself. */
export const stopped = "stopped\n"

/** What a process says at its end. */
export interface Said {
  readonly text?: string
  readonly reason?: string
  readonly pending?: ReadonlyArray<{ readonly call: string; readonly tool: string; readonly kind: string }>
  readonly boundaries: number
}

const play = (job: Job): Effect.Effect<void> => {
  let boundaries = 0
  const tick = Effect.sync(() => {
    boundaries++
    if (boundaries === job.dies) process.kill(process.pid, "SIGKILL")
    if (boundaries !== job.stops) return
    writeSync(1, stopped)
    process.kill(process.pid, "SIGSTOP")
  })
  const around = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.andThen(tick, Effect.tap(effect, () => tick))

  const mortal = (store: JournalStore): JournalStore => ({
    ...store,
    open: (id, mode, opening) =>
      Effect.map(around(store.open(id, mode, opening)), (writer) => ({
        end: writer.end,
        append: (line, text) => around(writer.append(line, text))
      }))
  })

  const done = (tool: string) => ({ n }: { readonly n: number }) =>
    around(Effect.map(ToolPolicy.CurrentCall, (call) => {
      appendFileSync(
        job.effects,
        `${JSON.stringify({ tool, n, key: call?.key, call: call?.call, pid: process.pid })}\n`
      )
      return `${tool} ${n}`
    }))
  const handlers = toolkit.toLayer({ keyed: done("keyed"), once: done("once"), asked: done("asked") })

  const http = Layer.effect(
    HttpClient.HttpClient,
    Effect.map(HttpClient.HttpClient, HttpClient.transformResponse(around))
  ).pipe(Layer.provide(FetchHttpClient.layer))
  const model = GeminiLanguageModel.layer({ model: "gemini-3.8-flash" }).pipe(
    Layer.provide(GeminiClient.layer({ apiKey: Redacted.make("key"), baseUrl: job.url, tier: "tier3" })),
    Layer.provide(http)
  )
  const journal = Layer.effect(
    Journal.Journal,
    Effect.flatMap(storeOf(job.place), (store) => Journal.make(mortal(store)))
  )

  const say = (said: Omit<Said, "boundaries">) =>
    Effect.sync(() => void writeSync(1, `${JSON.stringify({ ...said, boundaries })}\n`))

  const agent: Agent.Agent<string, string, unknown, unknown, Tool.HandlersFor<typeof toolkit["tools"]>, never> =
    job.team === undefined ? clerk : crew[job.team]
  const played = Agent.resume(agent, job.id, job.decisions).pipe(
    Effect.catchIf(
      (error) =>
        error instanceof AgentError && error.reason._tag === "JournalFailed" &&
        error.reason.cause.reason._tag === "NotFound",
      () => Agent.run(agent, "go", { id: job.id })
    )
  )
  return played.pipe(
    Effect.matchEffect({
      onSuccess: ({ text }) => say({ text }),
      onFailure: (error) => {
        if (!(error instanceof AgentError)) return Effect.die(error)
        const { reason } = error
        const pending = reason._tag === "Suspended"
          ? reason.pending.map(({ call, kind, tool }) => ({ call, kind, tool }))
          : []
        return say({ reason: `${reason._tag}: ${reason.message}`, pending })
      }
    }),
    Effect.provide([handlers, model, journal]),
    Effect.orDie
  )
}

const [, file, job] = process.argv
if (file === import.meta.filename) await Effect.runPromise(play(JSON.parse(job ?? "{}")))
