/**
 * Request → answer, as the real server would give it: it knows no sockets, and time
 * comes from the Clock.
 *
 * Order: the fault that is due, the judgement of the request, the scripted answer, the
 * generated one. A request that is refused uses up no answer.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Answer from "./Answer.ts"
import * as EmulatorRequest from "./EmulatorRequest.ts"
import * as Fault from "./Fault.ts"
import type { Handler } from "./internal/exchange.ts"
import * as Generator from "./internal/generator.ts"
import * as Judge from "./internal/judge.ts"
import * as ModelPages from "./internal/modelPages.ts"
import * as Render from "./internal/render.ts"
import * as Step from "./internal/step.ts"
import type * as KeyPolicy from "./KeyPolicy.ts"
import * as ModelTable from "./ModelTable.ts"
import * as RequestLog from "./RequestLog.ts"
import type * as Script from "./Script.ts"

/**
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** Milliseconds between two chunks of a stream. Default 0. */
  readonly chunkDelay?: number | undefined
  /**
   * What to answer instead of generated text: a list, used up in order, or a function of
   * the request. Generated again when the list is empty or the function gives undefined.
   */
  readonly answers?: ReadonlyArray<Answer.Answer> | Answer.AnswerFunction | undefined
  /** What goes wrong; the first fault that matches a request hits it. */
  readonly faults?: ReadonlyArray<Fault.Fault> | undefined
  /** Which API keys are let in. Default: every one. */
  readonly keys?: KeyPolicy.KeyPolicy | undefined
  /** Default `ModelTable.current`. */
  readonly models?: ModelTable.ModelTable | undefined
}

/**
 * @category models
 * @since 0.1.0
 */
export interface State {
  readonly log: RequestLog.RequestLog
  readonly script: Script.Script
}

const decoder = new TextDecoder()

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const framingOf = (request: EmulatorRequest.EmulatorRequest): Render.Framing =>
  request.method !== "streamGenerateContent" ? "json" : request.query.get("alt") === "sse" ? "sse" : "array"

const headerJson = <A>(headers: EmulatorRequest.EmulatorRequest["headers"], name: string): A | undefined => {
  const text = headers[name]
  // The header is the caller's word on its own test; a wrong shape harms nobody else.
  return text === undefined ? undefined : parse(text) as A | undefined
}

function* unwrapped(body: NonNullable<Answer.RawAnswer["body"]>): Generator<Step.Step> {
  if (typeof body === "string" || body instanceof Uint8Array) yield Step.bytes(body)
  else for (const piece of body) yield Step.bytes(piece)
}

function* raw(answer: Answer.RawAnswer): Generator<Step.Step> {
  yield Step.head(answer.status ?? 200, answer.headers ?? { "content-type": "application/json; charset=UTF-8" })
  if (answer.body !== undefined) yield* unwrapped(answer.body)
}

function* mapped<A, B>(items: Iterable<A>, f: (item: A) => B): Generator<B> {
  for (const item of items) yield f(item)
}

const respond = (
  request: EmulatorRequest.EmulatorRequest,
  given: Answer.Answer | undefined,
  options: Options
): Step.Steps => {
  const answer = given === undefined ? {} : Answer.fields(given)
  const model = request.model ?? ""
  const framing = framingOf(request)
  const delay = answer.chunkDelay ?? options.chunkDelay ?? 0
  const inFrames = (chunks: Iterable<unknown>, whole: () => unknown): Step.Steps =>
    framing === "json" ? Render.whole(whole()) : Render.stream(chunks, framing, delay)
  let steps: Step.Steps
  if (answer.text !== undefined) {
    const chunks = Generator.say(model, request.body, answer.text)
    steps = inFrames(chunks, () => Generator.whole(chunks))
  } else if (answer.response !== undefined) {
    const { response } = answer
    steps = inFrames([response], () => response)
  } else if (answer.chunks !== undefined) {
    const chunks = mapped(answer.chunks, (chunk) => typeof chunk === "string" ? Generator.piece(model, chunk) : chunk)
    steps = inFrames(chunks, () => Generator.fold([...chunks]))
  } else if (answer.error !== undefined) {
    steps = Render.error(answer.error, framing)
  } else if (answer.raw !== undefined) {
    steps = raw(answer.raw)
  } else {
    const chunks = Generator.isRequest(request.body) ? Generator.chunks(model, request.body) : []
    steps = inFrames(chunks, () => Generator.whole(chunks))
  }
  return Fault.apply({ delay: answer.delay, headers: answer.headers }, steps, () => "")
}

/**
 * @category constructors
 * @since 0.1.0
 */
export const make = (options: Options, state: State): Effect.Effect<Handler> =>
  Effect.succeed(Effect.fnUntraced(function*(incoming) {
    const { keys, models = ModelTable.current } = options
    const clock = yield* Clock.Clock
    const time = clock.currentTimeMillisUnsafe()
    const { headers, url } = incoming
    const routed = EmulatorRequest.route(incoming.verb, url.pathname)
    const early: EmulatorRequest.EmulatorRequest = {
      method: routed?.method ?? "",
      version: routed?.version ?? "",
      model: routed?.model,
      key: headers["x-goog-api-key"] ?? url.searchParams.get("key") ?? undefined,
      headers,
      query: url.searchParams,
      body: undefined
    }
    const fault = headerJson<Fault.Fault>(headers, "x-emulator-fault") ?? state.script.takeFault(early)
    const bytes = fault?.halfOpen === true
      ? undefined
      : yield* incoming.read(
        fault?.slowRead === undefined
          ? undefined
          : { millis: fault.slowRead.millis, bytes: fault.slowRead.bytes ?? 1024 }
      )
    const text = bytes === undefined || bytes.length === 0 ? undefined : decoder.decode(bytes)
    const body = text === undefined ? undefined : parse(text)
    const request = { ...early, body }
    const entry = state.log.add({
      time,
      method: incoming.verb,
      path: url.pathname,
      apiMethod: routed?.method,
      model: routed?.model,
      body: body ?? text,
      headers: RequestLog.withoutSecrets(headers),
      connection: incoming.connection
    })
    const framing = framingOf(request)
    const steps = yield* Effect.gen(function*() {
      const broken = fault?.error ?? (fault?.status === undefined ? undefined : { code: fault.status })
      if (broken !== undefined) return Render.error(broken, framing, { inside: fault?.inside })
      if (routed === undefined) return Render.error({ code: 404 }, framing)
      const name = routed.model === undefined ? undefined : `models/${routed.model}`
      const verdict = Judge.judge({ ...routed, model: name, bodyText: text, key: early.key, models, keys, now: time })
      if (verdict.refusal !== undefined) return Render.error(verdict.refusal.body.error, framing)
      let answer: Answer.Answer | undefined = headerJson<Answer.Answer>(headers, "x-emulator-answer") ??
        state.script.takeAnswer(request)
      if (answer === undefined && typeof options.answers === "function") {
        const given = options.answers(request)
        answer = Effect.isEffect(given) ? yield* given : given
      }
      if (answer === undefined && routed.method.startsWith("models.")) {
        const page = name === undefined
          ? ModelPages.list(models, url.searchParams, time)
          : ModelPages.get(models, { name, version: routed.version, now: time })
        return page.refusal === undefined ? Render.whole(page.body) : Render.error(page.refusal.body.error, framing)
      }
      return respond({ ...request, body: verdict.body }, answer, options)
    })
    return {
      steps: fault === undefined ? steps : Fault.apply(fault, steps, (error) => Render.errorText(error, "json")),
      sentHead: (status) => {
        entry.status = status
      },
      sentBytes: (bytes) => {
        entry.bytesSent += bytes
      },
      closed: (outcome) => state.log.close(entry, outcome, clock.currentTimeMillisUnsafe())
    }
  }))
