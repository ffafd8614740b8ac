/** The turns of a recorded Live session: what the user had said, and what the model then said or called. */
import type * as Recording from "../../cassettes/Recording.ts"
import type * as Reply from "../../Reply.ts"
import * as Json from "../json.ts"
import { Subject } from "../rules/Subject.ts"
import * as Tape from "./Tape.ts"

export interface LiveTurn {
  readonly subject: Subject
  readonly reply: string | Reply.Reply
}

type Content = { readonly role: string; readonly parts: ReadonlyArray<unknown> }

/** What a message of the client adds to the dialogue. */
const heard = (message: unknown): ReadonlyArray<unknown> => {
  const typed = Json.text(Json.at(message, "realtimeInput", "text"))
  if (typed !== undefined) return [{ role: "user", parts: [{ text: typed }] }]
  const responses = Json.list(Json.at(message, "toolResponse", "functionResponses"))
  if (responses.length > 0) {
    return [{ role: "user", parts: responses.map((functionResponse) => ({ functionResponse })) }]
  }
  return Json.list(Json.at(message, "clientContent", "turns"))
}

export const of = (
  file: string,
  session: Recording.Live
): { readonly turns: ReadonlyArray<LiveTurn>; readonly skipped: ReadonlyArray<string> } => {
  const turns: Array<LiveTurn> = []
  const skipped: Array<string> = []
  const contents: Array<unknown> = []
  let setup: Json.Json = {}
  let isMute = false
  let text = ""
  let calls: Array<{ readonly name: string; readonly args: unknown }> = []

  const close = () => {
    const isSpoken = text !== "" || calls.length > 0
    if (isSpoken && isMute) skipped.push("a turn of Live that answers sound: no rule hears it")
    if (isSpoken && !isMute) {
      const { contents: _, ...rest } = setup
      const body = { ...rest, contents: [...contents] }
      const model = Json.text(setup["model"])
      const request = {
        method: "bidiGenerateContent",
        version: "v1beta",
        resource: model,
        model: model?.slice(model.lastIndexOf("/") + 1),
        key: undefined,
        space: "default",
        project: "default",
        region: "global",
        headers: {},
        query: new URLSearchParams(),
        body
      }
      const reply = calls.length === 0
        ? text
        : {
          ...(text === "" ? {} : { text }),
          calls: calls.map(({ args, name }) => ({ name, args: Json.isObject(args) ? args : {} }))
        }
      turns.push({ subject: new Subject(request, body), reply })
    }
    if (isSpoken) {
      const parts = [...(text === "" ? [] : [{ text }]), ...calls.map((functionCall) => ({ functionCall }))]
      const content: Content = { role: "model", parts }
      contents.push(content)
    }
    isMute = false
    text = ""
    calls = []
  }

  for (const [, from, , piece] of session.frames) {
    const message = Json.normalized(Json.parse(Buffer.from(Tape.bytesOf(file, piece)).toString("utf8")))
    if (from === "c") {
      const given = Json.at(message, "setup")
      if (Json.isObject(given)) setup = given
      if (Json.at(message, "realtimeInput", "audio") !== undefined) isMute = true
      contents.push(...heard(message))
      continue
    }
    for (const part of Json.list(Json.at(message, "serverContent", "modelTurn", "parts"))) {
      if (Json.at(part, "thought") !== true) text += Json.text(Json.at(part, "text")) ?? ""
    }
    text += Json.text(Json.at(message, "serverContent", "outputTranscription", "text")) ?? ""
    for (const call of Json.list(Json.at(message, "toolCall", "functionCalls"))) {
      calls.push({ name: Json.text(Json.at(call, "name")) ?? "", args: Json.at(call, "args") ?? {} })
    }
    if (Json.at(message, "serverContent", "turnComplete") === true || Json.at(message, "toolCall") !== undefined) {
      close()
    }
  }
  close()
  return { turns, skipped }
}
