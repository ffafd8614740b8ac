import * as Context from "effect/Context"
import type * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Tracer from "effect/Tracer"

export interface Recorded {
  readonly span: Tracer.NativeSpan
  readonly ends: Array<Exit.Exit<unknown, unknown>>
}

/** A tracer that counts how often each span ends. */
export const recorder = () => {
  const spans: Array<Recorded> = []
  const tracer = Tracer.make({
    span: (options) => {
      const ends: Recorded["ends"] = []
      const span = new Tracer.NativeSpan(options)
      const end = span.end.bind(span)
      span.end = (time, exit) => {
        ends.push(exit)
        end(time, exit)
      }
      spans.push({ span, ends })
      return span
    }
  })
  return { spans, tracer }
}

/** A span that nobody exports. */
export const bareSpan = (): Tracer.NativeSpan =>
  new Tracer.NativeSpan({
    name: "a",
    parent: Option.none(),
    annotations: Context.empty(),
    links: [],
    startTime: 0n,
    kind: "client",
    sampled: true
  })
