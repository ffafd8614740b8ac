/** A server whose streams begin and do not end: one event, and then the connection stays. A process of its own. */
import { createServer } from "node:http"

const event = `data: ${
  JSON.stringify({ candidates: [{ content: { role: "model", parts: [{ text: "begun" }] }, index: 0 }] })
}\r\n\r\n`

const server = createServer((_, response) => {
  response.on("error", () => undefined)
  response.writeHead(200, { "content-type": "text/event-stream" })
  response.write(event)
})
server.keepAliveTimeout = 0
server.listen({ port: 0, host: "127.0.0.1", backlog: 4_096 }, () => {
  const address = server.address()
  process.send?.({ port: typeof address === "object" ? address?.port : undefined })
})
process.on("disconnect", () => process.exit(0))
