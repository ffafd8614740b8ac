import { assert, describe, layer } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { inflateSync } from "node:zlib"
import { flash, generate, parts, post, prompt, stream, text } from "./Wire.ts"

const config = (words: string, generationConfig: object, more: object = {}) => ({
  ...prompt(words),
  generationConfig,
  ...more
})

const declare = (...names: ReadonlyArray<string>) => ({
  tools: [{ functionDeclarations: names.map((name) => ({ name, parametersJsonSchema: { type: "object" } })) }]
})

interface Tree {
  readonly name: string
  readonly children: ReadonlyArray<Tree>
}
const Tree: Schema.Codec<Tree> = Schema.Struct({
  name: Schema.String,
  children: Schema.Array(Schema.suspend(() => Tree))
}).annotate({ identifier: "Tree" })

const schemas: ReadonlyArray<readonly [string, Schema.Codec<unknown>]> = [
  ["a flat object", Schema.Struct({ name: Schema.NonEmptyString, age: Schema.Int, married: Schema.Boolean })],
  ["numbers in bounds", Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: -3, maximum: 3 })))],
  ["a half-open bound", Schema.Struct({ n: Schema.Finite.check(Schema.isGreaterThanOrEqualTo(1000)) })],
  ["literals and unions", Schema.Union([Schema.Literals(["a", "b"]), Schema.Struct({ c: Schema.Null })])],
  ["a tuple", Schema.Tuple([Schema.String, Schema.Int])],
  ["a list of three", Schema.Array(Schema.String).check(Schema.isMinLength(3))],
  ["a type that holds itself", Tree]
]

layer(Emulator.layerHttpClient())("the generator", (it) => {
  describe("text", () => {
    it.effect("the stream says what the whole answer says, with cumulative usage that ends alike", () =>
      Effect.gen(function*() {
        for (
          const words of ["Hello", "emulator:words 200", "", "Zwölf Boxkämpfer jagen Viktor quer über den Sylter Deich"]
        ) {
          const whole = yield* generate(prompt(words || "x"))
          const chunks = yield* stream(prompt(words || "x"))
          assert.strictEqual(chunks.map(text).join(""), text(whole))
          assert.deepStrictEqual(chunks.at(-1)?.usageMetadata, whole.usageMetadata)
          const counts = chunks.map(({ usageMetadata }) => usageMetadata.candidatesTokenCount ?? 0)
          assert.deepStrictEqual(counts, counts.toSorted((a, b) => a - b))
          assert.deepStrictEqual(
            chunks.map(({ candidates }) => candidates?.[0]?.finishReason),
            chunks.map((_, i) => i === chunks.length - 1 ? "STOP" : undefined)
          )
        }
      }))

    it.effect("the total is prompt, thoughts and candidates", () =>
      Effect.gen(function*() {
        const { usageMetadata } = yield* generate(prompt("Hello"))
        const { candidatesTokenCount = 0, promptTokenCount, thoughtsTokenCount = 0, totalTokenCount } = usageMetadata
        assert.isAbove(thoughtsTokenCount, 0)
        assert.strictEqual(totalTokenCount, promptTokenCount + thoughtsTokenCount + candidatesTokenCount)
      }))

    it.effect("maxOutputTokens cuts the text, thoughts counted, and the reason is MAX_TOKENS", () =>
      Effect.gen(function*() {
        const cut = yield* generate(config("emulator:words 300", { maxOutputTokens: 60 }))
        const { candidatesTokenCount = 0, thoughtsTokenCount = 0 } = cut.usageMetadata
        assert.strictEqual(cut.candidates?.[0]?.finishReason, "MAX_TOKENS")
        assert.strictEqual(candidatesTokenCount + thoughtsTokenCount, 60)
      }))

    it.effect("a limit that the thoughts use up leaves a content without parts", () =>
      Effect.gen(function*() {
        const spent = yield* generate(config("Hello", { maxOutputTokens: 2 }))
        assert.deepStrictEqual(spent.candidates?.[0]?.content, { role: "model" })
        assert.strictEqual(spent.candidates?.[0]?.finishReason, "MAX_TOKENS")
        const [only] = yield* stream(config("Hello", { maxOutputTokens: 2 }))
        assert.deepStrictEqual(only?.candidates?.[0]?.content, { role: "model" })
      }))

    it.effect("a stop sequence ends the text before itself", () =>
      Effect.gen(function*() {
        const answer = yield* generate(config("emulator:words 20", { stopSequences: ["word5", "word3"] }))
        assert.strictEqual(text(answer), "word1 word2 ")
        assert.strictEqual(answer.candidates?.[0]?.finishReason, "STOP")
      }))

    it.effect("as many candidates as asked for, streamed too", () =>
      Effect.gen(function*() {
        const whole = yield* generate(config("Hello", { candidateCount: 3 }))
        assert.deepStrictEqual(whole.candidates?.map(({ index }) => index), [0, 1, 2])
        const chunks = yield* stream(config("Hello", { candidateCount: 3 }))
        const ended = chunks.flatMap(({ candidates }) => candidates ?? []).filter((each) =>
          each.finishReason !== undefined
        )
        assert.deepStrictEqual(ended.map(({ index }) => index), [0, 1, 2])
        assert.deepStrictEqual(chunks.at(-1)?.usageMetadata, whole.usageMetadata)
      }))

    it.effect("log probabilities of every token, and of so many others", () =>
      Effect.gen(function*() {
        const answer = yield* generate(config("emulator:say one two three", { responseLogprobs: true, logprobs: 3 }))
        const result = answer.candidates?.[0]?.logprobsResult
        assert.deepStrictEqual(result?.chosenCandidates.map(({ token }) => token), ["one", " two", " three"])
        assert.deepStrictEqual(result?.topCandidates?.map(({ candidates }) => candidates.length), [3, 3, 3])
      }))

    it.effect("words in the prompt choose text, block, finish reason, emptiness and error", () =>
      Effect.gen(function*() {
        assert.strictEqual(text(yield* generate(prompt("emulator:say Good morning"))), "Good morning")
        const blocked = yield* generate(prompt("emulator:block OTHER"))
        assert.deepStrictEqual([blocked.candidates, blocked.promptFeedback], [undefined, { blockReason: "OTHER" }])
        const unsafe = yield* generate(prompt("emulator:finish SAFETY"))
        assert.strictEqual(unsafe.candidates?.[0]?.finishReason, "SAFETY")
        assert.isArray(unsafe.candidates?.[0]?.safetyRatings)
        const empty = yield* generate(prompt("emulator:empty"))
        assert.deepStrictEqual(parts(empty), [])
        const error = yield* post(`/v1/models/${flash}:generateContent`, prompt("emulator:error 503"))
        assert.strictEqual(error.status, 503)
      }))
  })

  describe("JSON", () => {
    for (const [name, schema] of schemas) {
      it.effect(`by schema: ${name}`, () =>
        Effect.gen(function*() {
          const { definitions, schema: root } = Schema.toJsonSchemaDocument(schema)
          const responseJsonSchema = JSON.parse(JSON.stringify({ ...root, $defs: definitions }))
          const decode = Schema.decodeUnknownEffect(schema)
          for (let i = 0; i < 20; i++) {
            const answer = yield* generate(
              config(`try ${i}`, { responseMimeType: "application/json", responseJsonSchema })
            )
            yield* decode(JSON.parse(text(answer)))
          }
        }))
    }

    it.effect("patterns, lengths and formats of responseSchema", () =>
      Effect.gen(function*() {
        const properties = {
          plate: { type: "STRING", pattern: "^[A-Z]{3}-\\d{4}$" },
          code: { type: "STRING", minLength: "20", maxLength: "22" },
          day: { type: "STRING", format: "date-time" }
        }
        for (let i = 0; i < 20; i++) {
          const answer = yield* generate(config(`try ${i}`, {
            responseMimeType: "application/json",
            responseSchema: { type: "OBJECT", properties, required: ["plate", "code", "day"] }
          }))
          const { code, day, plate } = JSON.parse(text(answer))
          assert.match(plate, /^[A-Z]{3}-\d{4}$/)
          assert.match(code, /^.{20,22}$/)
          assert.isFalse(Number.isNaN(Date.parse(day)))
        }
      }))

    it.effect("responseSchema keeps propertyOrdering; text/x.enum says one of the values", () =>
      Effect.gen(function*() {
        const ordered = yield* generate(config("x", {
          responseMimeType: "application/json",
          responseSchema: {
            type: "OBJECT",
            properties: { a: { type: "STRING", nullable: true }, b: { type: "INTEGER" } },
            propertyOrdering: ["b", "a"]
          }
        }))
        assert.deepStrictEqual(Object.keys(JSON.parse(text(ordered))), ["b", "a"])
        const chosen = yield* generate(config("x", {
          responseMimeType: "text/x.enum",
          responseSchema: { type: "STRING", enum: ["red", "blue"] }
        }))
        assert.include(["red", "blue"], text(chosen))
      }))
  })

  describe("functions", () => {
    it.effect("are called when the prompt names them, in its order, whole in the stream", () =>
      Effect.gen(function*() {
        const body = { ...prompt("First b_two, then a_one"), ...declare("a_one", "b_two", "c_three") }
        const calls = parts(yield* generate(body)).map((part) => part.functionCall?.name)
        assert.deepStrictEqual(calls, ["b_two", "a_one"])
        const chunks = yield* stream(body)
        assert.deepStrictEqual(chunks.map((chunk) => parts(chunk)[0]?.functionCall?.name), calls)
        assert.deepStrictEqual(
          parts(yield* generate({ ...prompt("Hello"), ...declare("a_one") }))[0]?.functionCall,
          undefined
        )
      }))

    it.effect("a directive calls with given arguments; mode NONE calls nothing", () =>
      Effect.gen(function*() {
        const [part] = parts(yield* generate({ ...prompt("emulator:call pay {\"amount\": 3}"), ...declare("pay") }))
        assert.deepStrictEqual([part?.functionCall?.name, part?.functionCall?.args], ["pay", { amount: 3 }])
        const none = { toolConfig: { functionCallingConfig: { mode: "NONE" } } }
        const [said] = parts(yield* generate({ ...prompt("pay"), ...declare("pay"), ...none }))
        assert.isString(said?.text)
      }))
  })

  describe("thought signatures", () => {
    const signedAt = (list: ReadonlyArray<{ readonly thoughtSignature?: string }>) =>
      list.map((part) => part.thoughtSignature !== undefined)

    it.effect("on the first of parallel calls only", () =>
      Effect.gen(function*() {
        const body = { ...prompt("a_one b_two"), ...declare("a_one", "b_two") }
        assert.deepStrictEqual(signedAt(parts(yield* generate(body))), [true, false])
        assert.deepStrictEqual(signedAt((yield* stream(body)).flatMap((chunk) => parts(chunk))), [true, false])
      }))

    it.effect("on the last part of a text; in a stream on an empty part of its own", () =>
      Effect.gen(function*() {
        const body = config("Hello", { thinkingConfig: { includeThoughts: true } })
        const whole = parts(yield* generate(body))
        assert.deepStrictEqual(whole.map(({ thought }) => thought === true), [true, false])
        assert.deepStrictEqual(signedAt(whole), [false, true])
        const last = parts((yield* stream(body)).at(-1)).at(-1)
        assert.strictEqual(last?.text, "")
        assert.strictEqual(last?.thoughtSignature, whole.at(-1)?.thoughtSignature)
      }))

    it.effect("none from a model that does not think", () =>
      Effect.gen(function*() {
        const body = config("Hello", { thinkingConfig: { thinkingBudget: 0 } })
        const answer = yield* generate(body, "gemini-2.5-flash")
        assert.deepStrictEqual(signedAt(parts(answer)), [false])
        assert.isUndefined(answer.usageMetadata.thoughtsTokenCount)
      }))
  })

  describe("tools of the server and media", () => {
    it.effect("grounding segments are UTF-8 byte offsets of the text", () =>
      Effect.gen(function*() {
        const answer = yield* generate({ ...prompt("emulator:say Über Köln. Äpfel!"), tools: [{ googleSearch: {} }] })
        const bytes = new TextEncoder().encode(text(answer))
        const supports = answer.candidates?.[0]?.groundingMetadata?.groundingSupports ?? []
        assert.strictEqual(supports.length, 2)
        for (const { segment } of supports) {
          const cut = new TextDecoder().decode(bytes.slice(segment.startIndex ?? 0, segment.endIndex))
          assert.strictEqual(cut, segment.text)
        }
      }))

    it.effect("code execution: code, result, text", () =>
      Effect.gen(function*() {
        const [code, result, said] = parts(yield* generate({ ...prompt("2 + 2"), tools: [{ codeExecution: {} }] }))
        assert.isDefined(code?.executableCode)
        assert.isDefined(result?.codeExecutionResult)
        assert.isString(said?.text)
      }))

    it.effect("an image is a PNG that inflates to its pixels, in the ratio asked for", () =>
      Effect.gen(function*() {
        const answer = yield* generate(
          config("A cat", { responseModalities: ["IMAGE"], imageConfig: { aspectRatio: "16:9" } }),
          "gemini-3.1-flash-image"
        )
        const png = Buffer.from(parts(answer)[0]?.inlineData?.data ?? "", "base64")
        assert.deepStrictEqual([...png.subarray(0, 8)], [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
        const [width, height] = [png.readUInt32BE(16), png.readUInt32BE(20)]
        assert.deepStrictEqual([width, height], [32, 18])
        const at = png.indexOf("IDAT")
        const pixels = inflateSync(png.subarray(at + 4, at + 4 + png.readUInt32BE(at - 4)))
        assert.strictEqual(pixels.length, height * (1 + width * 3))
      }))

    it.effect("speech is 16 bit PCM", () =>
      Effect.gen(function*() {
        const answer = yield* generate(
          config("Say it", {
            responseModalities: ["AUDIO"],
            speechConfig: { voiceConfig: { prebuiltVoiceConfig: { voiceName: "Kore" } } }
          }),
          "gemini-3.8-flash-tts"
        )
        const data = parts(answer)[0]?.inlineData
        assert.match(data?.mimeType ?? "", /^audio\/L16/)
        assert.strictEqual(Buffer.from(data?.data ?? "", "base64").length, 4800)
      }))
  })

  describe("embeddings and counts", () => {
    const embed = (words: string, model: string, more: object = {}) =>
      Effect.flatMap(
        post(`/v1beta/models/${model}:embedContent`, { content: { parts: [{ text: words }] }, ...more }),
        (response) => Effect.map(response.text, (body): ReadonlyArray<number> => JSON.parse(body).embedding.values)
      )
    const dot = (a: ReadonlyArray<number>, b: ReadonlyArray<number>) =>
      a.reduce((sum, x, i) => sum + x * (b[i] ?? 0), 0)

    it.effect("length 1 at full size; cut short only gemini-embedding-2 is scaled again", () =>
      Effect.gen(function*() {
        const full = yield* embed("a text", "gemini-embedding-001")
        assert.strictEqual(full.length, 3072)
        assert.closeTo(dot(full, full), 1, 1e-6)
        const short = yield* embed("a text", "gemini-embedding-001", { outputDimensionality: 768 })
        assert.deepStrictEqual(short, full.slice(0, 768))
        const newer = yield* embed("a text", "gemini-embedding-2", { outputDimensionality: 768 })
        assert.closeTo(dot(newer, newer), 1, 1e-6)
      }))

    it.effect("texts that share words lie closer together", () =>
      Effect.gen(function*() {
        const [cat, kitten, invoice] = yield* Effect.forEach(
          ["the cat sat on the mat", "a cat lay on the mat", "quarterly invoice overdue"],
          (words) => embed(words, "gemini-embedding-2")
        )
        assert.isAbove(dot(cat ?? [], kitten ?? []), 2 * dot(cat ?? [], invoice ?? []))
      }))

    it.effect("countTokens counts what generateContent then charges", () =>
      Effect.gen(function*() {
        const body = {
          ...prompt("How long is this?"),
          systemInstruction: { parts: [{ text: "Be brief." }] },
          ...declare("f")
        }
        const counted = yield* post(`/v1beta/models/${flash}:countTokens`, {
          generateContentRequest: { model: `models/${flash}`, ...body }
        })
        const { totalTokens } = JSON.parse(yield* counted.text)
        assert.strictEqual(totalTokens, (yield* generate(body)).usageMetadata.promptTokenCount)
      }))
  })
})
