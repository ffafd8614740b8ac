import type * as Json from "../json.ts"
import type * as InteractionRecord from "./InteractionRecord.ts"
import * as Making from "./making.ts"

export const isMeant = (asked: Json.Json): boolean => asked["agent"] !== undefined

export const speak = (
  speaking: Making.Speaking,
  _asked: Json.Json,
  _before: InteractionRecord.Timeline | undefined
): Making.Said => Making.speak(speaking)
