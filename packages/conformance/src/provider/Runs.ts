/** What the tools of a point have done. */
import * as Context from "effect/Context"

/** What was run, in order, and how much at once at most. */
export interface Ran {
  readonly calls: Array<string>
  now: number
  peak: number
}

/** What was run, as a service: the tools write it, and points read it. */
export class Runs extends Context.Service<Runs, Ran>()("conformance/provider/Runs") {}
