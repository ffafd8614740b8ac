import { Validator } from "@seriousme/openapi-schema-validator"
import * as Standalone from "effect-gemini-emulator/Standalone"
import { mkdtempSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import * as Examples from "../src/internal/admin/examples.ts"
import { flash, prompt } from "./Wire.ts"

interface Parameter {
  readonly name: string
  readonly in: string
  readonly example?: unknown
}
interface Operation {
  readonly operationId: string
  readonly parameters: ReadonlyArray<Parameter>
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly example?: unknown }>> }
  readonly responses: Readonly<Record<string, unknown>>
}
interface Document {
  readonly openapi: string
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
}

let emulator: Awaited<ReturnType<typeof Standalone.start>>
let document: Document
beforeAll(async () => {
  // The cassette of the examples.
  const cassetteFolder = mkdtempSync(join(tmpdir(), "emulator-openapi-"))
  writeFileSync(join(cassetteFolder, "weather.jsonl"), "{\"cassette\":1,\"by\":\"test\",\"redaction\":[]}\n")
  emulator = await Standalone.start({ cassetteFolder })
  document = await (await fetch(`${emulator.url}/_emulator/v1/openapi.json`)).json()
})
afterAll(() => emulator.stop())

const operationsOf = () =>
  Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), ...operation }))
  )

describe("the document of the admin API", () => {
  it("is valid OpenAPI 3.1, as a validator of somebody else's says", async () => {
    assert.strictEqual(document.openapi, "3.1.0")
    const { errors, valid } = await new Validator().validate(JSON.parse(JSON.stringify(document)))
    assert.isTrue(valid, JSON.stringify(errors))
    const broken = { ...document, paths: { "no-slash": {} } }
    assert.isFalse((await new Validator().validate(JSON.parse(JSON.stringify(broken)))).valid)
  })

  it("has an example of every call", () => {
    const names = operationsOf().map(({ operationId }) => operationId)
    assert.deepStrictEqual(names.sort(), Object.keys(Examples.examples).sort())
    for (const { operationId, parameters, requestBody } of operationsOf()) {
      for (const { example, in: place, name } of parameters) {
        if (place === "path") assert.isDefined(example, `${operationId}: ${name}`)
      }
      const json = requestBody?.content["application/json"]
      if (requestBody !== undefined) assert.isDefined(json?.example, operationId)
    }
  })

  it("is kept: every endpoint answers its example with a status that it names", async () => {
    const operations = new Map(operationsOf().map((each) => [each.operationId, each]))
    const answered: Array<string> = []
    for (const name of Object.keys(Examples.examples)) {
      const operation = operations.get(name)
      if (operation === undefined) throw new Error(`there is no ${name}`)
      const { method, parameters, path, requestBody, responses } = operation
      const { space } = Examples
      const key = { "x-goog-api-key": "good" }
      if (name === "listRequests") {
        await fetch(`${emulator.url}/spaces/${space}/v1beta/models/${flash}:generateContent`, {
          method: "POST",
          headers: key,
          body: JSON.stringify(prompt("How is the weather in Berlin?"))
        })
      }
      let body = requestBody?.content["application/json"]?.example
      if (name === "loseCache") {
        // Only the server names a cache.
        const made = await fetch(`${emulator.url}/spaces/${space}/v1beta/cachedContents`, {
          method: "POST",
          headers: key,
          body: JSON.stringify({ model: `models/${flash}`, ...prompt("word ".repeat(6000)) })
        })
        body = { name: (await made.json()).name }
      }
      if (name === "forgetInteraction") {
        // Only the server gives ids to interactions.
        const made = await fetch(`${emulator.url}/spaces/${space}/v1beta/interactions`, {
          method: "POST",
          headers: key,
          body: JSON.stringify({ model: flash, input: "Hello" })
        })
        body = { id: (await made.json()).id }
      }
      if (name === "answerHeld" || name === "letHeldGo") {
        // There has to be one: the first and the second, as the examples have it.
        const parametersJsonSchema = { type: "object", properties: { city: { type: "string" } } }
        const tools = [{ functionDeclarations: [{ name: "get_weather", parametersJsonSchema }] }]
        void fetch(`${emulator.url}/spaces/${space}/v1beta/models/${flash}:generateContent`, {
          method: "POST",
          headers: key,
          body: JSON.stringify({ ...prompt("How is the weather in Berlin?"), tools })
        })
        await emulator.space(space).holds.awaitHeld(1)
      }
      const given = parameters.filter(({ example }) => example !== undefined)
      const at = given.filter((each) => each.in === "path").reduce(
        (text, { example, name }) => text.replace(`{${name}}`, encodeURIComponent(String(example))),
        path
      )
      const query = new URLSearchParams(
        given.flatMap((each) => each.in === "query" ? [[each.name, String(each.example)]] : [])
      )
      const gone = new AbortController()
      const response = await fetch(`${emulator.url}${at}?${query}`, {
        method,
        signal: gone.signal,
        ...(body === undefined ? {} : { headers: { "content-type": "application/json" }, body: JSON.stringify(body) })
      })
      const text = name === "watch" ? "" : await response.text()
      gone.abort()
      assert.isTrue(response.ok, `${name}: ${response.status} ${text}`)
      assert.isTrue(Object.hasOwn(responses, String(response.status)), `${name}: ${response.status} is not named`)
      if (name === "letHeldGo") emulator.space(space).holds.setAll(false)
      answered.push(name)
    }
    assert.strictEqual(answered.length, operations.size)
  })
})
