/** The handler as a function from a `Request` to a promise of a `Response`. */
import * as Effect from "effect/Effect"
import type * as Step from "../answers/step.ts"
import type { Exchange, Handler } from "./exchange.ts"

const broken = (how: "cut" | "reset"): TypeError => new TypeError(how === "reset" ? "connection reset" : "terminated")

interface Script {
  steps: Iterator<Step.Step>
}

/** The next step that carries something. Silence before it is waited for. */
const next = (
  { sleep }: Exchange,
  script: Script,
  signal: AbortSignal
): Promise<Exclude<Step.Step, { _tag: "Wait" | "Hang" | "More" }> | undefined> =>
  Effect.runPromise(
    Effect.gen(function*() {
      for (;;) {
        const { done, value: step } = script.steps.next()
        if (done === true) return undefined
        if (step._tag === "Wait") yield* sleep(step.millis)
        else if (step._tag === "More") script.steps = (yield* step.next)[Symbol.iterator]()
        else if (step._tag === "Hang") return yield* Effect.never
        else return step
      }
    }),
    { signal }
  )

const body = (exchange: Exchange, script: Script, gone: AbortController): ReadableStream<Uint8Array> =>
  new ReadableStream({
    pull: async (controller) => {
      const step = await next(exchange, script, gone.signal)
      if (step === undefined) {
        exchange.closed("complete")
        controller.close()
      } else if (step._tag === "Bytes") {
        exchange.sentBytes(step.bytes)
        controller.enqueue(step.bytes)
      } else if (step._tag === "Break") {
        exchange.closed(step.how)
        controller.error(broken(step.how))
      }
    },
    cancel: () => {
      exchange.closed("aborted")
      gone.abort()
    }
  }, { highWaterMark: 0 })

export const make = (handle: Handler): (request: Request) => Promise<Response> => {
  let connections = 0
  return async (request) => {
    const gone = new AbortController()
    request.signal.addEventListener("abort", () => gone.abort(), { once: true })
    const exchange = await Effect.runPromise(
      handle({
        verb: request.method,
        url: new URL(request.url),
        headers: Object.fromEntries(request.headers),
        connection: connections++,
        read: (slow) =>
          Effect.tap(
            Effect.map(Effect.promise(() => request.arrayBuffer()), (buffer) => new Uint8Array(buffer)),
            (bytes) =>
              slow === undefined ? Effect.void : Effect.sleep(Math.ceil(bytes.length / slow.bytes) * slow.millis)
          ),
        pieces: (use) =>
          Effect.promise(async () => {
            const reader = request.body?.getReader()
            for (let next = await reader?.read(); next?.value !== undefined; next = await reader?.read()) {
              if (!use(next.value)) return void await reader?.cancel()
            }
          })
      })
    )
    gone.signal.addEventListener("abort", () => exchange.closed("aborted"), { once: true })
    const script: Script = { steps: exchange.steps[Symbol.iterator]() }
    const head = await next(exchange, script, gone.signal)
    if (head?._tag !== "Head") {
      exchange.closed(head?._tag === "Break" ? head.how : "cut")
      throw broken(head?._tag === "Break" ? head.how : "cut")
    }
    exchange.sentHead(head.status, head.headers)
    return new Response(body(exchange, script, gone), { status: head.status, headers: head.headers })
  }
}
