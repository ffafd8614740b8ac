/**
 * A client of many spaces at once: `node spaceClient.ts URL SEED CALLS SPACE…`. It writes one line for the answer to
 * each call: the space, how it was chosen, the status, the words.
 */
const [url = "", seed = "1", calls = "1", ...spaces] = process.argv.slice(2)

/** mulberry32, so that the order of the calls follows from the seed. */
let state = Number(seed) | 0
const random = (): number => {
  state = (state + 0x6d2b79f5) | 0
  let t = Math.imul(state ^ (state >>> 15), 1 | state)
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
  return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
}

const ways = ["path", "header", "key", "query", "bearer"] as const

const call = async (space: string, way: (typeof ways)[number], method: string, words: string): Promise<string> => {
  const base = way === "path" ? `${url}/spaces/${space}` : url
  const query = new URLSearchParams({
    ...(method === "generateContent" ? {} : { alt: "sse" }),
    ...(way === "query" ? { key: `space:${space}` } : {})
  })
  const headers: Record<string, string> = {
    ...(way === "header" ? { "x-emulator-space": space } : {}),
    ...(way === "bearer" ? { authorization: `Bearer space:${space}` } : {}),
    ...(way === "key" ? { "x-goog-api-key": `space:${space}` } : {}),
    ...(way === "path" || way === "header" ? { "x-goog-api-key": "any" } : {})
  }
  const response = await fetch(`${base}/v1beta/models/gemini-3.8-flash:${method}?${query}`, {
    method: "POST",
    headers,
    body: JSON.stringify({ contents: [{ parts: [{ text: words }] }] })
  })
  const text = await response.text()
  return [space, way, response.status, [...text.matchAll(/"text": "([^"]*)"/g)].map(([, part]) => part).join("")].join(
    "\t"
  )
}

const jobs = spaces.flatMap((space) => Array.from({ length: Number(calls) }, (_, i) => ({ space, i, at: random() })))
jobs.sort((a, b) => a.at - b.at)
const lines: Array<string> = []
const worker = async () => {
  for (let job = jobs.pop(); job !== undefined; job = jobs.pop()) {
    const way = ways[Math.floor(random() * ways.length)] ?? "path"
    const method = random() < 0.5 ? "generateContent" : "streamGenerateContent"
    lines.push(await call(job.space, way, method, `call ${job.i}`))
  }
}
await Promise.all(Array.from({ length: 16 }, worker))
process.stdout.write(lines.join("\n"))
