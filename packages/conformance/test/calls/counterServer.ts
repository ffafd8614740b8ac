/** A server in a thread of its own that notes when each request came; `/report` tells. */
import * as http from "node:http"
import { parentPort } from "node:worker_threads"

const arrivals: Array<readonly [path: string, time: number]> = []

const server = http.createServer((request, response) => {
  const path = request.url ?? ""
  if (path === "/report") {
    response.end(JSON.stringify(arrivals))
    return
  }
  arrivals.push([path, performance.timeOrigin + performance.now()])
  response.end("ok")
})

server.keepAliveTimeout = 60_000
server.listen(0, "127.0.0.1", () => {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port has no origin
  parentPort?.postMessage(server.address())
})
