/** Says who would answer a request that is not sent, where nothing is counted and nothing used up. */
import * as EmulatorRequest from "../../EmulatorRequest.ts"
import type * as Explanation from "../../Explanation.ts"
import type * as GeminiHandler from "../../GeminiHandler.ts"
import * as ModelTable from "../../ModelTable.ts"
import * as LetIn from "../decisions/letIn.ts"
import * as Dialogue from "../interactions/dialogue.ts"
import * as InteractionRequest from "../interactions/interactionRequest.ts"
import * as Json from "../json.ts"
import * as Projects from "../rules/projects.ts"

const standardModel = "gemini-3.8-flash"

const requestOf = (
  question: Explanation.Question,
  space: string,
  projects: Projects.Projects
): EmulatorRequest.EmulatorRequest => {
  const { body, method = "generateContent", model = standardModel, version = "v1beta" } = question
  const headers = Object.fromEntries(
    Object.entries(question.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value])
  )
  const name = model.replace(/^models\//, "")
  const key = question.key ?? EmulatorRequest.keyOf(headers, new URLSearchParams()) ?? "any"
  const named = method === InteractionRequest.create ? InteractionRequest.modelOf(body) : undefined
  return {
    method,
    version,
    resource: named === undefined ? `models/${name}` : named.resource,
    model: named === undefined ? name : named.model,
    key,
    space,
    project: projects.nameOf(key),
    region: question.region ?? "global",
    headers,
    query: new URLSearchParams(),
    body
  }
}

const subject: Readonly<Record<Explanation.Explanation["by"], string>> = {
  fault: "A fault",
  misuse: "A header of the emulator's own",
  judge: "The judge",
  hand: "A person, since every call is held,",
  header: "The answer in its header",
  queue: "The next answer of the queue",
  rule: "The rule",
  answers: "A function of the program that started the emulator",
  unmatched: "No rule",
  generator: "The generator"
}

export const explain = (
  question: Explanation.Question,
  options: GeminiHandler.Options,
  state: GeminiHandler.State,
  now: number
): Explanation.Explanation => {
  const request = requestOf(question, state.space, Projects.make(options))
  const misused = Projects.misused(request.headers)
  const hit = misused === undefined ? state.script.nextFault(request, now) : undefined
  const demands = hit?.fault.status !== undefined || hit?.fault.error !== undefined
  const isLive = request.method.startsWith("bidi")
  const bodyText = question.body === undefined ? undefined : JSON.stringify(question.body)
  const judgement = misused === undefined && !demands && !isLive
    ? LetIn.make(options, state.space, (token, now) => state.tokens.worth(token, now))(request, bodyText, now)
    : undefined
  const dialogue = request.method === InteractionRequest.create && judgement?.refusal === undefined
    ? Dialogue.read(
      state.interactions.own,
      request,
      Object(question.body),
      { models: options.models ?? ModelTable.current, isJudged: options.judge !== false },
      now
    )
    : undefined
  const body: Json.Json = dialogue !== undefined && "body" in dialogue
    ? dialogue.body
    : judgement?.refusal === undefined && judgement?.body !== undefined
    ? judgement.body
    : Object(Json.normalized(question.body))
  const told = state.scripts.explain(request, body)
  const refusal = judgement?.refusal ?? (dialogue !== undefined && "refusal" in dialogue ? dialogue.refusal : undefined)
  const refused = misused ?? refusal?.body.error.message
  const by = misused !== undefined
    ? "misuse"
    : demands
    ? "fault"
    : refusal !== undefined
    ? "judge"
    : told.by
  const rules = told.rules.map(({ miss, rule }) =>
    miss === undefined ? { rule } : { rule, path: miss.path, wanted: miss.wanted, found: miss.found }
  )
  const why = refused ?? (by === "unmatched" ? told.refused : undefined)
  const who = by === "rule" ? `The rule "${told.rule}"` : subject[by]
  const head = why === undefined
    ? demands ? `${who} (${hit?.id}) would answer.` : `${who} would answer.`
    : `It would be refused. ${why}`
  const lines = rules.map(({ found, path, rule, wanted }) =>
    path === undefined
      ? `- rule "${rule}" matches`
      : `- rule "${rule}": ${path}: wanted ${wanted}, found ${found}`
  )
  return {
    by,
    text: [head, ...lines].join("\n"),
    ...(by === "rule" && told.rule !== undefined ? { rule: told.rule } : {}),
    ...(why === undefined ? {} : { refused: why }),
    ...(hit === undefined ? {} : { fault: hit.id }),
    rules
  }
}
