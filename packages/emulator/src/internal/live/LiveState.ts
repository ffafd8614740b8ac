/**
 * What a running emulator remembers of Live: the log, handles, tokens, and who is connected.
 */
import type * as Effect from "effect/Effect"
import * as LiveLog from "../../LiveLog.ts"
import type * as Json from "../json.ts"
import type { Allowance } from "../log/Allowance.ts"
import * as Tokens from "./authTokens.ts"
import * as Handles from "./handles.ts"

/** A session that is set up. */
export interface Session {
  readonly project: string
  readonly region: string
  readonly entry: LiveLog.Mutable
  readonly send: (message: Json.Json) => Effect.Effect<void>
  readonly close: (code: number, reason: string) => Effect.Effect<void>
  readonly drop: Effect.Effect<void>
}

interface Options {
  readonly remember?: number | undefined
  readonly seed?: string | undefined
  readonly handleLifetime?: number | undefined
  readonly allowance?: Allowance | undefined
  readonly space: string
}

/**
 * A class, because ten thousand spaces have one each and most of them hold no session: what is in it is made when
 * somebody asks for it.
 */
export class LiveState {
  readonly #options: Options
  #log: LiveLog.LiveLog | undefined
  #handles: Handles.Handles | undefined
  #tokens: Tokens.Tokens | undefined
  #sessions: Set<Session> | undefined
  connections = 0
  /** How many good handles were refused, where the options say that some are. */
  refusedHandles = 0

  constructor(options: Options) {
    this.#options = options
  }

  get log(): LiveLog.LiveLog {
    const { allowance, remember } = this.#options
    return this.#log ??= LiveLog.make({ remember, allowance })
  }
  get handles(): Handles.Handles {
    return this.#handles ??= Handles.make(this.#options.handleLifetime ?? 7_200_000)
  }
  get tokens(): Tokens.Tokens {
    const { seed = "", space } = this.#options
    return this.#tokens ??= Tokens.make(seed, space)
  }
  get sessions(): Set<Session> {
    return this.#sessions ??= new Set()
  }

  /** Forgets what was said; open sessions go on. */
  clear(): void {
    this.#log?.clear()
    this.#handles?.clear()
    this.#tokens?.clear()
  }

  /** Gives the log's bytes back, and keeps nothing from then on. */
  end(): void {
    this.log.end()
  }
}
