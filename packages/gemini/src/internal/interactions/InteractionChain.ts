/**
 * One answer over several interactions. Where the server stops at its own cap it hands out a token, and another
 * interaction goes on from there (`@google/genai` 3.3; gemini-wire-rest 10.4). What is heard is handed out as it came.
 */
import type * as Arr from "effect/Array"
import * as Reason from "../../errors/GeminiErrorReason.ts"
import type * as GeminiConfig from "../../GeminiConfig.ts"
import type { GeminiError } from "../../GeminiError.ts"
import * as Interaction from "../../interactions/Interaction.ts"
import type { InteractionUsage } from "../../interactions/types/InteractionTypes.ts"
import * as Continuation from "../call/Continuation.ts"
import type { Chain } from "../call/LogicalCall.ts"
import * as UsageSum from "./usageSum.ts"

/** What an answer, or an event of one, says to the chain. */
export interface HopSigns {
  readonly id?: string | undefined
  readonly status?: string | number | undefined
  readonly token?: string | undefined
  readonly usage?: InteractionUsage | undefined
  /** Whether it brings content, which a broken hop would bring again. */
  readonly hasContent: boolean
  /** The answer itself, where it is whole: an error of a later hop keeps it. */
  readonly interaction?: Interaction.Interaction | undefined
}

export interface ChainOptions<A> {
  readonly settings: GeminiConfig.Continuation | undefined
  /** The token that the caller sends. */
  readonly first: string | null | undefined
  /** A piece of content that says nothing else is `"content"`: a stream holds hundreds of them. */
  readonly signs: (answer: A) => HopSigns | "content"
  /** The answers of all hops as one, where they are not handed out one by one. */
  readonly whole?:
    | ((answers: ReadonlyArray<A>, usage: InteractionUsage | undefined, ids: ReadonlyArray<string>) => A)
    | undefined
}

export class InteractionChain<A> implements Chain<A> {
  hops = 1
  token: string | undefined = undefined
  /** The interaction that gave the token which the current hop sends. */
  owner: string | undefined = undefined
  readonly #options: ChainOptions<A>
  readonly #limit: number
  readonly #sent: Set<string>
  readonly #ids: Array<string> = []
  readonly #before: Array<Interaction.Interaction> = []
  #usage: InteractionUsage | undefined
  #usageNow: InteractionUsage | undefined
  #id: string | undefined
  #status: HopSigns["status"]
  #next: string | undefined
  #interaction: Interaction.Interaction | undefined
  #isRepeated = false
  #hasContent = false

  constructor(options: ChainOptions<A>) {
    this.#options = options
    const { first, settings } = options
    this.#limit = settings === "off" ? 1 : settings?.hops ?? Continuation.defaultHops
    this.#sent = new Set(first ? [first] : [])
  }

  get hasNext(): boolean {
    return this.#next !== undefined
  }

  get canResume(): boolean {
    return !this.#hasContent && !this.#isOver && (this.hops > 1 || this.hasNext)
  }

  get #isOver(): boolean {
    return this.#status !== undefined && this.#status !== "requires_continuation" && this.#status !== "in_progress" &&
      this.#status !== "queued"
  }

  /** What all hops so far used. */
  get usage(): InteractionUsage | undefined {
    return UsageSum.added(this.#usage, this.#usageNow)
  }

  heard(answers: Arr.NonEmptyReadonlyArray<A>): Arr.NonEmptyReadonlyArray<A> {
    for (const answer of answers) this.#hear(answer)
    return answers
  }

  #hear(answer: A): void {
    const signs = this.#options.signs(answer)
    if (signs === "content") {
      this.#hasContent = true
      return
    }
    const { hasContent, id, interaction, status, token, usage } = signs
    this.#interaction = interaction
    if (id !== undefined && id !== this.#id) {
      this.#id = id
      this.#ids.push(id)
    }
    if (status !== undefined) this.#status = status
    if (usage !== undefined) this.#usageNow = usage
    if (token !== undefined) {
      if (this.#sent.has(token)) this.#isRepeated = true
      else this.#next = token
      this.#hasContent = false
    } else if (hasContent) this.#hasContent = true
  }

  end(): boolean | string {
    if (this.#isOver) return false
    if (this.#next === undefined) {
      return this.#isRepeated && this.#status === "requires_continuation"
        ? "the server gave a continuation token for the second time"
        : false
    }
    if (this.hops >= this.#limit) return `the answer takes more than ${this.#limit} hops (options: continuation.hops)`
    this.#before.push(this.#hop)
    this.token = this.#next
    this.owner = this.#id
    this.#sent.add(this.#next)
    this.#settle()
    this.#begin()
    this.hops++
    return true
  }

  again(): void {
    this.#settle()
    this.#begin()
  }

  whole(answers: ReadonlyArray<A>): A {
    const { whole } = this.#options
    return whole === undefined || answers.length < 2
      ? answers.reduce((_, last) => last)
      : whole(answers, this.usage, this.#ids)
  }

  told(error: GeminiError): GeminiError {
    if (this.hops === 1 && this.#next === undefined) return error
    const usage = error.usage ?? Interaction.usage({ usage: this.usage })
    const now = this.#id === undefined ? [] : [this.#hop]
    return error.with({ usage, received: [...this.#before, ...now] })
  }

  broken(description: string): Reason.StreamInterrupted {
    return new Reason.StreamInterrupted({ received: [], description })
  }

  /** What is known of the current hop, for an error. The events of a stream have been handed out. */
  get #hop(): Interaction.Interaction {
    return this.#interaction ?? {
      ...(this.#id === undefined ? {} : { id: this.#id }),
      ...(this.#status === undefined ? {} : { status: this.#status }),
      ...(this.#next === undefined ? {} : { continuation_token: this.#next }),
      ...(this.#usageNow === undefined ? {} : { usage: this.#usageNow })
    }
  }

  #settle(): void {
    this.#usage = this.usage
    this.#usageNow = undefined
  }

  #begin(): void {
    this.#id =
      this.#status =
      this.#next =
      this.#interaction =
        undefined
    this.#isRepeated = this.#hasContent = false
  }
}
