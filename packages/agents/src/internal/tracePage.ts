/**
 * A run as one page. The page's policy allows no style but its own, so what is drawn has attributes of SVG, and what is
 * indented is a list in a list.
 */
import * as Page from "effect-gemini-journal/Page"
import * as Duration from "effect/Duration"
import type { TimedRecord } from "../AgentRecord.ts"
import * as AgentState from "../AgentState.ts"
import * as Timeline from "./timeline.ts"
import * as TraceLines from "./traceLines.ts"

const colours: Record<Timeline.Bar["kind"], string> = {
  model: "#3b82f6",
  tool: "#10a37f",
  wait: "#d97706",
  child: "#8b5cf6"
}

const row = 24
const labels = 200
const width = 900
const times = 110

const took = ({ from, isOpen, to }: Timeline.Bar): string =>
  isOpen ? "has not ended" : Duration.format(Duration.millis(to - from))

const timeline = (bars: ReadonlyArray<Timeline.Bar>): Page.Html => {
  const axis = Timeline.axisOf(bars)
  const room = width - labels - times
  const hasChildren = bars.some(({ kind }) => kind === "child")
  const drawn = bars.map((bar, i) => {
    const x = labels + room * axis.at(bar.from)
    const wide = Math.max(2, room * (axis.at(bar.to) - axis.at(bar.from)))
    const y = i * row
    return Page.html`<text x="0" y="${y + 16}" fill="currentColor" font-size="13">${
      TraceLines.cut(bar.label, 28)
    }</text><rect x="${x.toFixed(1)}" y="${y + 4}" width="${wide.toFixed(1)}" height="${row - 8}" rx="3" fill="${
      colours[bar.kind]
    }" fill-opacity="${bar.isOpen ? 0.4 : 1}"><title>${bar.label}: ${took(bar)}</title></rect><text x="${
      (x + wide + 6).toFixed(1)
    }" y="${y + 16}" fill="currentColor" font-size="12">${took(bar)}</text>
`
  })
  const kinds = (["model", "tool", "wait", "child"] as const).filter((kind) =>
    kind === "child" ? hasChildren : !hasChildren || bars.some((bar) => bar.kind === kind)
  )
  const legend = kinds.map((kind, i) =>
    Page.html`<rect x="${labels + i * 130}" y="6" width="12" height="12" rx="3" fill="${colours[kind]}"/><text x="${
      labels + i * 130 + 18
    }" y="16" fill="currentColor" font-size="12">${
      { model: "the model", tool: "a tool", wait: "a person", child: "an agent" }[kind]
    }</text>`
  )
  return Page.html`<h2>Time</h2>
<div class="wide"><svg role="img" aria-label="Timeline of the run" width="100%" viewBox="0 0 ${width} ${
    (bars.length + 1) * row
  }">
${legend}<svg y="${row}" width="${width}" height="${bars.length * row}">
${drawn}</svg></svg></div>${axis.isShortened ? Page.html`<p>Times in which nothing ran are drawn shortened.</p>` : ""}
`
}

const steps = (trace: ReadonlyArray<TimedRecord>, bars: ReadonlyArray<Timeline.Bar>): Page.Html => {
  const lasted = new Map(bars.flatMap((bar) => bar.kind === "model" ? [[bar.label, took(bar)] as const] : []))
  const rows = trace.flatMap(({ record }) => {
    if (record._tag !== "Answered") return []
    const { cachedTokens, dollars = "", inputTokens, outputTokens } = record.usage
    const names = TraceLines.namesOf(record)
    return [[
      record.step,
      record.model ?? "",
      names.length > 0 ? names.join(", ") : record.use === "text" ? "the answer" : record.use,
      inputTokens,
      cachedTokens,
      outputTokens,
      dollars === "" ? "" : `$${dollars}`,
      lasted.get(`step ${record.step}`) ?? ""
    ]]
  })
  return rows.length === 0 ? Page.html`` : Page.html`<h2>Steps</h2>
${Page.table(["Step", "Model", "Calls", "Input", "of it cached", "Output", "Dollars", "Took"], rows)}
`
}

const shown = (value: unknown): string => typeof value === "string" ? value : JSON.stringify(value, null, 2) ?? ""

interface Node {
  readonly line: TraceLines.Line
  readonly below: Array<Node>
}

const nested = (lines: ReadonlyArray<TraceLines.Line>): ReadonlyArray<Node> => {
  const top: Array<Node> = []
  const path: Array<Node> = []
  for (const line of lines) {
    const node: Node = { line, below: [] }
    path.length = Math.min(path.length, line.depth)
    const above = path.at(-1)
    if (above === undefined) top.push(node)
    else above.below.push(node)
    path.push(node)
  }
  return top
}

const list = (nodes: ReadonlyArray<Node>): Page.Html =>
  Page.html`<ul>
${
    nodes.map(({ below, line: { detail, text, took } }) => {
      const head = `${TraceLines.cut(text, 160)}${took === undefined ? "" : ` (${took})`}`
      return Page.html`<li>${detail === undefined ? head : Page.details(head, Page.text(shown(detail)))}${
        below.length === 0 ? "" : list(below)
      }</li>
`
    })
  }</ul>`

export const of = (trace: ReadonlyArray<TimedRecord>, given: string | undefined): string => {
  const state = AgentState.fold(trace.map(({ record }) => record))
  const { dollars, inputTokens, outputTokens } = state.usage
  const title = given ?? `${state.agent === "" ? "An agent" : state.agent}: a run`
  const ended = state.end === undefined
    ? "It has not ended."
    : state.end._tag === "Finished"
    ? state.end.handoff === undefined ? "It ended with an answer." : `It was handed over to ${state.end.handoff}.`
    : `It stopped: ${state.end.reason}.`
  const lost = state.maybeCharged.questions
  const bars = Timeline.bars(trace)
  return Page.render({
    title,
    body: Page.html`<h1>${title}</h1>
<p>${ended} ${inputTokens} tokens went in, ${outputTokens} came out${
      dollars === undefined ? "" : Page.html`, for $${dollars}`
    }.${lost === 0 ? "" : ` The answers to ${lost} questions were lost and may have been charged.`}</p>
${bars.length === 0 ? "" : timeline(bars)}${steps(trace, bars)}<h2>Records</h2>
${list(nested(TraceLines.of(trace)))}`
  })
}
