/** An entry of the log as a test needs it: a POST that was answered, but for what is given. */
import type { Entry } from "effect-gemini-emulator/RequestLog"

export const entry = (more: Partial<Entry>): Entry => ({
  id: 0,
  time: 0,
  method: "POST",
  path: "/v1beta/x",
  apiMethod: undefined,
  model: undefined,
  space: "default",
  project: "default",
  region: "global",
  body: undefined,
  headers: {},
  connection: 0,
  verdict: undefined,
  status: 200,
  response: undefined,
  responseText: "",
  chunks: [],
  bytesSent: 0,
  outcome: "complete",
  closedAt: 0,
  ...more
})
