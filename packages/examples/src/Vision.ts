/**
 * Vision: an image is a part beside the question.
 */
import { GeminiClient } from "effect-gemini/GeminiClient"
import * as Part from "effect-gemini/wire/Part"
import * as Effect from "effect/Effect"

/** Put the image before the question: Gemini reads one image better that way. */
export const describe = (image: Uint8Array, mimeType: string) =>
  GeminiClient.use((gemini) =>
    gemini.generate({
      contents: [Part.image(image, mimeType), Part.text("What is in this picture? One sentence.")]
    })
  ).pipe(Effect.map((answer) => answer.text))
