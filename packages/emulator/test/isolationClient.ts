/**
 * Many tests at once against one emulator, as a test runner of any language has them: `node isolationClient.ts URL SEED
 * NAME…`. Each tells its space rules, a fault, a quota and a time by the admin API, calls, and looks whether anything in
 * its answers, log or counts is not its own. It writes one line a test: the name, and what was wrong.
 */
import { adminCall } from "./adminCall.ts"

const [url = "", seed = "1", ...names] = process.argv.slice(2)

/** mulberry32, so that the order of the calls follows from the seed. */
let state = Number(seed) | 0
const random = (): number => {
  state = (state + 0x6d2b79f5) | 0
  let t = Math.imul(state ^ (state >>> 15), 1 | state)
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
  return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
}

const admin = adminCall(url)
const day = 86_400_000

/** The ways to choose a space: base URL, header, key, bearer. */
const call = async (space: string, words: string): Promise<readonly [status: number, text: string]> => {
  const way = Math.floor(random() * 4)
  const method = random() < 0.5 ? "generateContent" : "streamGenerateContent"
  const headers: Record<string, string> = { "x-goog-api-key": way === 2 ? `space:${space}` : "any" }
  if (way === 1) headers["x-emulator-space"] = space
  if (way === 3) {
    delete headers["x-goog-api-key"]
    headers["authorization"] = `Bearer space:${space}`
  }
  const base = way === 0 ? `${url}/spaces/${space}` : url
  const response = await fetch(`${base}/v1beta/models/gemini-3.8-flash:${method}`, {
    method: "POST",
    headers,
    body: JSON.stringify({ contents: [{ parts: [{ text: words }] }] })
  })
  const text = await response.text()
  return [response.status, [...text.matchAll(/"text": "([^"]*)"/g)].map(([, part]) => part).join("")]
}

interface Seen {
  readonly space: string
  readonly time: number
  readonly status: number
  readonly body: unknown
  readonly verdict: { readonly by: string; readonly rule?: string }
}

const test = async (name: string): Promise<string> => {
  const problems: Array<string> = []
  const expect = (what: string, found: unknown, wanted: unknown) => {
    if (JSON.stringify(found) !== JSON.stringify(wanted)) {
      problems.push(`${what}: wanted ${JSON.stringify(wanted)}, found ${JSON.stringify(found)}`)
    }
  }
  const path = `/spaces/${name}`
  const begin = 1_800_000_000_000 + Math.floor(random() * 5000) * day
  const answers = 2 + Math.floor(random() * 4)
  await admin("PUT", path)
  await admin("POST", `${path}/clock`, { at: begin })
  await admin("PUT", `${path}/rules`, {
    rule: [
      { name: `${name}-last`, when: { text: `${name} last` }, reply: `${name} said last`, times: 1 },
      { name: `${name}-all`, when: { text: { contains: name } }, reply: `${name} said all that` }
    ]
  })
  const fault = await admin("POST", `${path}/faults`, { when: { times: 1 }, status: 503 })
  await admin("PUT", `${path}/quotas`, { models: { "*": { rpd: answers } } })
  const statuses: Array<number> = []
  for (let i = 0; i < answers; i++) {
    const [status, text] = await call(name, `${name} call ${i}`)
    statuses.push(status)
    if (status === 200) expect("an answer", text, `${name} said all that`)
  }
  // The fault hit one and took nothing of the quota, so one more passes; then the day is over.
  const last = await call(name, `${name} last`)
  expect("the last answer", last, [200, `${name} said last`])
  expect("statuses", statuses, [503, ...Array.from({ length: answers - 1 }, () => 200)])
  expect("beyond the quota", (await call(name, `${name} too many`))[0], 429)
  await admin("POST", `${path}/clock`, { advance: "25h" })
  expect("on the next day", (await call(name, `${name} tomorrow`))[0], 200)
  const { body: page } = await admin("GET", `${path}/requests?ended=true&count=${answers + 3}&wait=30s`)
  const entries: ReadonlyArray<Seen> = page.requests
  expect("entries", entries.length, answers + 3)
  for (const entry of entries) {
    expect("an entry's space", entry.space, name)
    if (!JSON.stringify(entry.body).includes(`${name} `)) problems.push(`a foreign body: ${JSON.stringify(entry.body)}`)
    if (entry.time < begin || entry.time > begin + 2 * day) problems.push(`a foreign time: ${entry.time}`)
    if (entry.verdict.rule?.startsWith(`${name}-`) === false) problems.push(`a foreign rule: ${entry.verdict.rule}`)
  }
  const { body: counters } = await admin("GET", `${path}/counters`)
  expect("counts", [counters.total, counters.byStatus], [answers + 3, { 200: answers + 1, 429: 1, 503: 1 }])
  const { body: faults } = await admin("GET", `${path}/faults`)
  expect("faults", faults.faults.map(({ hits, id }: { id: string; hits: number }) => [id, hits]), [[fault.body.id, 1]])
  const { body: { rules } } = await admin("GET", `${path}/rules`)
  expect("rules", rules.map(({ answered }: { answered: number }) => answered), [1, answers])
  const verified = await admin("POST", `${path}/verify`, {
    expect: [{ when: { text: { contains: name } }, times: answers + 3 }, {
      when: { text: { not: { contains: name } } },
      times: 0
    }]
  })
  expect("verified", verified.status, 200)
  return `${name}\t${problems.join("; ")}`
}

process.stdout.write((await Promise.all(names.map(test))).join("\n"))
