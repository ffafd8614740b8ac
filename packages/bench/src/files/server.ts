/** The Files API as far as the rows need it: a resumable upload whose bytes are counted, and a download of any size. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import * as Bodies from "../harness/bodies.ts"

const uploads = new Map<string, { readonly type: string; received: number }>()
const block = Buffer.alloc(65_536, "a byte of a file ")

const json = (response: ServerResponse, value: object, headers: Readonly<Record<string, string>> = {}): void => {
  response.writeHead(200, { "content-type": "application/json", ...headers })
  response.end(JSON.stringify(value))
}

const begin = (request: IncomingMessage, response: ServerResponse): void => {
  const id = `upload-${uploads.size}`
  uploads.set(id, { type: String(request.headers["x-goog-upload-header-content-type"]), received: 0 })
  request.resume()
  request.once("end", () =>
    json(response, {}, {
      "x-goog-upload-url": `http://${request.headers.host}/upload/v1beta/files?upload_id=${id}`,
      "x-goog-upload-chunk-granularity": "262144",
      "x-goog-upload-status": "active"
    }))
}

const take = (request: IncomingMessage, response: ServerResponse, id: string): void => {
  const upload = uploads.get(id)
  if (upload === undefined) {
    response.writeHead(404).end()
    return
  }
  request.on("data", (bytes: Buffer) => {
    upload.received += bytes.length
  })
  request.once("end", () => {
    if (!String(request.headers["x-goog-upload-command"]).includes("finalize")) {
      json(response, {}, { "x-goog-upload-status": "active" })
      return
    }
    const { received, type } = upload
    json(response, {
      file: {
        name: `files/${id}`,
        uri: `http://${request.headers.host}/v1beta/files/${id}`,
        mimeType: type,
        sizeBytes: String(received),
        state: "ACTIVE"
      }
    }, { "x-goog-upload-status": "final" })
  })
}

const give = (response: ServerResponse, name: string): void => {
  let { size: left } = Bodies.orderOf(name)
  response.writeHead(200, { "content-type": "text/plain", "content-length": String(left) })
  const more = (): void => {
    while (left > 0) {
      const piece = left < block.length ? block.subarray(0, left) : block
      left -= piece.length
      if (!response.write(piece) && left > 0) {
        response.once("drain", more)
        return
      }
    }
    response.end()
  }
  more()
}

const server = createServer((request, response) => {
  const url = new URL(request.url ?? "/", "http://server")
  const [, name] = /files\/([^:]+):download$/.exec(url.pathname) ?? []
  if (name !== undefined) return give(response, name)
  const id = url.searchParams.get("upload_id")
  return id === null ? begin(request, response) : take(request, response, id)
})
server.listen(0, "127.0.0.1", () => {
  const address = server.address()
  process.send?.({ port: typeof address === "object" ? address?.port : undefined })
})
process.on("disconnect", () => process.exit(0))
