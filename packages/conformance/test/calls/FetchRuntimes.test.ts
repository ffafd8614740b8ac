/**
 * The HttpClient of FetchGemini keeps its promises on every runtime that is there: Node, Bun and Deno as processes,
 * Chromium as a page, where nothing can be promised of a body that nobody reads. `BUN` and `DENO` name programs that are
 * not on the path.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { build } from "esbuild"
import { execFile, spawnSync } from "node:child_process"
import type * as Http from "node:http"
import { promisify } from "node:util"
import type { Seen } from "../fixtures/fetchPage.ts"
import * as Chromium from "../live/chromium.ts"
import * as RawServer from "./rawServer.ts"

const page = `${import.meta.dirname}/../fixtures/fetchPage.ts`

/** What a page of another origin may do. Without a type a browser keeps a short body back, to guess what it is. */
const allowed = {
  "content-type": "text/event-stream",
  "x-content-type-options": "nosniff",
  "access-control-allow-origin": "*",
  "access-control-allow-headers": "*",
  "access-control-allow-methods": "*",
  "access-control-expose-headers": "*"
}

const flood = (response: Http.ServerResponse, seen: { written: number }): void => {
  const piece = Buffer.alloc(64 * 1024)
  const more = (): void => {
    while (seen.written < 64 << 20) {
      seen.written += piece.length
      if (!response.write(piece)) return void response.once("drain", more)
    }
    response.end()
  }
  more()
}

/** A server that answers by path, and says under `/seen?PATH` what it saw there. */
const served = Effect.suspend(() => {
  const paths = new Map<string, { asked: number; closed: number; written: number }>()
  const at = (path: string) => {
    const known = paths.get(path) ?? { asked: 0, closed: 0, written: 0 }
    paths.set(path, known)
    return known
  }
  return RawServer.listen((request, response, body) => {
    const { pathname, search } = new URL(request.url ?? "/", "http://127.0.0.1")
    const path = pathname.slice(1)
    for (const [name, value] of Object.entries(allowed)) response.setHeader(name, value)
    if (request.method === "OPTIONS") return void response.writeHead(204).end()
    if (path === "seen") return RawServer.json(response, at(search.slice(1)) satisfies Seen)
    const seen = at(path)
    seen.asked++
    response.on("close", () => {
      if (!response.writableFinished) seen.closed++
    })
    if (path === "teapot") return void response.writeHead(418, { "x-one": "1" }).end("short")
    if (path === "echo") {
      return RawServer.json(response, { method: request.method, one: request.headers["x-one"], body })
    }
    if (path === "redirect") return void response.writeHead(307, { location: "/elsewhere" }).end()
    if (path === "flood") return flood(response.writeHead(200), seen)
    if (path === "headless") return
    response.writeHead(200).write("piece")
    // The piece must have reached the client before the connection breaks.
    if (path === "broken") setTimeout(() => response.destroy(), 100)
  })
})

const kept = {
  head: [418, "1", "short"],
  echoed: { method: "POST", one: "1", body: "häh" },
  brokenPiece: "piece",
  brokenFails: true,
  first: "piece",
  leftCloses: true,
  beforeHeadCloses: true,
  withinTextCloses: true,
  withinStreamCloses: true,
  elsewhereAsked: 0,
  holdsBack: true,
  refused: true
}

const processes: ReadonlyArray<readonly [name: string, program: string, args: ReadonlyArray<string>]> = [
  ["Node", process.execPath, []],
  ["Bun", process.env["BUN"] ?? "bun", ["run"]],
  ["Deno", process.env["DENO"] ?? "deno", ["run", "--quiet", "--allow-all"]]
]

const bundled = Effect.promise(async () => {
  const { outputFiles } = await build({
    entryPoints: [page],
    bundle: true,
    write: false,
    format: "esm",
    platform: "browser",
    logLevel: "silent"
  })
  return outputFiles.map(({ text }) => text).join("")
})

describe("what the HttpClient of FetchGemini promises", () => {
  for (const [name, program, args] of processes) {
    if (spawnSync(program, ["--version"]).status !== 0) {
      it.skip(`${name} is not installed: nothing was asked of it there`, () => undefined)
      continue
    }
    it.live(`it keeps on ${name}`, () =>
      Effect.gen(function*() {
        const { url } = yield* served
        const { stdout } = yield* Effect.promise(() => promisify(execFile)(program, [...args, page, url]))
        const { redirectStatus, ...told } = JSON.parse(stdout)
        assert.deepStrictEqual(told, kept)
        assert.strictEqual(redirectStatus, 307)
      }).pipe(Effect.scoped), 60_000)
  }

  if (!Chromium.isInstalled) {
    it.skip(`${Chromium.skipReason}: nothing was asked of it there`, () => undefined)
  } else {
    it.live("it keeps in Chromium, but for holding a body back", () =>
      Effect.gen(function*() {
        const { url } = yield* served
        const { told } = yield* Chromium.open(yield* bundled, { url })
        const { holdsBack: _, redirectStatus, ...rest } = Object(told)
        const { holdsBack: __, ...keptByPage } = kept
        // Chromium reads a body ahead by itself: of a bare fetch whose reader waits it took 64 MB, too (November 2026).
        assert.deepStrictEqual(rest, keptByPage)
        // A page does not learn of a redirect more than that there was one.
        assert.strictEqual(redirectStatus, 0)
      }).pipe(Effect.scoped), 60_000)
  }
})
