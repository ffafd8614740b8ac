/**
 * What must have been told to whom, whatever the program was. The server's own log is the truth of what was said; the
 * client may know less than that, and then has to say so.
 */
import type { LiveEvent } from "effect-gemini/live/LiveEvent"
import type { Asked, Played } from "./livePlay.ts"
import { numbersIn, type Step, wordsOf } from "./liveProgram.ts"

const isDisturbance = ({ do: what }: Step): boolean => what !== "ask" && what !== "wait" && what !== "pause"

const breaks = ({ do: what }: Step): boolean => what === "cut" || what === "close" || what === "goAway"

/** The reasons with which a turn may fail that a lost connection cut. */
const losses: ReadonlySet<string> = new Set(["Interrupted", "ServerDisconnect", "NoAnswer"])

const at = (value: unknown, ...path: ReadonlyArray<string>): unknown =>
  path.reduce<unknown>(
    (inner, name) => inner === undefined || inner === null ? undefined : Reflect.get(Object(inner), name),
    value
  )

const list = (value: unknown): ReadonlyArray<unknown> => Array.isArray(value) ? value : []

const textOf = (parts: unknown): string => list(parts).map((part) => String(at(part, "text") ?? "")).join("")

const isSaid = (event: LiveEvent) => event._tag === "Text" || event._tag === "OutputTranscription"

/** The words in a text, in order. */
const words = (text: string): ReadonlyArray<string> => text.match(/w\d+-\d+/g) ?? []

/** The text of a user's message on the wire, typed or as a turn. */
const typed = (message: unknown): string =>
  String(at(message, "realtimeInput", "text") ?? "") +
  list(at(message, "clientContent", "turns")).map((turn) => textOf(at(turn, "parts"))).join("")

const isFull = ({ step: { do: what, n }, text = "" }: Asked): boolean =>
  what === "call" ? text.includes(wordsOf(n)) : text.trim() === wordsOf(n)

/** What was sent again although the model may have heard it: it had begun to answer, or a handle was given out since. */
const resent = ({ connections, program: { server } }: Played): ReadonlyArray<string> =>
  // Where several texts are answered in one turn, nobody can tell which of them had begun to be.
  !server.interrupts || server.mergeWithin > 0 ? [] : connections.flatMap(({ id, messages }, i) => {
    const later = new Set(
      connections.slice(i + 1).flatMap(({ messages }) => messages.map(({ message }) => typed(message)))
    )
    return messages.flatMap(({ from, message }, place) => {
      const text = typed(message)
      if (from !== "client" || text === "" || !later.has(text)) return []
      const since = messages.slice(place + 1).filter(({ from }) => from === "server").map(({ message }) => message)
      const n = numbersIn(text)[0]
      const isAnswered = n !== undefined && JSON.stringify(since).includes(`w${n}-0 `)
      const isKept = since.some((message) => at(message, "sessionResumptionUpdate", "newHandle") !== undefined)
      return isAnswered || isKept ? [`text ${n} is sent again, although connection ${id} may have heard it`] : []
    })
  })

/** What is wrong with how announced ends were met. */
const leaving = ({ connections, events, program: { server, steps } }: Played): ReadonlyArray<string> => {
  const wrong: Array<string> = []
  const goAways = steps.flatMap((step) => step.do === "goAway" ? [step.in] : [])
  if (goAways.length === 0 || steps.some((step) => step.do === "pause")) return wrong
  // Of two announcements the later one counts, whatever the first one said.
  if (goAways.length === 1 && goAways.every((time) => time >= 300) && connections.some(({ code }) => code === 1008)) {
    wrong.push("the server had to end a connection whose end it had announced")
  }
  const isOrderly = goAways.every((time) => time >= 5000) &&
    !steps.some((step) => step.do === "cut" || step.do === "close")
  // Of texts that were answered in one turn the client takes the last for unanswered, until the server has been silent.
  if (!isOrderly || !server.interrupts || server.mergeWithin > 0) return wrong
  for (const { event } of events) {
    if (event._tag === "TurnInterrupted") wrong.push("a turn is cut, though there was time to end it")
    if (event._tag === "Reconnected" && event.unacknowledged > 0) {
      wrong.push(`${event.unacknowledged} turns are not acknowledged, though there was time to wait`)
    }
  }
  return wrong
}

/** Everything that is wrong with what was told. */
export const judge = (played: Played): ReadonlyArray<string> => {
  const wrong: Array<string> = []
  const { asks, connections, events, leftOpen, memory, program, runs, status, steps, texts } = played
  const timeOf = (n: number) => steps.find(({ step }) => "n" in step && step.n === n)?.at ?? 0
  const name = ({ step }: Asked) => `${step.do} ${step.n}`

  // --- the asks: each ends, with its own answer, or with a sign

  for (const ask of asks) {
    const { error, finishReason, from, overlap, step: { n }, text, until } = ask
    if (until === undefined) {
      wrong.push(`${name(ask)} hangs`)
      continue
    }
    if (ask.isGivenUp === true) continue
    const around = steps.filter(({ at, step }) =>
      step !== ask.step && isDisturbance(step) && at >= from - 30_000 && at <= until
    )
    if (error !== undefined) {
      if (!losses.has(error.reason._tag)) wrong.push(`${name(ask)} fails with ${error.reason._tag}`)
      if (around.length === 0) wrong.push(`${name(ask)} fails with ${error.reason._tag}, and nothing happened`)
      continue
    }
    if (text === undefined) {
      wrong.push(`${name(ask)} dies`)
      continue
    }
    // Where the protocol does not tell what was answered, the answer says so.
    if (overlap !== undefined) continue
    const foreign = numbersIn(text).filter((other) => other !== n)
    if (foreign.length > 0) wrong.push(`${name(ask)} is told the words of ${foreign.join(", ")}: ${text.slice(0, 80)}`)
    else if (!isFull(ask)) {
      if (finishReason === "STOP" && !around.some(({ step }) => step.do === "cancel")) {
        wrong.push(`${name(ask)} is told ${JSON.stringify(text.slice(0, 80))} and STOP`)
      } else if (around.length === 0) {
        wrong.push(
          `${name(ask)} is told ${JSON.stringify(text.slice(0, 80))} and ${finishReason}, and nothing happened`
        )
      }
    }
  }

  // --- the wire: nothing that the server refuses, nothing twice

  for (const { closedBy, code, id, messages, reason } of connections) {
    if (closedBy === "server" && (code === 1007 || (code === 1008 && reason !== "The operation was aborted."))) {
      wrong.push(`connection ${id} is closed with ${code} ${reason}`)
    }
    const sent = messages.filter(({ from }) => from === "client").map(({ message }) => message)
    const said = sent.map(typed).filter((text) => text !== "")
    if (new Set(said).size < said.length) wrong.push(`connection ${id} hears a text twice`)
    const asked = new Set(
      messages.flatMap(({ message }) => list(at(message, "toolCall", "functionCalls")).map((call) => at(call, "id")))
    )
    const answered = sent.flatMap((message) =>
      list(at(message, "toolResponse", "functionResponses")).map((answer) => at(answer, "id"))
    )
    if (new Set(answered).size < answered.length) wrong.push(`connection ${id} hears an answer to a call twice`)
    if (answered.some((id) => !asked.has(id))) wrong.push(`connection ${id} hears an answer to a call of another one`)
  }
  wrong.push(...resent(played), ...leaving(played))
  for (const [id, count] of runs) if (count > 1) wrong.push(`call ${id} is run ${count} times`)
  if (leftOpen > 0) wrong.push(`${leftOpen} connections are left open`)
  if (status._tag !== "Open") {
    wrong.push(`the session is ${status._tag}: ${status._tag === "Closed" ? status.error?.message ?? "" : ""}`)
    return wrong
  }

  // --- the events: what the server said, in its order

  const kinds = new Set(program.steps.map((step) => step.do))
  const spoken = connections.flatMap(({ messages }) =>
    messages.filter(({ from }) => from === "server").flatMap(({ message, time }) =>
      words(
        textOf(at(message, "serverContent", "modelTurn", "parts")) +
          String(at(message, "serverContent", "outputTranscription", "text") ?? "")
      ).map((word) => ({ word, n: numbersIn(word)[0] ?? -1, time }))
    )
  )
  const told = events.flatMap(({ event }) =>
    event._tag === "Text" || event._tag === "OutputTranscription" ? words(event.text) : []
  )
  let place = 0
  for (const word of told) {
    const found = spoken.findIndex((said, i) => i >= place && said.word === word)
    if (found === -1) {
      wrong.push(`an event tells ${word}, which was not said then`)
      break
    }
    place = found + 1
  }
  // What was asked before a cancel, and said after it, may be left out; so may what had come to a paused session that left.
  const left = [...spoken]
  for (const word of told) {
    const found = left.findIndex((said) => said.word === word)
    if (found !== -1) left.splice(found, 1)
  }
  const late = kinds.has("pause") ? 2500 : 0
  const cancels = steps.filter(({ step }) => step.do === "cancel").map(({ at }) => at)
  const missed = left.find(({ n, time }) => !cancels.some((at) => timeOf(n) <= at && at <= time + late))
  if (missed !== undefined && !(kinds.has("pause") && kinds.has("goAway"))) {
    wrong.push(`no event tells ${missed.word}, which the server said`)
  }
  const resumes = steps.flatMap(({ at, step }) => step.do === "pause" ? [at + step.for] : [])
  for (const { at: from, step } of steps) {
    if (step.do !== "pause") continue
    const until = Math.min(...resumes.filter((time) => time > from))
    const early = events.find(({ at, event }) =>
      at > from && at < until && isSaid(event) && !connections.some(({ closedAt }) => closedAt === at)
    )
    if (early !== undefined) wrong.push(`an event comes at ${early.at}, in a pause`)
  }

  // --- the memory: nothing twice, and nothing lost in silence

  if (memory === undefined) {
    wrong.push("the session does not answer in the end")
    return wrong
  }
  const remembered = memory.flatMap((text) => {
    const [, called] = /emulator:call \w+ \{"n":(\d+)\}/.exec(text) ?? []
    return called === undefined ? numbersIn(text) : [Number(called)]
  })
  const twice = remembered.filter((n, i) => remembered.indexOf(n) !== i)
  if (twice.length > 0) wrong.push(`the server remembers ${twice.join(", ")} twice`)
  const lostState = events.filter(({ event }) => event._tag === "Reconnected" && !event.isStateRestored)
  const cutTexts = events.flatMap(({ event }) =>
    event._tag === "TurnInterrupted" ? [JSON.stringify(event.message)] : []
  )
  const isCut = (n: number) =>
    cutTexts.some((text) =>
      text.includes(`w${n}-0 `) || text.includes(`{\\"n\\":${n}}`.replaceAll("\\", "\\\\")) ||
      text.includes(`\\"n\\":${n}}`)
    )
  let unacknowledged = events.reduce(
    (sum, { event }) => event._tag === "Reconnected" ? sum + event.unacknowledged : sum,
    0
  )
  const isExcused = (n: number) =>
    remembered.includes(n) || isCut(n) || lostState.some(({ at }) => at >= timeOf(n)) || unacknowledged-- > 0
  for (const ask of asks) {
    if (ask.isGivenUp === true || ask.error !== undefined || ask.until === undefined) continue
    if (!isExcused(ask.step.n)) wrong.push(`${name(ask)} was answered and is forgotten without a word`)
  }
  for (const { n, wasSent } of texts) {
    if (wasSent && !isExcused(n)) wrong.push(`text ${n} is lost without a word`)
  }
  if (!program.steps.some(breaks)) {
    for (const { step } of steps) {
      if (step.do === "speak" && !remembered.includes(step.n)) wrong.push(`speech ${step.n} was not heard`)
    }
  }
  return wrong
}
