/** What Redis costs without a journal: the scripts and bytes of a run, sent by node-redis alone. */
import * as NodeRedis from "@effect/platform-node/NodeRedis"
import * as Effect from "effect/Effect"
import * as ManagedRuntime from "effect/ManagedRuntime"
import { last, redisOptions, type Subject } from "./job.ts"

/** As long as the line of an answer with a call, and that of a call's end with the next question. */
const answer = "a".repeat(520)
const end = "e".repeat(230)

/** Refuses another writer and another place, adds the line, notes where the run ends, and tells who listens. */
const lua = `
local head = redis.call('HMGET', KEYS[1], 'next', 'by', 'bytes')
if head[1] and (head[1] ~= ARGV[1] or head[2] ~= ARGV[3]) then return 'refused' end
redis.call('XADD', KEYS[2], ARGV[2], 'by', ARGV[3], 'line', ARGV[5])
redis.call('HSET', KEYS[1], 'next', ARGV[4], 'by', ARGV[3], 'bytes', (head[3] or 0) + #ARGV[5])
redis.call('PUBLISH', ARGV[6], ARGV[7])
return 'written'`

export const make = async (url: string): Promise<Subject> => {
  const { client } = await ManagedRuntime.make(NodeRedis.layer(redisOptions(url))).runPromise(
    Effect.service(NodeRedis.NodeRedis)
  )
  const sha = String(await client.sendCommand(["SCRIPT", "LOAD", lua]))
  let runs = 0
  const append = async (id: string, seq: number, line: string): Promise<void> => {
    const reply = String(
      await client.sendCommand([
        "EVALSHA",
        sha,
        "2",
        `floor:{${id}}:head`,
        `floor:{${id}}:log`,
        String(seq),
        `${seq + 1}-0`,
        `${process.pid}.floor`,
        String(seq + 1),
        line,
        "floor:changes",
        id
      ])
    )
    if (reply !== "written") throw new Error(`an append was ${reply}`)
  }
  return {
    run: async (steps) => {
      const id = `${process.pid}.${runs++}`
      let seq = 0
      await client.sendCommand(["ZADD", "floor:ids", "0", id])
      // The opening, and the run's beginning with the first question.
      await append(id, seq++, end)
      await append(id, seq++, answer)
      for (let step = 1; step < steps; step++) {
        await append(id, seq++, answer)
        await append(id, seq++, end)
      }
      await append(id, seq++, answer)
      return { text: last, steps, held: undefined }
    }
  }
}
