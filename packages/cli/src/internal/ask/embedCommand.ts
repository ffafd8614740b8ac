/** `gemini-fx embed`: texts and attachments as vectors. */
import * as GeminiConfig from "effect-gemini/GeminiConfig"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Flags from "../flags.ts"

const tasks = [
  "retrieval-query",
  "retrieval-document",
  "semantic-similarity",
  "classification",
  "clustering",
  "question-answering",
  "fact-verification",
  "code-retrieval-query"
] as const

export const embedCommand = Command.make(
  "embed",
  {
    texts: Argument.String("text").pipe(
      Argument.withDescription("each is a vector. Without any: all of stdin is one text"),
      Argument.variadic({ min: 0 })
    ),
    lines: Flag.Boolean("lines").pipe(
      Flag.withAlias("l"),
      Flag.withDescription("each line of stdin is a text, and blank lines are none"),
      Flag.withDefault(false)
    ),
    attachments: Flag.String("attach").pipe(
      Flag.withAlias("a"),
      Flag.withMetavar("file|url|-"),
      Flag.withDescription(
        "an image, PDF, sound, video or text, each a vector, for models that read them; default: none"
      ),
      Flag.atLeast(0)
    ),
    model: Flag.String("model").pipe(
      Flag.withAlias("m"),
      Flag.withDescription(`the model that makes the vectors; default: ${GeminiConfig.defaultEmbeddingModel}`),
      Flag.withDefault(GeminiConfig.defaultEmbeddingModel)
    ),
    task: Flag.Literals("task", tasks).pipe(
      Flag.withDescription("what the vectors are for; default: nothing in particular"),
      Flag.optional
    ),
    dimensions: Flag.Int("dimensions").pipe(
      Flag.withDescription("how many numbers a vector has; default: the model's own"),
      Flag.optional
    ),
    json: Flags.json("writes one JSON document: vectors, tokens and model; else a line of JSON for each vector"),
    quiet: Flags.quiet,
    emulator: Flags.emulator,
    tier: Flags.tier("the quota tier to keep; default: GEMINI_FX_TIER, else free, none with the emulator"),
    config: Flags.config
  },
  (input) => Effect.flatMap(Effect.promise(() => import("./embedding.ts")), ({ embed }) => embed(input))
).pipe(
  Command.withDescription("Turn texts into vectors"),
  Command.withExamples([
    { command: "gemini-fx embed \"A cat\" \"A dog\"", description: "A line of JSON for each text" },
    { command: "cat titles.txt | gemini-fx embed --lines --dimensions 256", description: "A line for each line" }
  ])
)
