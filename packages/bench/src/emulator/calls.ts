/** Calls over a few connections that are kept, each answer read and counted. */
import { Agent, request } from "node:http"

const body = (text: string) => JSON.stringify({ contents: [{ role: "user", parts: [{ text }] }] })

const jobs = {
  unary: { path: "generateContent", body: body("one"), chunks: 1 },
  stream: { path: "streamGenerateContent?alt=sse", body: body("many"), chunks: 11 }
} as const

export type Op = keyof typeof jobs

const call = (agent: Agent, url: string, op: Op): Promise<number> =>
  new Promise((resolve, reject) => {
    const headers = { "content-type": "application/json", "x-goog-api-key": "k" }
    const target = `${url}/v1beta/models/gemini-2.5-flash:${jobs[op].path}`
    request(target, { agent, method: "POST", headers }, (response) => {
      let text = ""
      response.setEncoding("utf8").on("data", (piece) => (text += piece)).on("error", reject)
      response.on("end", () => {
        if (response.statusCode !== 200) reject(new Error(`${response.statusCode}: ${text.slice(0, 300)}`))
        resolve(op === "stream" ? text.split("data:").length - 1 : 1)
      })
    }).on("error", reject).end(jobs[op].body)
  })

/** Makes so many calls, some at once. A stream of another number of chunks is an error. */
export const calls = async (url: string, op: Op, times: number): Promise<void> => {
  const agent = new Agent({ keepAlive: true, maxSockets: 4 })
  let begun = 0
  const lane = async () => {
    while (begun++ < times) {
      const chunks = await call(agent, url, op)
      if (chunks !== jobs[op].chunks) throw new Error(`a ${op} call has ${chunks} chunks`)
    }
  }
  await Promise.all([lane(), lane(), lane(), lane()])
  agent.destroy()
}
