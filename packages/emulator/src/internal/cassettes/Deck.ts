/** An open cassette: its recordings, its writer, and what is asked of the upstream. */
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import { existsSync, statSync } from "node:fs"
import type { Cassette, CassetteSummary, Mode, Options, Redaction } from "../../cassettes/Cassette.ts"
import { CassetteError } from "../../cassettes/CassetteError.ts"
import type * as Recording from "../../cassettes/Recording.ts"
import * as EmulatorRequest from "../../EmulatorRequest.ts"
import * as Render from "../answers/render.ts"
import * as Step from "../answers/step.ts"
import * as Carrier from "../live/carrier.ts"
import * as Server from "../server/exchange.ts"
import { shellWord } from "../shellWord.ts"
import * as Findings from "./findings.ts"
import * as HttpPlayer from "./httpPlayer.ts"
import * as LivePlayer from "./LivePlayer.ts"
import * as LiveRecorder from "./LiveRecorder.ts"
import * as Placeholders from "./Placeholders.ts"
import * as Recorder from "./Recorder.ts"
import * as Recordings from "./Recordings.ts"
import * as Redactions from "./redaction.ts"
import * as RequestView from "./requestView.ts"
import * as ScenarioRules from "./scenarioRules.ts"
import * as Scrubber from "./Scrubber.ts"
import * as Tape from "./Tape.ts"

export const rules = Findings.detectors.map(({ name, what }) => ({ name, what }))

const standardLimit = 256 * 1024 * 1024
const mostMisses = 100
const google = "https://generativelanguage.googleapis.com"

/** What a CassetteError that is thrown means to an Effect. */
const attempt = <A>(evaluate: () => A): Effect.Effect<A, CassetteError> =>
  Effect.try({
    try: evaluate,
    catch: (cause) =>
      cause instanceof CassetteError ? cause : new CassetteError({ file: "", description: String(cause), cause })
  })

export const read = (file: string): Effect.Effect<ReadonlyArray<Recording.Recording>, CassetteError> =>
  attempt(() => Tape.read(file).exchanges)

/** Which of the five a mode is for this file now: what is played, and what is asked. */
const plan = (options: Options, isThere: boolean) => {
  const mode: Mode = options.mode ?? "replay"
  const now = mode === "once" ? (isThere ? "replay" : "record") : mode
  return {
    mode,
    plays: now === "replay" || now === "new",
    asks: now !== "replay",
    writes: now === "new" || now === "record",
    anew: now === "record"
  }
}

/** The command that asks for what is missing, and plays the rest. */
const again = ({ file, match = "strict", upstream = google }: Options): string =>
  [
    "effect-gemini-emulator",
    `--cassette ${shellWord(file)}`,
    "--mode new",
    `--upstream ${shellWord(upstream)}`,
    ...(match === "strict" ? [] : [`--match ${match}`])
  ].join(" ")

const speedOf = (timing: Options["timing"] = "none"): number =>
  timing === "none" ? 0 : timing === "recorded" ? 1 : Number.isFinite(timing) && timing > 0 ? timing : 0

/** What cannot be meant in any mode. */
const mistaken = (file: string, { limit = standardLimit, timing = "none" }: Options): CassetteError | undefined => {
  if (typeof timing === "number" && !(timing > 0 && Number.isFinite(timing))) {
    return new CassetteError({
      file,
      description: `timing ${timing} is not a speed: expected "none", "recorded" or a number above 0`
    })
  }
  return limit > 0
    ? undefined
    : new CassetteError({ file, description: `limit ${limit} leaves no room: expected bytes, more than 0` })
}

const refused = (file: string, options: Options, mode: Mode): CassetteError | undefined => {
  const wrong = (description: string) => new CassetteError({ file, description })
  const { allowRecord, upstream } = options
  if (upstream === undefined) {
    return wrong(`mode "${mode}" asks a server: give its address as upstream, such as ${google}`)
  }
  if (!URL.canParse(upstream) || !/^https?:$/.test(new URL(upstream).protocol)) {
    return wrong(`the upstream "${upstream}" is not an address: expected https://HOST or http://HOST:PORT`)
  }
  // A run of CI that calls out is slow, costs money, and hides that a recording is missing.
  if (
    process.env["CI"] !== undefined && process.env["CI"] !== "" && process.env["CI"] !== "false" && allowRecord !== true
  ) {
    return wrong(
      `mode "${mode}" would ask ${new URL(upstream).host}, and the variable CI is set: record at home, or allow it`
    )
  }
  return undefined
}

export const open = Effect.fnUntraced(function*(
  options: Options
): Effect.fn.Return<Cassette, CassetteError, Scope.Scope> {
  const { file, limit = standardLimit } = options
  const isThere = existsSync(file)
  const { anew, asks, mode, plays, writes } = plan(options, isThere)
  const problem = mistaken(file, options) ?? (asks ? refused(file, options, mode) : undefined)
  if (problem !== undefined) return yield* problem
  if (writes && isThere && statSync(file).isDirectory()) {
    return yield* new CassetteError({
      file,
      description: "it is a folder of cases, which can be played and not written"
    })
  }
  if (!asks && !isThere) {
    return yield* new CassetteError({ file, description: "there is no such cassette: record it with mode \"once\"" })
  }
  const scrubRules = yield* attempt(() => Redactions.rulesOf(file, options.redaction))
  const content: Tape.TapeContent = isThere && !anew
    ? yield* attempt(() => Tape.read(file))
    : { exchanges: [], lines: [], bytes: 0 }
  const placeholders = Placeholders.make()
  for (const exchange of content.exchanges) placeholders.seen(JSON.stringify(exchange))
  const scrubber = Scrubber.make(scrubRules, placeholders)
  const secret = (value: string) => placeholders.of("QUERY", value)
  const match = options.match ?? "strict"
  const speed = speedOf(options.timing)
  const exchanges = content.isImported === true ? content.exchanges.map(asAsked(scrubber)) : content.exchanges
  const placed = exchanges.map((exchange, i) => ({ exchange, line: content.lines[i] ?? 0 }))
  const recordings = Recordings.make(file, plays ? placed : [], match, options.ignore ?? [])
  const open = new Set<() => void>()
  const tape = writes
    ? yield* Effect.acquireRelease(
      attempt(() =>
        Tape.writer(file, {
          anew,
          limit,
          isTorn: content.torn !== undefined,
          head: {
            cassette: 1,
            by: "effect-gemini-emulator",
            redaction: scrubRules.detectors.map(({ name }) => name)
          }
        })
      ),
      (tape) =>
        Effect.sync(() => {
          for (const stop of open) stop()
          tape.close()
        })
    )
    : undefined

  const counts = { recorded: 0, dropped: 0, missed: 0, next: Math.max(0, ...content.exchanges.map(({ n }) => n)) + 1 }
  const misses: Array<string> = []
  const missed = (why: string) => {
    counts.missed++
    misses.push(why)
    if (misses.length > mostMisses) misses.shift()
  }
  const target = (upstream: string): Recorder.Asking => ({
    url: upstream,
    key: options.upstreamKey === undefined ? undefined : Redacted.value(options.upstreamKey),
    scrubber,
    secret,
    tape,
    open,
    number: () => counts.next++,
    recorded: (isKept) => {
      if (isKept) counts.recorded++
      else counts.dropped++
    }
  })
  const upstream = asks ? options.upstream : undefined
  const advice = `To record just this: ${options.again ?? again(options)}`

  const refusal = (why: string): Step.Steps =>
    Render.error({ code: 501, message: `The cassette ${file}: ${why}. ${advice}` }, "json")

  return {
    asks,
    holdsKey: asks && options.upstreamKey !== undefined,
    redacted: {
      body: (body) => scrubber.body([body])[0] ?? body,
      path: scrubber.text,
      headers: (headers) => RequestView.ofRequest(headers, scrubber)
    },
    handle: Effect.fnUntraced(function*(incoming, refused) {
      const bytes = yield* incoming.read()
      if (bytes.length > Server.bodyLimit) return Server.unseen(Render.error(Server.tooLarge, "json"))
      const own = scrubber.knowing(Recorder.credentialsOf(incoming))
      const base = EmulatorRequest.baseOf(
        incoming.url,
        EmulatorRequest.placeOf(incoming.url.pathname).space ?? "default"
      )
      if (plays) {
        const [body = bytes] = own.body([bytes])
        const asked = {
          method: incoming.verb,
          path: RequestView.pathOf(incoming.url, own, secret),
          contentType: incoming.headers["content-type"] ?? "",
          body
        }
        const found = recordings.take(asked)
        if (found !== undefined) return Server.unseen(HttpPlayer.stepsOf(file, found, speed, base))
        if (upstream === undefined) {
          const why = recordings.miss(asked)
          missed(`${asked.method} ${asked.path}: ${why}`)
          refused(`The cassette ${file}: ${why}. ${advice}`)
          return Server.unseen(refusal(`${asked.method} ${asked.path}: ${why}`))
        }
      }
      if (upstream === undefined) return Server.unseen(refusal("nothing may be asked"))
      return yield* Recorder.ask(target(upstream), incoming, bytes, base)
    }),
    handleLive: Effect.fnUntraced(function*(incoming, refused) {
      const own = scrubber.knowing(Recorder.credentialsOf(incoming))
      const path = RequestView.pathOf(incoming.url, own, secret)
      // What was slow before a session was there is slow again, as far as the timing says so.
      const answered = plays && speed > 0 ? recordings.nextLive(path)?.answered ?? 0 : 0
      if (answered > 0) yield* Effect.sleep(Math.round(answered / speed))
      const next = plays ? recordings.liveRefusal(path) : undefined
      if (next?.refused !== undefined) {
        const { body, headers, status } = next.refused
        return { _tag: "Refused", status, headers, body: [Tape.bytesOf(file, body)] }
      }
      if (plays && recordings.nextLive(path) !== undefined) {
        const connect = LivePlayer.play({
          file,
          speed,
          scrubber: own,
          compares: match !== "order",
          missed: (why) => {
            missed(`Live ${path}: ${why}`)
            refused(`The cassette ${file}: ${why}. ${advice}`)
          },
          why: (first) => recordings.missLive(path, first),
          left: () => recordings.takeEmpty(path),
          choose: (first) =>
            first === undefined
              ? recordings.takeSpeaking(path)
              : recordings.takeLive(path, ({ frames }) => {
                const own = frames.find(([, from]) => from === "c")
                return match === "order" || own === undefined ||
                  LivePlayer.isSame(Tape.bytesOf(file, own[3]), first, scrubber)
              })
        })
        return { _tag: "Accepted", connect }
      }
      if (upstream === undefined) {
        const why = `Live ${path}: no session of this path is left in it`
        missed(why)
        return Carrier.refusal(refusal(why))
      }
      return yield* LiveRecorder.open(target(upstream), incoming)
    }),
    summary: Effect.sync((): CassetteSummary => ({
      file,
      mode,
      exchanges: content.exchanges.length + counts.recorded,
      played: recordings.played(),
      recorded: counts.recorded,
      dropped: counts.dropped,
      missed: counts.missed,
      misses: [...misses],
      unused: recordings.unused(),
      bytes: tape?.bytes() ?? content.bytes,
      limit,
      upstream: upstream === undefined ? undefined : new URL(upstream).origin,
      torn: content.torn
    }))
  }
})

/** The exchange as it is found by a client whose secrets are taken out before it is compared. */
const asAsked = (scrubber: Scrubber.Scrubber) => (exchange: Recording.Recording): Recording.Recording => {
  const piece = (text: Recording.Piece): Recording.Piece =>
    typeof text === "string" ? Buffer.from(scrubber.body([Buffer.from(text)])[0] ?? text).toString("utf8") : text
  if (Recordings.isLive(exchange)) {
    return {
      ...exchange,
      frames: exchange.frames.map((frame) =>
        frame[1] === "s" ? frame : [frame[0], frame[1], frame[2], piece(frame[3])] as const
      )
    }
  }
  const { request } = exchange
  return {
    ...exchange,
    request: {
      ...request,
      path: scrubber.text(request.path),
      ...(request.body === undefined ? {} : { body: piece(request.body) })
    }
  }
}

/** The texts of an exchange that may hold secrets, each with where it stands. */
const textsOf = (
  file: string,
  exchange: Recording.Recording
): ReadonlyArray<readonly [string, ReadonlyArray<Uint8Array>]> => {
  const bytes = (piece: Recording.Piece) => Tape.bytesOf(file, piece)
  if (Recordings.isLive(exchange)) {
    const side = (from: "c" | "s") =>
      exchange.frames.filter((frame) => frame[1] === from).map((frame) => bytes(frame[3]))
    return [
      ["the address", [Buffer.from(exchange.live.path)]],
      ["the headers", [Buffer.from(JSON.stringify(exchange.live.headers))]],
      ["what the client says", side("c")],
      ["what the server says", side("s")],
      ["the reason of the close", [Buffer.from(exchange.close?.reason ?? "")]]
    ]
  }
  const { request, response } = exchange
  return [
    ["the address", [Buffer.from(request.path)]],
    ["the headers of the request", [Buffer.from(JSON.stringify(request.headers))]],
    ["the request", request.body === undefined ? [] : [bytes(request.body)]],
    ["the headers of the response", [Buffer.from(JSON.stringify(response.headers))]],
    ["the response", response.chunks.map(([, piece]) => bytes(piece))]
  ]
}

export const check = (file: string, redaction?: Redaction) =>
  attempt(() => {
    const scrubber = Scrubber.make(Redactions.rulesOf(file, redaction), Placeholders.make())
    const { exchanges, lines } = Tape.read(file)
    return exchanges.flatMap((exchange, index) =>
      textsOf(file, exchange).flatMap(([where, pieces]) =>
        scrubber.left(pieces).map(({ kind }) => ({ line: lines[index] ?? 0, kind, where }))
      )
    )
  })

export const scenario = (file: string) =>
  attempt(() => {
    const { rules, skipped } = ScenarioRules.make(file, Tape.read(file))
    return { scenario: { otherwise: "refuse" as const, rule: rules }, skipped }
  })
