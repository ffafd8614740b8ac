/**
 * Recorded answers, played over a socket whole and in random pieces.
 */
import * as Effect from "effect/Effect"
import { createHash } from "node:crypto"
import { existsSync, readFileSync } from "node:fs"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"

const folder = new URL("../../../../../shared/corpus/", import.meta.url)

export interface Recorded {
  readonly id: string
  readonly op: string
  readonly response: {
    readonly status: number
    readonly headers: Readonly<Record<string, string>>
    readonly kind: string
    readonly body?: unknown
    readonly base64?: string
  }
}

/** The recorded cases of these operations; none where the recordings are not there. */
export const casesOf = (isMeant: (op: string) => boolean): ReadonlyArray<Recorded> =>
  existsSync(folder)
    ? JSON.parse(readFileSync(new URL("index.json", folder), "utf8"))
      .filter(({ op }: Recorded) => isMeant(op))
      .map(({ file }: { readonly file: string }) => JSON.parse(readFileSync(new URL(file, folder), "utf8")))
    : []

export const bytesOf = ({ response }: Recorded): Buffer =>
  response.kind === "empty"
    ? Buffer.alloc(0)
    : response.base64 === undefined
    ? Buffer.from(JSON.stringify(response.body, undefined, 2))
    : Buffer.from(response.base64, "base64")

/** Plays the recorded answer in pieces of these sizes; the start of an upload is answered where it is not the recorded one. */
export const playing = (recorded: Recorded, size: () => number) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const server = createServer((request, response) => {
        request.resume().on("end", () => {
          const isStart = request.headers["x-goog-upload-command"] === "start"
          const { headers, kind, status } = recorded.response
          if (isStart && kind !== "empty") {
            response.writeHead(200, {
              "x-goog-upload-url": "/upload/v1beta/files?upload_id=1",
              "x-goog-upload-status": "active"
            }).end()
            return
          }
          response.writeHead(status, headers)
          const bytes = bytesOf(recorded)
          for (let at = 0; at < bytes.length;) {
            const next = at + size()
            response.write(bytes.subarray(at, next))
            at = next
          }
          response.end()
        })
      })
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
      return server
    }),
    (server) =>
      Effect.sync(() => {
        server.closeAllConnections()
        server.close()
      })
  ).pipe(Effect.map((server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`))

/** The sizes in which a case is played: the whole, and pieces. */
export const ways = ({ id }: Recorded) => [["whole", () => 1 << 22], ["in pieces", pieceSizes(id)]] as const

/** Small pieces for JSON, larger ones for bytes, that follow from the case. */
function pieceSizes(id: string): () => number {
  let state = createHash("sha256").update(id).digest().readUInt32LE()
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return 1 + state % (id.includes("video") ? 100_000 : 50)
  }
}
