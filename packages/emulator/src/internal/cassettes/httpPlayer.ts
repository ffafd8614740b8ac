/** A recorded response as a script: its pieces where they were, its end as it was. */
import type * as Recording from "../../cassettes/Recording.ts"
import * as Step from "../answers/step.ts"
import * as RequestView from "./requestView.ts"
import * as Tape from "./Tape.ts"

/** How fast: 0 at once, 1 as it was, n so many times as fast. */
export type Speed = number

export function* stepsOf(
  file: string,
  { response }: Recording.Http,
  speed: Speed,
  base: string
): Generator<Step.Step> {
  let now = 0
  const until = (ms: number): ReadonlyArray<Step.Step> => {
    const millis = speed === 0 ? 0 : Math.round((ms - now) / speed)
    now = Math.max(now, ms)
    return millis > 0 ? [Step.wait(millis)] : []
  }
  const { answered = 0, chunks, end, ended = 0, headers, status } = response
  yield* until(answered)
  if (status !== undefined) yield Step.head(status, RequestView.toClient(headers, base))
  for (const [ms, piece] of chunks) {
    yield* until(ms)
    const bytes = Tape.bytesOf(file, piece)
    if (bytes.length > 0) yield Step.bytes(bytes)
  }
  // A client that left says nothing of when its answer would have ended.
  if (end !== "aborted") yield* until(ended)
  if (end === "cut" || end === "reset") yield Step.broken(end)
  // The client had left before the end, and what would have come is not known.
  if (end === "aborted") yield Step.hang
}
