/** An example of a call for each endpoint of the admin API; a test calls every endpoint as its example says. */

export interface Example {
  readonly params?: Readonly<Record<string, string | number>>
  readonly query?: Readonly<Record<string, string | number>>
  readonly body?: unknown
}

const prompt = { contents: [{ role: "user", parts: [{ text: "How is the weather in Berlin?" }] }] }

/** By the endpoint's name. Each that names a space has this one. */
export const space = "test-1"

export const examples: Readonly<Record<string, Example>> = {
  health: {},
  setScenario: {
    body: { rule: [{ name: "greets", when: { text: "Hello" }, reply: "Hello." }], otherwise: "generate" }
  },
  listSpaces: {},
  makeSpace: { body: { seed: "test-1", chunkDelay: 10 } },
  getSpace: {},
  listRules: {},
  setRules: {
    body: {
      rule: [
        {
          name: "looks the weather up",
          when: { tools: "get_weather", text: { contains: "weather" }, step: 0 },
          reply: { calls: [{ name: "get_weather", args: { city: "{{ text | after 'in ' | word }}" } }] }
        },
        { name: "tells it", when: { text: { contains: "weather" } }, reply: "It is {{ vars.celsius }} °C." }
      ],
      vars: { celsius: 21 }
    }
  },
  addRules: {
    body: { rule: [{ name: "thanks", when: { text: "Thanks" }, reply: "You are welcome." }], place: "first" }
  },
  removeRule: { params: { rule: "thanks" } },
  getQueue: {},
  enqueue: { body: { answers: ["Hello", { error: { code: 503 } }] } },
  listFaults: {},
  addFault: { body: { when: { model: "gemini-3.8-flash", times: 2 }, status: 503 } },
  removeFault: { params: { fault: "fault-1" } },
  setQuotas: { body: { models: { "gemini-3.8-flash": { rpm: 10 } } } },
  getQuotas: {},
  setKeys: { body: { valid: ["good"], expired: ["old"] } },
  getClock: {},
  moveClock: { body: { frozen: true, at: "2030-01-01T00:00:00Z", advance: "1 minute" } },
  reset: { body: { rules: "keep" } },
  listRequests: { query: { by: "rule", limit: 10, count: 1, wait: "2s" } },
  getRequest: { params: { id: 0 } },
  getCounters: {},
  watch: {},
  verify: { body: { expect: [{ when: { text: { contains: "weather" } }, times: 1 }], inOrder: true } },
  check: { query: { ignore: "unused,waiting" } },
  explain: { body: { method: "generateContent", model: "gemini-3.8-flash", body: prompt } },
  listHeld: { query: { wait: "1ms" } },
  setHolds: { body: { all: true } },
  answerHeld: { params: { id: 1 }, body: { answer: { calls: [{ name: "get_weather", args: { city: "Berlin" } }] } } },
  letHeldGo: { params: { id: 2 } },
  setTokens: { body: { valid: ["good"], expired: ["old"] } },
  listTokens: {},
  issueToken: { body: { lifetime: 60 } },
  putObject: { body: { uri: "gs://bucket/rows.jsonl", text: JSON.stringify({ request: prompt }) } },
  listObjects: {},
  readObject: { body: { uri: "gs://bucket/rows.jsonl" } },
  revokeTokens: { body: {} },
  listLive: {},
  sendLive: { body: { message: { goAway: { timeLeft: "10s" } } } },
  closeLive: { body: { code: 1012, reason: "restart" } },
  dropLive: {},
  setCassette: { body: { file: "weather.jsonl", match: "loose", ignore: ["generationConfig.seed"] } },
  getCassette: {},
  removeCassette: {},
  listFiles: {},
  addFile: { body: { name: "files/notes", mimeType: "text/plain", text: "Notes", source: "GENERATED" } },
  failFile: { body: { name: "files/notes", error: { code: 3, message: "The file could not be read." } } },
  listCaches: {},
  loseCache: { body: { name: "cachedContents/the-name-of-one" } },
  listDocuments: {},
  listBatches: {},
  listInteractions: {},
  forgetInteraction: { body: { id: "v1_the-id-of-one" } },
  sendWebhook: {
    body: { type: "interaction.completed", data: { id: "v1_1" }, uris: ["http://127.0.0.1:9/hook"] }
  },
  listDeliveries: { query: { ended: 0, wait: "2s" } },
  rotateKeys: {},
  beginOperation: { body: { after: 1000, response: { done: true } } },
  endSpace: {}
}

interface Operation {
  readonly operationId?: string
  readonly parameters?: ReadonlyArray<{ readonly name?: string }>
  readonly requestBody?: { readonly content?: Readonly<Record<string, object>> }
}

const withExample = (operation: Operation): Operation => {
  const name = operation.operationId ?? ""
  const { body, params, query }: Example = Object.hasOwn(examples, name) ? examples[name] ?? {} : {}
  const values = new Map<string, unknown>(Object.entries({ space, ...params, ...query }))
  const content = operation.requestBody?.content
  return {
    ...operation,
    parameters: (operation.parameters ?? []).map((parameter) => {
      const example = values.get(parameter.name ?? "")
      return example === undefined ? parameter : { ...parameter, example }
    }),
    ...(content === undefined || body === undefined ? {} : {
      requestBody: {
        ...operation.requestBody,
        content: Object.fromEntries(
          Object.entries(content).map(([type, media]) => [
            type,
            type === "application/json" ? { ...media, example: body } : media
          ])
        )
      }
    })
  }
}

/** The document with its examples. */
export const document = (spec: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> => ({
  ...spec,
  paths: Object.fromEntries(
    Object.entries(Object(spec["paths"])).map(([path, methods]) => [
      path,
      Object.fromEntries(Object.entries(Object(methods)).map(([method, each]) => [method, withExample(Object(each))]))
    ])
  )
})
