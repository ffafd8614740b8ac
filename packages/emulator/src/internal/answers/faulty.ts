/**
 * What a fault makes of the steps of an answer.
 */
import type { After, ErrorBody, Fault } from "../../Fault.ts"
import * as Step from "./step.ts"

/**
 * Bytes that are neither UTF-8 nor JSON, which end like an event of a stream.
 */
export const garbageBytes = Uint8Array.from([0xff, 0xfe, 0x00, 0x7b, 0x22, 0xc3, 0x28, 0x0d, 0x0a, 0x0d, 0x0a])

/** The same steps with those of `act` put in at a place of the body; `act` also decides whether the rest follows. */
function* at(
  steps: Step.Steps,
  place: After,
  act: { readonly steps: ReadonlyArray<Step.Step>; readonly ends: boolean }
): Generator<Step.Step> {
  let chunks = 0
  let bytes = 0
  let done = false
  const due = () => chunks >= (place.chunks ?? 0) && bytes >= (place.bytes ?? 0)
  for (const step of steps) {
    if (step._tag === "Bytes" && !done) {
      const left = place.bytes === undefined ? step.bytes.length : place.bytes - bytes
      if (!due() && place.bytes !== undefined && left < step.bytes.length) {
        bytes += left
        yield Step.bytes(step.bytes.subarray(0, left))
        done = true
        yield* act.steps
        if (act.ends) return
        yield Step.bytes(step.bytes.subarray(left))
        continue
      }
      if (due()) {
        done = true
        yield* act.steps
        if (act.ends) return
      } else {
        chunks++
        bytes += step.bytes.length
      }
    }
    yield step
  }
  // A place behind the end of the body counts as its end.
  if (!done) yield* act.steps
}

function* headed(steps: Step.Steps, headers: Readonly<Record<string, string>>): Generator<Step.Step> {
  for (const step of steps) {
    yield step._tag === "Head" ? Step.head(step.status, { ...step.headers, ...headers }) : step
  }
}

function* replaced(steps: Step.Steps, body: string): Generator<Step.Step> {
  for (const step of steps) {
    if (step._tag !== "Head") continue
    yield step
    yield Step.bytes(body)
    return
  }
}

/**
 * The steps of an answer, changed by a fault. `error` renders an error body.
 */
export const apply = (
  fault: Fault,
  answer: Step.Steps,
  error: (body: ErrorBody) => string
): Step.Steps => {
  if (fault.halfOpen !== undefined && fault.halfOpen !== false) return [Step.hang]
  // An upload breaks off by itself, at the very byte.
  let steps: Step.Steps = fault.cutRequest === undefined ? answer : [Step.broken("reset")]
  if (fault.body !== undefined) steps = replaced(steps, fault.body)
  if (fault.garbage !== undefined) {
    const text = fault.garbage.text
    steps = at(steps, fault.garbage, { steps: [Step.bytes(text ?? garbageBytes)], ends: false })
  }
  if (fault.errorAfter !== undefined) {
    const place = { chunks: fault.errorAfter.chunks ?? Number.POSITIVE_INFINITY }
    steps = at(steps, place, { steps: [Step.bytes(error(fault.errorAfter))], ends: true })
  }
  if (fault.stall !== undefined) {
    const silence = fault.stall.millis === undefined ? Step.hang : Step.wait(fault.stall.millis)
    steps = at(steps, fault.stall, { steps: [silence], ends: false })
  }
  if (fault.cut !== undefined) {
    steps = at(steps, fault.cut, { steps: fault.cut.clean === true ? [] : [Step.broken("cut")], ends: true })
  }
  if (fault.reset !== undefined) {
    steps = fault.reset === true
      ? [Step.broken("reset")]
      : at(steps, fault.reset, { steps: [Step.broken("reset")], ends: true })
  }
  if (fault.headers !== undefined) steps = headed(steps, fault.headers)
  if (fault.delay !== undefined) {
    const delay = fault.delay
    const rest = steps
    steps = (function*() {
      yield Step.wait(delay)
      yield* rest
    })()
  }
  return steps
}
