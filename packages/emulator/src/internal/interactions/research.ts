/**
 * The deep research agent: it plans, "searches" page after page, and writes a report that cites what it "read". Nothing is
 * looked up. Everything follows from the request and the seed, so a test sees the same report again.
 */
import * as Directives from "../answers/directives.ts"
import * as Grounding from "../answers/grounding.ts"
import * as Instance from "../answers/instance.ts"
import * as Media from "../answers/media.ts"
import * as Scripted from "../answers/scripted.ts"
import * as Signature from "../answers/signature.ts"
import * as Tokens from "../answers/tokens.ts"
import * as Utterance from "../answers/Utterance.ts"
import * as Dice from "../Dice.ts"
import * as Agents from "../google/agents.ts"
import * as Json from "../json.ts"
import * as AsGeneration from "./asGeneration.ts"
import * as InteractionRecord from "./InteractionRecord.ts"
import * as Making from "./making.ts"
import * as ResearchReport from "./ResearchReport.ts"
import * as SpokenSteps from "./spokenSteps.ts"

type Steps = ReadonlyArray<Json.Json>

/** Whether a request is for a research. */
export const isMeant = (asked: Json.Json, now: number): boolean => {
  const id = Json.text(asked["agent"])
  if (id === undefined) return false
  const known = Agents.find(id, now)
  return (known?.config ?? Json.text(Json.at(asked["agent_config"], "type"))) === "deep-research"
}

/** What the user has said in steps, one text a turn. */
const wordsOf = (steps: Steps): ReadonlyArray<string> =>
  AsGeneration.contentsOf(steps).flatMap(({ parts, role }) => {
    if (role !== "user") return []
    const text = Json.list(parts).flatMap((part) => Json.text(Json.at(part, "text")) ?? []).join(" ").trim()
    return text === "" ? [] : [text]
  })

/**
 * What is researched, and what was said of the plan: behind a plan the first words are the question, and those that
 * followed changed it.
 */
const briefOf = (
  input: Steps,
  previous: InteractionRecord.InteractionRecord | undefined,
  isPlanning: boolean
): { readonly topic: string; readonly changes: ReadonlyArray<string> } => {
  const said = wordsOf(input)
  if (previous === undefined || previous.planTurns === 0) return { topic: said.at(-1) ?? "", changes: [] }
  const before = wordsOf(InteractionRecord.flat({ before: previous.before, steps: previous.input }))
  const [topic = "", ...changes] = before.slice(before.length - previous.planTurns)
  // The words that approve a plan do not change it.
  return { topic, changes: isPlanning ? [...changes, ...said] : changes }
}

/** How many turns in a row, this one among them, make the plan of a research. */
export const planTurns = (asked: Json.Json, previous: InteractionRecord.InteractionRecord | undefined): number =>
  Json.at(asked["agent_config"], "collaborative_planning") === true ? (previous?.planTurns ?? 0) + 1 : 0

interface Search {
  readonly query: string
  readonly sources: ReadonlyArray<ResearchReport.ReadPage>
}

/** A source is a page that nobody has: its address follows from the question. */
const sourcesOf = (topic: string, question: string, count: number, dice: Dice.Dice): Search["sources"] => {
  const slug = (text: string) => text.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "").slice(0, 40)
  return Array.from({ length: count }, (_, i) => {
    const host = dice.pick(["example.com", "example.org", "example.net"]) ?? "example.com"
    return {
      url: `https://${host}/${slug(topic) || "topic"}/${slug(question) || "page"}-${i + 1}`,
      title: `${host}: ${question}`
    }
  })
}

const has = (body: Json.Json, name: string): boolean =>
  Json.list(body["tools"]).some((tool) => Json.at(tool, name) !== undefined)

const thought = (title: string, text: string, isShown: boolean, dice: Dice.Dice): Json.Json => ({
  type: "thought",
  ...(isShown ? { summary: [{ type: "text", text: `**${title}**\n\n${text}\n\n\n` }] } : {}),
  signature: Signature.issue(dice)
})

const mcpServers = (asked: Json.Json): ReadonlyArray<string> =>
  Json.list(asked["tools"]).flatMap((tool) =>
    Json.at(tool, "type") === "mcp_server" ? [Json.text(Json.at(tool, "name")) ?? "server"] : []
  )

/** The steps of one question of the plan. */
const searching = (
  { query, sources }: Search,
  speaking: Making.Speaking,
  asked: Json.Json,
  isShown: boolean,
  dice: Dice.Dice
): Steps => {
  const { body } = speaking
  const urls = sources.map(({ url }) => url)
  return [
    thought("Searching", `Next I look for an answer to: ${query}`, isShown, dice),
    ...(has(body, "googleSearch")
      ? SpokenSteps.pair(
        "google_search",
        { arguments: { queries: [query] }, search_type: "web_search" },
        [{ search_suggestions: "<div class=\"container\">emulator</div>" }],
        dice
      )
      : []),
    ...(has(body, "urlContext")
      ? SpokenSteps.pair(
        "url_context",
        { arguments: { urls } },
        urls.map((url) => ({ url, status: "success" })),
        dice
      )
      : []),
    ...mcpServers(asked).flatMap((server) =>
      SpokenSteps.pair(
        "mcp_server_tool",
        { name: "search", server_name: server, arguments: { query } },
        [{ type: "text", text: `${server} knows of "${query}".` }],
        dice
      )
    )
  ]
}

/** The documents that came with the question. */
const documentsOf = (input: Steps): ReadonlyArray<ResearchReport.Document> =>
  input.flatMap((step) => Json.list(step["content"])).flatMap((content, i) =>
    Json.at(content, "type") === "document"
      ? [{ uri: Json.text(Json.at(content, "uri")), name: Json.text(Json.at(content, "uri")) ?? `document ${i + 1}` }]
      : []
  )

/** The last step: the report, with a chart if one is wanted. */
const output = (
  report: ResearchReport.Report,
  isDrawn: boolean,
  dice: Dice.Dice
): Json.Json => ({
  type: "model_output",
  content: [
    {
      type: "text",
      text: report.text,
      ...(report.annotations.length === 0 ? {} : { annotations: report.annotations })
    },
    ...(isDrawn ? [{ type: "image", mime_type: "image/png", data: Media.png(4, 3, dice) }] : [])
  ]
})

/** The report of a script, or undefined if the generator writes it. */
const scripted = (speaking: Making.Speaking, asking: Utterance.Request) => {
  const { answer } = speaking
  if (answer.chunks !== undefined) return { text: Array.from(answer.chunks, String).join(""), grounding: undefined }
  if (!Scripted.speaks(answer)) return undefined
  const composed = Scripted.compose(answer, asking)
  if ("misfit" in composed) return composed
  const { turn } = composed
  const isPlain = turn.finishReason === "STOP" && !turn.parts.some((part) => part["functionCall"] !== undefined)
  if (!isPlain) return { turn }
  const text = turn.parts.map((part) => part["thought"] === true ? "" : Json.text(part["text"]) ?? "").join("")
  return { text, grounding: turn.extra["groundingMetadata"] }
}

export const speak = (
  speaking: Making.Speaking,
  asked: Json.Json,
  input: Steps,
  previous: InteractionRecord.InteractionRecord | undefined
): Making.Said => {
  const { answer, body, now, request, settings } = speaking
  const config = asked["agent_config"]
  const isPlanning = Json.at(config, "collaborative_planning") === true
  const isShown = Json.at(config, "thinking_summaries") === "auto"
  const { changes, topic: said } = briefOf(input, previous, isPlanning)
  const directives = Directives.find(said)
  const topic = said.replace(/\bemulator:\w+[^\n]*/g, "").trim().replace(/[.?!\s]+$/, "") || "the question"
  const dice = Dice.make(`${settings.seed}\nresearch\n${request.model}\n${topic}\n${changes.join("\n")}`)
  const { calling, retrieved, seed, values } = settings
  const asking: Utterance.Request = {
    model: request.model ?? "",
    row: undefined,
    body,
    seed,
    calling,
    values,
    retrieved
  }
  const told = scripted(speaking, asking)
  if (told !== undefined && "misfit" in told) return told
  if (told !== undefined && "turn" in told) return Making.ofTurn(told.turn, speaking)
  if (told === undefined && (directives.error !== undefined || directives.block !== undefined)) {
    return Making.speak(speaking)
  }
  if (told === undefined && directives.finish !== undefined && directives.finish !== "STOP") {
    return Making.speak(speaking)
  }
  const phases = Agents.find(request.model ?? "", now)?.searches ?? 3
  const questions = ResearchReport.questions(topic, changes, phases)
  const usage = (text: string, searches: number, thoughts: number) => {
    const counted = Making.usageOf(speaking, Tokens.ofText(text), thoughts, searches)
    const read = answer.usage?.toolUsePromptTokenCount ?? searches * 250
    return {
      ...counted,
      total_tool_use_tokens: read,
      total_tokens: answer.usage?.totalTokenCount ??
        (Json.number(counted["total_tokens"]) ?? 0) - (Json.number(counted["total_tool_use_tokens"]) ?? 0) + read
    }
  }
  if (isPlanning) {
    const text = told?.text ?? ResearchReport.plan(topic, questions)
    const steps = [
      thought("Planning", `The question is: ${topic}`, isShown, dice),
      output({ text, annotations: [] }, false, dice)
    ]
    return { steps, outcome: { status: "completed", usage: usage(text, 0, dice.int(20, 60)) } }
  }
  const given = answer.grounding?.queries ?? []
  const searches = questions.map((question, i) => ({
    query: given[i] ?? question,
    sources: sourcesOf(topic, question, 2, dice)
  }))
  const schema = Utterance.schemaOf(body)
  const passages = retrieved ?? []
  const report = told !== undefined
    ? {
      text: told.text,
      annotations: told.grounding === undefined
        ? SpokenSteps.annotationsOf(
          Json.at(
            Grounding.cited(
              searches.flatMap(({ sources }) => sources.map(({ title, url: uri }) => ({ title, uri }))),
              [],
              told.text
            ),
            "groundingMetadata"
          )
        )
        : SpokenSteps.annotationsOf(told.grounding)
    }
    : directives.say !== undefined
    ? { text: directives.say, annotations: [] }
    : schema !== undefined
    ? { text: JSON.stringify(Instance.make(schema, dice)), annotations: [] }
    : ResearchReport.make({ topic, searches, documents: documentsOf(input), passages, words: directives.words }, dice)
  const isDrawn = Json.at(config, "visualization") === "auto"
  const steps = [
    thought("Planning", `The question is: ${topic}`, isShown, dice),
    ...searches.flatMap((search) => searching(search, speaking, asked, isShown, dice)),
    ...(passages.length === 0 ? [] : SpokenSteps.pair("file_search", {}, undefined, dice)),
    thought("Writing", "What was found is put together.", isShown, dice),
    ...(isDrawn
      ? SpokenSteps.pair(
        "code_execution",
        { arguments: { code: "plot(found)\n", language: "python" } },
        "chart.png\n",
        dice
      )
      : []),
    output(report, isDrawn, dice)
  ]
  return {
    steps,
    outcome: { status: "completed", usage: usage(report.text, searches.length, dice.int(200, 600)) }
  }
}
