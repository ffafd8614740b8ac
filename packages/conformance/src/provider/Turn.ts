/** What a server says in one turn, in words that no provider owns. A `Wire` puts it into a provider's own. */

/** One thing that the model says. */
export type Said =
  | { readonly text: string }
  | { readonly reasoning: string }
  | { readonly call: string; readonly id: string; readonly params: Readonly<Record<string, unknown>> }

/** A turn of the model. */
export interface Answer {
  readonly says: ReadonlyArray<Said>
  /** Why it ended. Default: `tool-calls` where it calls, else `stop`. */
  readonly finish?: "stop" | "length" | "content-filter" | "tool-calls" | undefined
}

/** A refusal of the server. */
export interface Refusal {
  readonly status: number
  /** What it says. */
  readonly words: string
  /** Seconds until it may be asked again. */
  readonly retryAfter?: number | undefined
}

/** What the server does with one request. */
export type Turn =
  | Answer
  | Refusal
  /** A body that is not of the API, with the status 200. */
  | { readonly raw: string }
  /** An answer that breaks off in the middle, before it has finished. */
  | { readonly cut: Answer }
  /** A stream that begins and then says nothing more. */
  | { readonly open: Answer }
  /** Silence. */
  | "hang"

/** The id that every answer bears. */
export const answerId = "answer-1"
/** The model that every answer names as its own. */
export const answerModel = "served-model"

/** What every answer counts. */
export const usage = { input: 12, output: 7 }

/** Why an answer ended. */
export const finishOf = ({ finish, says }: Answer): NonNullable<Answer["finish"]> =>
  finish ?? (says.some((said) => "call" in said) ? "tool-calls" : "stop")
