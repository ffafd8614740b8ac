/** Seeded mutations of requests and WebSocket openings: the same seed gives the same bytes. */
import { frame, livePath, upgrade } from "./RawSocket.ts"

/** An integer from 0 to n - 1. */
export type Chance = (n: number) => number

export const make = (seed: number): Chance => {
  let state = seed
  return (n) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff
    return (state >>> 8) % n
  }
}

const pick = <A>(chance: Chance, [first, ...others]: readonly [A, ...ReadonlyArray<A>]): A =>
  others[chance(others.length + 1) - 1] ?? first

const values = [
  "null",
  "0",
  "-1",
  "1e999",
  "\"\"",
  "\"x\"",
  "[]",
  "{}",
  "[[]]",
  "{\"__proto__\":{\"a\":1}}",
  "{\"constructor\":1}",
  "true",
  "9".repeat(400),
  "\"\\ud800\"",
  "[".repeat(3_000) + "]".repeat(3_000)
] as const

const keys = [
  "contents",
  "parts",
  "text",
  "role",
  "inlineData",
  "functionCall",
  "functionResponse",
  "tools",
  "functionDeclarations",
  "generationConfig",
  "responseSchema",
  "systemInstruction",
  "safetySettings",
  "toolConfig",
  "cachedContent",
  "requests",
  "content",
  "generateContentRequest",
  "maxOutputTokens",
  "thinkingConfig",
  "parametersJsonSchema",
  "__proto__",
  "thoughtSignature",
  "candidateCount"
] as const

const json = (chance: Chance, depth: number): string => {
  if (depth === 0 || chance(4) === 0) return pick(chance, values)
  const members = Array.from({ length: chance(5) }, () => json(chance, depth - 1))
  if (chance(3) === 0) return `[${members.join()}]`
  return `{${members.map((member) => `"${pick(chance, keys)}":${member}`).join()}}`
}

const body = (chance: Chance): string =>
  pick<() => string>(chance, [
    () => "{\"contents\":[{\"parts\":[{\"text\":\"hi\"}]}]}",
    () =>
      `{"contents":[{"role":"user","parts":[{"text":"hi"},${json(chance, 3)}]}],"generationConfig":${json(chance, 3)}}`,
    () => `{"contents":[{"parts":[{"text":"hi"}]}],"tools":[${json(chance, 4)}]}`,
    () => `{"contents":${json(chance, 4)}}`,
    () => json(chance, 5),
    () => "",
    () => "\xff\xfe",
    () => "{",
    () => "data: x"
  ])()

const path = (chance: Chance): string => {
  const version = pick(chance, ["v1beta", "v1beta", "v1", "v1alpha", "locations/x/v1beta", "locations/__proto__/v1"])
  const collection = pick(chance, ["models", "models", "models", "tunedModels", "auth_tokens", "files", "..", "%2e%2e"])
  const model = pick(chance, [
    "gemini-3.8-flash",
    "gemini-3.8-flash",
    "gemini-embedding-001",
    "x",
    "%00",
    "a".repeat(5_000),
    "",
    "__proto__",
    "constructor",
    "%zz"
  ])
  const method = pick(chance, [
    ":generateContent",
    ":streamGenerateContent?alt=sse",
    ":streamGenerateContent",
    ":countTokens",
    ":embedContent",
    ":batchEmbedContents",
    ":constructor",
    "",
    "?pageSize=-1&pageToken=%ff",
    ":generateContent?$alt=json;enum-encoding=int"
  ])
  return `/${version}/${collection}/${model}${method}`
}

/** Both forms of the target that carry no path, and hosts that are none. */
const target = (chance: Chance, port: number): string =>
  pick(chance, [path(chance), path(chance), path(chance), `http://127.0.0.1:${port}${path(chance)}`, "*", "http://["])

const host = (chance: Chance, port: number): string =>
  chance(4) > 0 ? `127.0.0.1:${port}` : pick(chance, ["[", "a b", "%", "x:99999", "", "\xff", "h/p", "h?q", "[::1]:1"])

const directive = (chance: Chance): string =>
  pick(chance, [
    "",
    "",
    "",
    `x-emulator-fault: ${json(chance, 3)}\r\n`,
    `x-emulator-fault: {"status":${pick(chance, ["99", "600", "1000", "0", "204", "304", "101", "\"x\""])}}\r\n`,
    `x-emulator-fault: {"cut":{"bytes":${pick(chance, ["-1", "1e9", "0", "null"])}}}\r\n`,
    `x-emulator-fault: {"error":{"code":${pick(chance, ["0", "99999", "\"x\""])},"details":[${json(chance, 2)}]}}\r\n`,
    `x-emulator-fault: {"headers":{${pick(chance, ["\"a b\":\"x\"", "\"x\":1", "\"content-length\":\"-1\""])}}}\r\n`,
    `x-emulator-fault: {"slowRead":{"millis":${pick(chance, ["0", "-1", "1e999"])},"bytes":${json(chance, 1)}}}\r\n`,
    `x-emulator-fault: {"close":{"code":${pick(chance, ["0", "99999", "\"x\"", "1006"])}},"fragments":1e9}\r\n`,
    `x-emulator-answer: ${json(chance, 3)}\r\n`,
    `x-emulator-answer: {"text":${json(chance, 2)}}\r\n`,
    `x-emulator-answer: {"response":${json(chance, 3)}}\r\n`
  ])

/** Some bytes are changed, the request line perhaps among them. */
const mutated = (chance: Chance, text: string): Uint8Array => {
  const bytes = Buffer.from(text, "latin1")
  if (bytes.length > 0) { for (let i = chance(4); i > 0; i--) bytes[chance(bytes.length)] = chance(256) }
  return bytes
}

export const request = (chance: Chance, port: number): Uint8Array => {
  const content = body(chance)
  const verb = pick(chance, ["POST", "POST", "POST", "GET", "DELETE", "PUT", "OPTIONS", "HEAD", "TRACE", "CONNECT"])
  const framing = pick(chance, [
    "",
    "",
    "",
    "",
    "Transfer-Encoding: chunked\r\n",
    "Transfer-Encoding: chunked, identity\r\n",
    "Content-Length: 5\r\n",
    "Content-Length: -1\r\n",
    "Expect: 100-continue\r\n",
    "Connection: Upgrade\r\nUpgrade: h2c\r\n"
  ])
  const head = `${verb} ${target(chance, port)} HTTP/1.1\r\nHost: ${host(chance, port)}\r\nx-goog-api-key: k\r\n` +
    `${directive(chance)}${framing}Content-Length: ${content.length}\r\n\r\n`
  return mutated(chance, head + content)
}

const message = (chance: Chance): Uint8Array => {
  const text = pick<() => string>(chance, [
    () => body(chance),
    () => `{"setup":${json(chance, 4)}}`,
    () => "{\"setup\":{\"model\":\"models/gemini-3.8-live\"}}",
    () => `{"clientContent":${json(chance, 4)}}`,
    () => `{"realtimeInput":${json(chance, 4)}}`,
    () => `{"toolResponse":${json(chance, 4)}}`
  ])()
  const payload = Buffer.from(text).subarray(0, 60_000)
  const { length } = payload
  return frame(
    pick(chance, [1, 1, 1, 2, 0, 8, 9, 10, 3, 15]),
    payload,
    pick(chance, [length, length, length, 2 ** 31, 2 ** 53, 0]),
    pick(chance, [0, 0, 0, 0x40])
  )
}

/** An upgrade, mostly a good one, and frames that go with it or after its answer. */
export const opening = (
  chance: Chance,
  port: number
): { readonly head: ReadonlyArray<Uint8Array>; readonly later: ReadonlyArray<Uint8Array> } => {
  const good = upgrade(livePath, port)
  const head = chance(5) > 0
    ? Buffer.from(good)
    : mutated(chance, upgrade(pick(chance, [livePath, "*", `ws://h${livePath}`, "//["]), port, host(chance, port)))
  const fault = Buffer.from(good.replace("\r\n\r\n", `\r\n${directive(chance).trimEnd()}\r\n\r\n`), "latin1")
  const setup = frame(1, Buffer.from("{\"setup\":{\"model\":\"models/gemini-3.8-live\"}}"))
  const first = chance(5) === 0 ? fault : head
  const frames = [
    ...(chance(2) === 0 ? [setup] : []),
    ...Array.from({ length: 1 + chance(4) }, () => message(chance))
  ]
  return chance(4) === 0 ? { head: [first, ...frames], later: [] } : { head: [first], later: frames }
}
