/** The narrative of the journals of format 1: an image, a long text, a fallback, an act that is skipped, waits and pauses. */
import type * as Emulator from "effect-gemini-emulator/Emulator"
import { actOf } from "./storyProcess.ts"

/** A picture of one pixel. */
const png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="

export const story = `
title = "Of every kind"
[variables]
topic = "tides"
count = { type = "integer", default = 3 }

[[acts]]
name = "look"
prompt = "[look] Describe it."
inputs = [{ image_base64 = "${png}", media_type = "image/png" }, { image_url = "https://x.test/a.jpg" }]

[[acts]]
name = "long"
prompt = "[long] Write much about {{topic}}."
generation = { temperature = 0.5, response_json_schema = { type = "object" } }

[[acts]]
name = "other"
model = "gemini-2.5-pro"
fallback_models = ["gemini-2.5-flash"]
prompt = "[other] Shorten {{long}}"

[[acts]]
name = "blocked"
on_failure = "skip"
prompt = "[blocked] Say it {{count}} times."

[[acts]]
name = "after"
inputs = [{ act = "blocked" }]
prompt = "[after] Say more."

[[acts]]
name = "final"
system = "Be short."
prompt = "[final] Join {{look}} and {{other}}"
`

/** Its model: a long text for `long`, a block for `blocked`. */
export const answers: Emulator.Options["answers"] = ({ body }) => {
  switch (actOf(body)) {
    case "long":
      return { text: "Ebb and flow. ".repeat(6_000) }
    case "blocked":
      return { response: { promptFeedback: { blockReason: "SAFETY" } } }
    default:
      return { text: `answer to ${actOf(body)}` }
  }
}
