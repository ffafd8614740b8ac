/**
 * Live music, which this server does not make. As at Google the upgrade succeeds, so that clients which wait for it go
 * on, and the refusal is a close frame behind the setup.
 */
import * as Effect from "effect/Effect"
import * as GoogleError from "../../GoogleError.ts"
import type * as LiveLog from "../../LiveLog.ts"
import * as ModelTable from "../../ModelTable.ts"
import * as Json from "../json.ts"
import * as JsonText from "../judge/jsonText.ts"
import type * as Inbox from "./inbox.ts"
import * as Judge from "./messageJudge.ts"
import type * as Outbox from "./outbox.ts"

export interface Options {
  readonly inbox: Inbox.Inbox
  readonly outbox: Outbox.Outbox
  readonly entry: LiveLog.Mutable
  readonly log: LiveLog.LiveLog
  readonly now: () => number
  readonly models: ModelTable.ModelTable
  readonly version: string
}

/** Google's word for what a project cannot have. It says nothing of the reason. */
const unimplemented = "Operation is not implemented, or supported, or enabled."

const decoder = new TextDecoder()

export const run = Effect.fnUntraced(function*(options: Options) {
  const { entry, inbox, log, models, now, outbox, version } = options
  const data = yield* inbox.take
  const text = typeof data === "string" ? data : decoder.decode(data)
  const parsed = JsonText.parse(text)
  log.message(entry, { from: "client", time: now(), message: parsed.ok ? parsed.value : text }, text.length)
  if (!parsed.ok) return outbox.close(1007, parsed.message)
  const name = Json.text(Json.at(parsed.value, "setup", "model"))
  if (name === undefined) return outbox.close(1007, "Request contains an invalid argument.")
  entry.model = name.slice(name.lastIndexOf("/") + 1)
  const row = ModelTable.get(models, name, now())
  if (row?.model.supportedGenerationMethods.includes("bidiGenerateMusic") === true) {
    return outbox.close(1008, unimplemented)
  }
  const refusal = GoogleError.modelNotFound({ name, version, method: "bidiGenerateMusic" })
  return outbox.close(Judge.closeCode(refusal), refusal.body.error.message)
})
