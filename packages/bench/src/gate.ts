/**
 * The rows of the gate. They compare CPU within a round, so that what else the machine does hits floor and client
 * alike.
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
