/** Values out of the words of a prompt, against expectations that were written before the first run (2026-11-29). */
import { assert, describe, layer } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Effect from "effect/Effect"
import { generate, parts, prompt, text } from "./Wire.ts"

const string = { type: "string" }
const number = { type: "number" }
const integer = { type: "integer" }
const strings = { type: "array", items: string }
const of = (...options: ReadonlyArray<unknown>) => ({ enum: options })
const formatted = (format: string) => ({ type: "string", format })

/** What the user says, the properties of the function, and the arguments. */
const expectations: ReadonlyArray<
  readonly [string, Readonly<Record<string, unknown>>, Readonly<Record<string, unknown>>]
> = [
  // Cities and places.
  ["What is the weather in Berlin?", { city: string }, { city: "Berlin" }],
  ["Tell me the forecast for New York tomorrow", { location: string }, { location: "New York" }],
  ["How warm is it in São Paulo right now?", { city_name: string }, { city_name: "São Paulo" }],
  ["Find a flight from Oslo to Lisbon", { origin: string, destination: string }, {
    origin: "Oslo",
    destination: "Lisbon"
  }],
  ["Fly me to Lisbon from Oslo", { from: string, to: string }, { from: "Oslo", to: "Lisbon" }],
  ["Compare Berlin and Paris", { cities: strings }, { cities: ["Berlin", "Paris"] }],
  ["Weather for Rome, Oslo and Bergen", { locations: strings }, { locations: ["Rome", "Oslo", "Bergen"] }],
  ["How many people live in Japan?", { country: string }, { country: "Japan" }],
  ["On Monday I travel to Vienna", { city: string }, { city: "Vienna" }],
  // Numbers and their units.
  ["Make the recipe for 4 servings", { servings: integer }, { servings: 4 }],
  ["Book a table for two people", { people: integer }, { people: 2 }],
  ["A recipe for 4 people in 30 minutes", { minutes: integer, people: integer }, { minutes: 30, people: 4 }],
  ["Add 2 and 3", { a: number, b: number }, { a: 2, b: 3 }],
  ["Show page 3 with 25 results", { page: integer, results: integer }, { page: 3, results: 25 }],
  ["Set the temperature to 21.5 degrees", { temperature: number }, { temperature: 21.5 }],
  ["It is -4 degrees outside", { degrees: number }, { degrees: -4 }],
  ["A house for 1,250,000 dollars", { price: number }, { price: 1250000 }],
  ["Give 15% off to 3 customers", { discount: number }, { discount: 15 }],
  ["The laptop costs $999.99 and weighs 2 kg", { price: number }, { price: 999.99 }],
  ["Sum 4, 8 and 15", { values: { type: "array", items: number } }, { values: [4, 8, 15] }],
  // Money.
  [
    "Convert 100 USD to EUR",
    { amount: number, from_currency: string, to_currency: string },
    { amount: 100, from_currency: "USD", to_currency: "EUR" }
  ],
  ["Charge 20 euros", { amount: number, currency: string }, { amount: 20, currency: "EUR" }],
  ["Pay £40 to the shop", { currency: string }, { currency: "GBP" }],
  // Days and times.
  ["Book a room on 2027-03-14", { date: formatted("date") }, { date: "2027-03-14" }],
  ["Book a room for March 5, 2027", { date: formatted("date") }, { date: "2027-03-05" }],
  ["The meeting is on 7 April 2027 at 3 pm", { date: string, time: string }, { date: "2027-04-07", time: "15:00" }],
  [
    "A hotel from 2027-01-02 to 2027-01-09",
    { start_date: formatted("date"), end_date: formatted("date") },
    { start_date: "2027-01-02", end_date: "2027-01-09" }
  ],
  ["Remind me on 2027-05-01 at 18:30", { due: formatted("date-time") }, { due: "2027-05-01T18:30:00Z" }],
  ["Wake me tomorrow", { day: string }, { day: "tomorrow" }],
  // People, mail, phones, pages, ids.
  ["Create a user called Ada Lovelace", { name: string }, { name: "Ada Lovelace" }],
  ["Send a mail to grace@navy.mil", { recipient: formatted("email") }, { recipient: "grace@navy.mil" }],
  ["Email bob@example.org saying that lunch is ready", { to: string, body: string }, {
    to: "bob@example.org",
    body: "lunch is ready"
  }],
  ["Call +49 30 901820 please", { phone_number: string }, { phone_number: "+49 30 901820" }],
  ["Fetch https://effect.website/docs, please.", { url: formatted("uri") }, { url: "https://effect.website/docs" }],
  ["Where is my order ORD-4711?", { order_id: string }, { order_id: "ORD-4711" }],
  ["Close ticket #88", { ticketId: string }, { ticketId: "88" }],
  ["Invite Grace Hopper to the meeting", { attendee: string }, { attendee: "Grace Hopper" }],
  // Words.
  ["Search the web for Effect schema errors", { query: string }, { query: "Effect schema errors" }],
  ["Play \"Blue in Green\"", { title: string }, { title: "Blue in Green" }],
  ["Note \"buy milk\" for me", { note: string }, { note: "buy milk" }],
  ["Tag it with \"red\" and \"round\"", { tags: strings }, { tags: ["red", "round"] }],
  // Languages.
  ["Translate \"good morning\" to French", { text: string, target_language: string }, {
    text: "good morning",
    target_language: "French"
  }],
  ["Translate from German to Polish", { source_lang: of("en", "de", "pl"), target_lang: string }, {
    target_lang: "Polish"
  }],
  [
    "Translate this to Spanish",
    { language: { type: "string", pattern: "^[a-z]{2}$" } },
    { language: "es" }
  ],
  // What the schema says comes first, and always wins.
  ["What is the weather in Berlin?", { city: { type: "string", examples: ["Tokyo"] } }, { city: "Tokyo" }],
  ["What is the weather in Osaka?", { city: { type: "string", examples: ["Tokyo", "Osaka"] } }, { city: "Osaka" }],
  ["Find 3 shoes", { limit: { type: "integer", default: 10 } }, { limit: 10 }],
  ["How hot is it in fahrenheit?", { unit: of("celsius", "fahrenheit") }, { unit: "fahrenheit" }],
  ["A table for 12 people at eight", { people: { type: "integer", minimum: 1, maximum: 8 } }, { people: 8 }],
  ["Send it without a receipt, gift wrapped", { receipt: { type: "boolean" }, gift: { type: "boolean" } }, {
    receipt: false,
    gift: true
  }]
]

const asked = (words: string, properties: Readonly<Record<string, unknown>>) =>
  generate({
    ...prompt(words),
    toolConfig: { functionCallingConfig: { mode: "ANY" } },
    tools: [{
      functionDeclarations: [{
        name: "act",
        parametersJsonSchema: { type: "object", properties, required: Object.keys(properties) }
      }]
    }]
  })

const argsOf = (words: string, properties: Readonly<Record<string, unknown>>) =>
  Effect.map(asked(words, properties), (response) => Object(parts(response)[0]?.functionCall?.args))

layer(Emulator.layerHttpClient({ calls: "likely", values: "likely" }))("likely values", (it) => {
  describe("of fifty prompts", () => {
    it("are fifty", () => assert.strictEqual(expectations.length, 50))
    for (const [words, properties, expected] of expectations) {
      it.effect(`${words} → ${JSON.stringify(expected)}`, () =>
        Effect.gen(function*() {
          const args = yield* argsOf(words, properties)
          const told = Object.fromEntries(Object.keys(expected).map((key) => [key, args[key]]))
          assert.deepStrictEqual(told, { ...expected })
        }))
    }
  })

  it.effect("JSON answers are made of the same, and the answer's words are its own", () =>
    Effect.gen(function*() {
      const schema = { type: "object", properties: { city: string, people: integer, answer: string } }
      const response = yield* generate({
        ...prompt("Plan a trip to Lisbon for 5 people"),
        generationConfig: { responseMimeType: "application/json", responseJsonSchema: schema }
      })
      const { answer, ...rest } = JSON.parse(text(response))
      assert.deepStrictEqual(rest, { city: "Lisbon", people: 5 })
      assert.include(answer, "answering from the emulator")
    }))

  it.effect("Google's own dialect of schemas has them too: types in capitals, example, nullable", () =>
    Effect.gen(function*() {
      const response = yield* generate({
        ...prompt("Weather in Bergen for 3 days"),
        generationConfig: {
          responseMimeType: "application/json",
          responseSchema: {
            type: "OBJECT",
            properties: {
              city: { type: "STRING", nullable: true },
              days: { type: "INTEGER" },
              unit: { type: "STRING", example: "kelvin" }
            }
          }
        }
      })
      assert.deepStrictEqual(JSON.parse(text(response)), { city: "Bergen", days: 3, unit: "kelvin" })
    }))
})
