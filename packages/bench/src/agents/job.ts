/** What is asked of a client's process, and what it answers. */

/**
 * - `runs`: `times` runs of `steps` steps each, one after the other.
 * - `many`: the same, all at once.
 * - `kept`: the same, one after the other, and what each leaves behind while its result is held.
 * - `trips`: round trips of one tool over HTTP.
 * - `waiting`: runs that wait for a person, and what each keeps in memory while it waits.
 */
export interface Job {
  readonly op: "runs" | "many" | "kept" | "trips" | "waiting"
  readonly steps: number
  readonly times: number
  /** Where to write a CPU profile of the job. */
  readonly profile?: string
}

/** Milliseconds of the whole job, and bytes of heap that one run keeps (`kept`, `waiting`). */
export interface Sample {
  readonly wall: number
  readonly cpu: number
  readonly kept: number
}

/** What each run is asked, and how it ends. */
export const question = "Add up."
export const last = "All is added up."

/** The instructions of each agent, as long as short ones are. */
export const instructions = "You add numbers with the tool, one pair at a time, until you are done."

/** The model's call of a step. */
export const callOf = (step: number): { readonly a: number; readonly b: number } => ({ a: step, b: step + 1 })

export const trip = { question: "What is the weather in Rome?", answer: "It is 21 degrees in Rome." }

/** The client's options as the documentation of `RedisJournal` gives them. */
export const redisOptions = (url: string) =>
  ({ url, disableOfflineQueue: true, commandOptions: { timeout: 0 } }) as const

export interface Subject {
  /** One run of so many steps: a call each, and in the last one the sentence. */
  readonly run: (steps: number) => Promise<Ran>
  /** One round trip over HTTP. */
  readonly trip?: () => Promise<string>
  /** One run that stops to wait for a person. */
  readonly wait?: () => Promise<void>
}

/** What a run gave; `held` is all that its caller gets. */
export interface Ran {
  readonly text: string
  readonly steps: number
  readonly held: unknown
}
