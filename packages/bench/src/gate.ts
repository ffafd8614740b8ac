/**
 * The rows of the gate. All but the size of the bundle compare two figures of one round (CPU time, and the time to a first
 * chunk), so that what else the machine does hits both alike.
 */
export const gate: ReadonlyArray<string> = [
  "chunks-40",
  "chunks-2k",
  "fetch-unary",
  "fetch-first",
  "start",
  "choice",
  "bundle"
]
