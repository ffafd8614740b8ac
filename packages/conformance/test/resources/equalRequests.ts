/**
 * Whether two clients ask the same: a server that writes down every request, and the comparison of two lists as data.
 * Every difference has to be named with its reason; a reason that no longer stands for one fails, too.
 */
import { assert } from "@effect/vitest"
import { createHash } from "node:crypto"
import { createServer, type IncomingHttpHeaders } from "node:http"
import type { AddressInfo } from "node:net"

export interface AskedRequest {
  readonly method: string
  readonly path: string
  readonly query: Readonly<Record<string, string>>
  readonly headers: Readonly<Record<string, string>>
  /** Parsed JSON; of anything else the length and hash; undefined for an empty one. */
  readonly body: unknown
}

export interface Answered {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  /** A value that is written as JSON, or bytes. */
  readonly body?: unknown
}

/** The headers that mean something; the others are the transports' own. */
const matters = /^(?:content-type|x-goog-api-key|authorization|x-goog-user-project|x-goog-upload-[a-z-]+)$/

const headersOf = (headers: IncomingHttpHeaders): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).filter(([name]) => matters.test(name)).map(([name, value]) => [name, String(value)])
  )

const bodyOf = (bytes: Buffer): unknown => {
  if (bytes.length === 0) return undefined
  try {
    return JSON.parse(bytes.toString())
  } catch {
    return { bytes: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") }
  }
}

/** Listens until `close` is called. `answer` says what a request gets; it sees the server's own address. */
export const record = async (answer: (request: AskedRequest, url: string) => Answered) => {
  let log: Array<AskedRequest> = []
  let address = ""
  const server = createServer((request, response) => {
    const pieces: Array<Buffer> = []
    request.on("data", (piece: Buffer) => pieces.push(piece))
    request.on("end", () => {
      const url = new URL(request.url ?? "/", address)
      const asked: AskedRequest = {
        method: request.method ?? "",
        path: url.pathname,
        query: Object.fromEntries([...url.searchParams].sort()),
        headers: headersOf(request.headers),
        body: bodyOf(Buffer.concat(pieces))
      }
      log.push(asked)
      const { body, headers = {}, status = 200 } = answer(asked, address)
      response.writeHead(status, { "content-type": "application/json; charset=UTF-8", ...headers })
      response.end(body instanceof Uint8Array ? body : JSON.stringify(body ?? {}))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url: address,
    /** What was asked since the last time. */
    take: (): ReadonlyArray<AskedRequest> => {
      const taken = log
      log = []
      return taken
    },
    close: () => {
      server.closeAllConnections()
      server.close()
    }
  }
}

/** The differences of two values, by their path: `0.headers.content-type: theirs → ours`. */
const differences = (theirs: unknown, ours: unknown, path = ""): ReadonlyArray<string> => {
  const isTree = (value: unknown): value is Readonly<Record<string, unknown>> =>
    typeof value === "object" && value !== null
  if (!isTree(theirs) || !isTree(ours)) {
    return theirs === ours ? [] : [`${path}: ${JSON.stringify(theirs)} → ${JSON.stringify(ours)}`]
  }
  return [...new Set([...Object.keys(theirs), ...Object.keys(ours)])].sort().flatMap((key) =>
    differences(theirs[key], ours[key], path === "" ? key : `${path}.${key}`)
  )
}

/**
 * The differences that no reason is given for, and the reasons that stand for none. A reason's key is the start of a
 * difference's text, with `*` for any number in its path.
 */
export const compare = (
  theirs: ReadonlyArray<AskedRequest>,
  ours: ReadonlyArray<AskedRequest>,
  reasons: Readonly<Record<string, string>> = {}
): {
  readonly unexplained: ReadonlyArray<string>
  readonly idle: ReadonlyArray<string>
  readonly explained: ReadonlyArray<string>
} => {
  const found = differences(theirs, ours)
  const reasonOf = (difference: string) =>
    Object.keys(reasons).find((start) => difference.replace(/\b\d+\./g, "*.").startsWith(start))
  return {
    unexplained: found.filter((difference) => reasonOf(difference) === undefined),
    idle: Object.keys(reasons).filter((start) => !found.some((difference) => reasonOf(difference) === start)),
    explained: found.flatMap((difference) => {
      const start = reasonOf(difference)
      return start === undefined ? [] : [`${difference} (${reasons[start]})`]
    })
  }
}

/** Lets both ask a server of their own kind of answers, and fails where a difference is not explained. */
export const equal = async (
  name: string,
  answer: Parameters<typeof record>[0],
  given: {
    readonly official: (url: string) => Promise<unknown>
    readonly ours: (url: string) => Promise<unknown>
    readonly reasons?: Readonly<Record<string, string>> | undefined
  }
): Promise<void> => {
  const server = await record(answer)
  try {
    await given.official(server.url)
    const official = server.take()
    await given.ours(server.url)
    const { explained, idle, unexplained } = compare(official, server.take(), given.reasons)
    assert.deepStrictEqual({ unexplained, idle }, { unexplained: [], idle: [] })
    assert.isAbove(official.length, 0)
    for (const difference of explained) process.stdout.write(`${name}: ${difference}\n`)
  } finally {
    server.close()
  }
}
