/** Exchanges of a cassette, made by hand: each is whole, and says what a test gives it. */
import type * as Recording from "effect-gemini-emulator/cassettes/Recording"

export const http = (
  n: number,
  body: unknown,
  more: Partial<Recording.Http["request"]> = {},
  response: Partial<Recording.Http["response"]> = {}
): Recording.Http => ({
  n,
  request: {
    method: "POST",
    path: "/v1beta/models/m:generateContent",
    headers: {},
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...more
  },
  response: {
    status: 200,
    headers: {},
    chunks: [[0, JSON.stringify({ candidates: [{ content: { parts: [{ text: `answer ${n}` }] } }] })]],
    end: "complete",
    ...response
  }
})
export const live = (n: number, more: Partial<Recording.Live> = {}): Recording.Live => ({
  n,
  live: { path: "/ws", headers: {} },
  frames: [],
  ...more
})
export const placed = <A>(...exchanges: ReadonlyArray<A>) => exchanges.map((exchange, i) => ({ exchange, line: i + 2 }))
