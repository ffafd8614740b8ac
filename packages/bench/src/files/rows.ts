/**
 * A file of 16 MB there and back: CPU of its upload (a Blob, in two requests) and of its download. The SDK can only write
 * what it downloads to a path, which is /dev/null here; the others count the bytes.
 */
import * as Bodies from "../harness/bodies.ts"
import { field, reply, start } from "../harness/harness.ts"
import { against, cpuMicros, job, type Row, row, warmup } from "../rows.ts"

const base = "floor-fetch"
const subjects = ["files-dispatch", "files-fetch", "genai"]

const files = (id: string, title: string, op: "upload" | "download", goal: number): Row => {
  const measured = row({
    id,
    title,
    base,
    subjects,
    plan: (quick) => ({
      job: job({ op, model: Bodies.modelOf(1 << 24, 1), times: quick ? 4 : 8 }),
      rounds: quick ? 5 : 11,
      warmup: warmup(quick)
    }),
    kinds: [against(cpuMicros, "lower", { "files-dispatch": goal, "files-fetch": goal }, "", base)]
  })
  return {
    id,
    title,
    run: async (options) => {
      const server = start(new URL("./server.ts", import.meta.url), [], [])
      const url = `http://127.0.0.1:${Number(field(await reply(server), "port"))}`
      try {
        return await measured.run({ ...options, url })
      } finally {
        server.disconnect()
      }
    }
  }
}

export const fileRows: ReadonlyArray<Row> = [
  files("files-up", "Files: CPU of an upload of 16 MB", "upload", 1.5),
  files("files-down", "Files: CPU of a download of 16 MB", "download", 1.5)
]
