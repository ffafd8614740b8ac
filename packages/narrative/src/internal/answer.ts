/** The record of an answer as those read it who want its text. */
import type { ActResult } from "../ActResult.ts"
import type { Ended } from "../RunEngine.ts"

export const resultOf = (
  record: Ended & { readonly _tag: "ActAnswered" },
  text: string,
  list?: string
): ActResult => ({
  act: record.act,
  model: record.model,
  text,
  ...(list === undefined ? {} : { list }),
  ...(record.isGroup === undefined ? {} : { isGroup: record.isGroup }),
  ...(record.finishReason === undefined ? {} : { finishReason: record.finishReason }),
  ...(record.usage === undefined ? {} : { usage: record.usage }),
  ...(record.attempts === undefined ? {} : { attempts: record.attempts }),
  startedAt: record.startedAt,
  duration: record.duration
})
