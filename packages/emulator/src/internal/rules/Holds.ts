/**
 * The calls of a space that wait for a person, within bounds of number and age. Each takes a place until it is told what
 * to do, its client has gone, or its time is over.
 */
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Answer from "../../Answer.ts"
import type { EmulatorRequest } from "../../EmulatorRequest.ts"
import type { HeldCall, HoldOptions } from "../../HoldControl.ts"
import { RuleError } from "../../RuleError.ts"
import * as Scripted from "../answers/scripted.ts"
import type * as Json from "../json.ts"

/** Where a call is in the logs, and what it takes for an answer. */
export interface Place {
  readonly request?: number | undefined
  readonly live?: number | undefined
  /** What keeps an answer from being one to this call. Default: what its body has declared. */
  readonly misfit?: ((answer: Answer.AnswerFields) => string | undefined) | undefined
}

/** What becomes of a held call. */
export type Told =
  | { readonly _tag: "Answered"; readonly answer: Answer.Answer }
  | { readonly _tag: "LetGo" }
  | { readonly _tag: "Refused"; readonly why: string }

/** A call has begun to be held, or is no longer held. */
export interface HoldChange {
  readonly kind: "held" | "released"
  readonly id: number
  readonly method: string
  readonly model: string | undefined
  readonly rule: string | undefined
}

interface Held {
  readonly id: number
  readonly request: EmulatorRequest
  readonly body: Json.Json
  readonly place: Place
  readonly rule: string | undefined
  /** By the server's clock. */
  readonly time: number
  /** By the Clock, which an adjustment of the server's clock does not move. */
  readonly since: number
  readonly told: Deferred.Deferred<Told>
}

/** `now` is the time by the server's clock. */
type Asked = Pick<Held, "request" | "body" | "place" | "rule"> & { readonly now: number }

const letGo: Told = { _tag: "LetGo" }

const spanOf = (millis: number): string => {
  if (millis < 60_000) return millis === 1000 ? "1 second" : `${millis / 1000} seconds`
  return millis === 60_000 ? "1 minute" : `${millis / 60_000} minutes`
}

/** The milliseconds that the client gives the server; undefined if it does not say. */
const patienceOf = ({ headers }: EmulatorRequest): number | undefined => {
  const seconds = Number(headers["x-server-timeout"] ?? Number.NaN)
  return Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : undefined
}

export class Holds {
  /** Whether every call that generates is held. */
  all: boolean
  private readonly options: HoldOptions
  private readonly held = new Map<number, Held>()
  private readonly watchers = new Set<(change: HoldChange) => void>()
  private count = 0

  constructor(options: HoldOptions) {
    this.options = options
    this.all = options.hold === true
  }

  /** Holds a call until somebody says what becomes of it. */
  hold(call: Asked): Effect.Effect<Told> {
    const { heldMillis = 600_000, heldMost = 100 } = this.options
    const refused = (why: string) => Effect.succeed<Told>({ _tag: "Refused", why })
    // Whoever hears of a call may interrupt it at once, and its place has to become free even then.
    return Effect.acquireUseRelease(
      Effect.map(Clock.Clock, (clock) => this.held.size < heldMost ? this.take(call, clock) : undefined),
      (held) =>
        held === undefined
          ? refused(
            `it holds ${heldMost} ${heldMost === 1 ? "call" : "calls"} already, and no more at one time (heldMost)`
          )
          : Effect.timeoutOrElse(Deferred.await(held.told), {
            duration: heldMillis,
            orElse: () => refused(`it was held for ${spanOf(heldMillis)}, and nobody has answered it (heldMillis)`)
          }),
      (held) => Effect.sync(() => held === undefined ? undefined : this.free(held))
    )
  }

  /** The calls that are held, at a time by the Clock. */
  list(now: number): ReadonlyArray<HeldCall> {
    const { heldMillis = 600_000 } = this.options
    return Array.from(this.held.values(), ({ body, id, place, request, rule, since, time }) => {
      const patience = patienceOf(request)
      return {
        id,
        time,
        left: Math.max(0, since + heldMillis - now),
        clientLeft: patience === undefined ? undefined : Math.max(0, since + patience - now),
        request: place.request,
        live: place.live,
        method: request.method,
        model: request.model,
        project: request.project,
        region: request.region,
        rule,
        body
      }
    })
  }

  get size(): number {
    return this.held.size
  }

  /** Throws a RuleError where the answer cannot be one to this call. */
  answer(id: number, answer: Answer.Answer): boolean {
    const held = this.held.get(id)
    if (held === undefined) return false
    const problems = Answer.problems(answer)
    if (problems.length > 0) throw new RuleError({ problems })
    const fields = Answer.fields(answer)
    if (fields.hold === true) {
      throw new RuleError({ problems: [{ path: "hold", message: "the call is held already: say what is answered" }] })
    }
    const why = (held.place.misfit ?? ((given) => Scripted.misfit(given, held.body)))(fields)
    if (why !== undefined) {
      const [, path = "", message = why] = /^([\w.[\]]+): (.+)$/s.exec(why) ?? []
      throw new RuleError({ problems: [{ path, message }] })
    }
    return this.release(held, { _tag: "Answered", answer })
  }

  letGo(id: number): boolean {
    const held = this.held.get(id)
    return held !== undefined && this.release(held, letGo)
  }

  /** Refuses all that are held, and holds again only what the space was made to hold. */
  clear(why: string): void {
    this.all = this.options.hold === true
    for (const held of this.held.values()) this.release(held, { _tag: "Refused", why })
  }

  /** Ends all that are held with an error, and holds none any more. */
  end(code: number, message: string): void {
    this.all = false
    const status = code === 410 ? { status: "NOT_FOUND" } : {}
    for (const held of this.held.values()) {
      this.release(held, { _tag: "Answered", answer: { error: { code, message, ...status } } })
    }
  }

  /** Calls `f` with each change until the result is called. */
  watch(f: (change: HoldChange) => void): () => void {
    this.watchers.add(f)
    return () => this.watchers.delete(f)
  }

  private take({ now, ...call }: Asked, clock: Clock.Clock): Held {
    const since = clock.currentTimeMillisUnsafe()
    const held: Held = { ...call, id: ++this.count, time: now, since, told: Deferred.makeUnsafe() }
    this.held.set(held.id, held)
    this.tell("held", held)
    return held
  }

  private free(held: Held): void {
    if (this.held.delete(held.id)) this.tell("released", held)
  }

  private release(held: Held, told: Told): boolean {
    // What waits for the answer may go on before this returns.
    this.free(held)
    Deferred.doneUnsafe(held.told, Effect.succeed(told))
    return true
  }

  private tell(kind: HoldChange["kind"], { id, request: { method, model }, rule }: Held): void {
    for (const watcher of this.watchers) watcher({ kind, id, method, model, rule })
  }
}
