/** Ids of runs. They name folders, so an id that any system refuses, or keeps for itself, is refused here. */
import { InvalidId } from "../JournalErrorReason.ts"

const shape = /^[A-Za-z0-9][A-Za-z0-9._~@-]{0,127}$/
const kept = /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i

export const isId = (id: string): boolean => shape.test(id) && !id.endsWith(".") && !kept.test(id)

export const idProblem = (id: string): InvalidId | undefined =>
  isId(id) ? undefined : new InvalidId({ shown: (JSON.stringify(id) ?? "it").slice(0, 80) })

/** Whether a text is a SHA-256 in hex. */
export const isDigest = (digest: string): boolean => /^[0-9a-f]{64}$/.test(digest)
