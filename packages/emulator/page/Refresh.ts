/**
 * What the page shows of a space, asked for again when it has changed: by one question at a time, however many changes
 * come.
 */
import { type ReadonlySignal, signal } from "@preact/signals"
import * as Admin from "./Admin.ts"

export interface Refresh {
  /** Asks again; while one question is under way the next one waits for it. */
  readonly update: () => Promise<void>
  /** Why the last question was not answered; undefined: it was. */
  readonly trouble: ReadonlySignal<string | undefined>
}

export const make = (ask: () => Promise<void>): Refresh => {
  const trouble = signal<string | undefined>(undefined)
  let isAsking = false
  let isStale = false
  const update = async (): Promise<void> => {
    isStale = true
    if (isAsking) return
    isAsking = true
    while (isStale) {
      isStale = false
      try {
        await ask()
        trouble.value = undefined
      } catch (error) {
        trouble.value = Admin.messageOf(error)
      }
      // What comes within a tenth of a second is drawn once.
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    isAsking = false
  }
  return { trouble, update }
}
