/**
 * `pnpm bench:live:objects [--sessions 1000] [--subjects raw,effect-gemini,genai] [--most 20]`
 *
 * What an idle session is made of: so many sessions that each took a turn and stay open, each client in a process of its
 * own, and a heap snapshot before and after them. It prints the objects that a session has, by the names of their
 * classes, with their own bytes: what an object holds is another row. A function is named after itself, and the variables
 * that functions share are `system / Context`. Buffers outside of the heap are not in it; the row `idle` of `bench:live`
 * counts them.
 */
import { readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { writeHeapSnapshot } from "node:v8"
import { field, reply, start } from "../harness/harness.ts"
import { table } from "../harness/report.ts"
import { load } from "./clients.ts"
import { startServer } from "./harness.ts"

/** How many objects of a name there are, and their bytes. */
type Count = readonly [objects: number, bytes: number]

const strings = (value: unknown): ReadonlyArray<string> => Array.isArray(value) ? value.map(String) : []

/** The objects of this process by name, as they are now. */
const counted = (): Map<string, Count> => {
  const file = writeHeapSnapshot(join(tmpdir(), `bench-live-${process.pid}.heapsnapshot`))
  const snapshot: unknown = JSON.parse(readFileSync(file, "utf8"))
  rmSync(file)
  const meta = field(field(snapshot, "snapshot"), "meta")
  const fields = strings(field(meta, "node_fields"))
  const types = strings(
    Array.isArray(field(meta, "node_types")) ? Reflect.get(Object(field(meta, "node_types")), 0) : []
  )
  const names = strings(field(snapshot, "strings"))
  const nodes: unknown = field(snapshot, "nodes")
  const found = new Map<string, Count>()
  if (!Array.isArray(nodes)) return found
  const [type, name, size] = [fields.indexOf("type"), fields.indexOf("name"), fields.indexOf("self_size")]
  for (let at = 0; at < nodes.length; at += fields.length) {
    const kind = types[Number(nodes[at + type])] ?? ""
    const own = names[Number(nodes[at + name])] ?? ""
    // Texts and numbers are named by what they say.
    const known = kind === "object" || kind === "closure" || (kind === "hidden" && own.startsWith("system / Context"))
    const key = known ? `${kind === "closure" ? "function " : ""}${own === "" ? "(unnamed)" : own}` : `(${kind})`
    const [objects, bytes] = found.get(key) ?? [0, 0]
    found.set(key, [objects + 1, bytes + Number(nodes[at + size])])
  }
  return found
}

const child = async (subject: string, url: string, sessions: number): Promise<void> => {
  const client = await load(subject, url)
  await client.idle(50)
  const before = counted()
  await client.idle(sessions)
  const after = counted()
  const rows = Array.from(after, ([name, [objects, bytes]]) => {
    const [had, held] = before.get(name) ?? [0, 0]
    return [name, (objects - had) / sessions, (bytes - held) / sessions]
  })
  // The parent ends this process once it has them.
  process.send?.(rows)
}

const parent = async (): Promise<void> => {
  const { values } = parseArgs({
    options: {
      sessions: { type: "string", default: "1000" },
      subjects: { type: "string", default: "raw,effect-gemini,genai" },
      most: { type: "string", default: "20" }
    }
  })
  const server = await startServer()
  for (const subject of values.subjects.split(",")) {
    const client = start(new URL(import.meta.url), ["child", subject, server.url, values.sessions], [])
    const rows = await reply(client)
    client.kill()
    if (!Array.isArray(rows)) throw new Error(`${subject} told nothing`)
    const all = rows.map(([name, objects, bytes]: [string, number, number]) => ({ name, objects, bytes }))
      .filter(({ objects }) => objects >= 0.5)
      .sort((one, other) => other.bytes - one.bytes)
    const sum = (list: ReadonlyArray<{ readonly bytes: number }>) => list.reduce((sum, { bytes }) => sum + bytes, 0)
    const shown = all.slice(0, Number(values.most))
    console.log(`${subject}: ${(sum(all) / 1024).toFixed(1)} kB of heap a session, of ${values.sessions}`)
    console.log(
      table(
        ["a session has", "objects", "bytes"],
        [
          ...shown.map(({ bytes, name, objects }) => [name, objects.toFixed(1), bytes.toFixed(0)]),
          [`${all.length - shown.length} others`, "", (sum(all) - sum(shown)).toFixed(0)]
        ]
      ) + "\n"
    )
  }
  server.stop()
}

const [, , role, subject = "", url = "", sessions = ""] = process.argv
await (role === "child" ? child(subject, url, Number(sessions)) : parent())
