/** The status of a session, and who is told of each change. */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { Status } from "../../live/LiveSession.ts"
import type { LiveError } from "../../LiveError.ts"
import * as InboundPull from "./inboundPull.ts"
import { InboundQueue } from "./InboundQueue.ts"

export class SessionStatus {
  #now: Status
  #watchers: Array<InboundQueue<Status, never>> = []

  constructor(sessionId: string | undefined) {
    this.#now = { _tag: "Open", sessionId, isPaused: false }
  }

  get now(): Status {
    return this.#now
  }

  set(status: Status): void {
    this.#now = status
    for (const watcher of this.#watchers) {
      watcher.push(status, 1)
      if (status._tag === "Closed") watcher.end({ _tag: "Done" })
    }
  }

  pause(isPaused: boolean): void {
    if (this.#now._tag === "Open") this.set({ ...this.#now, isPaused })
  }

  close(error: LiveError | undefined): void {
    this.set({ _tag: "Closed", error })
  }

  /** The status now, and then each change, until the session is closed. */
  get changes(): Stream.Stream<Status> {
    return Stream.unwrap(Effect.suspend(() => {
      const watcher = new InboundQueue<Status, never>(Infinity)
      this.#watchers.push(watcher)
      // From here on the watcher is told of each status, and of the end.
      watcher.push(this.#now, 1)
      if (this.#now._tag === "Closed") watcher.end({ _tag: "Done" })
      const leave = Effect.sync(() => {
        this.#watchers = this.#watchers.filter((other) => other !== watcher)
      })
      return Effect.as(Effect.addFinalizer(() => leave), Stream.fromPull(Effect.succeed(InboundPull.make(watcher))))
    }))
  }
}
