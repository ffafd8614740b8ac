/** Answers the files of the page. The headers by which nothing else in them acts are laid under each answer. */
import { promisify } from "node:util"
import { gunzip } from "node:zlib"
import * as Admission from "../door/admission.ts"
import type { Answering } from "./mount.ts"
import * as PageFiles from "./pageFiles.ts"

const inflate = promisify(gunzip)

interface File {
  readonly type: string
  readonly bytes: Uint8Array
  /** The same, compressed. */
  readonly gzip?: Uint8Array
}

export const make = async (load = PageFiles.load): Promise<{ readonly answer: Answering }> => {
  const { css, html, icon, js } = await load()
  const packed = async (type: string, base64: string): Promise<File> => {
    const gzip = Buffer.from(base64, "base64")
    return { type, gzip, bytes: await inflate(gzip) }
  }
  const files = new Map<string, File>([
    [Admission.page, { type: "text/html; charset=utf-8", bytes: Buffer.from(html) }],
    [`${Admission.page}icon.svg`, { type: "image/svg+xml", bytes: Buffer.from(icon) }],
    [`${Admission.page}page.js`, await packed("text/javascript; charset=utf-8", js)],
    [`${Admission.page}page.css`, await packed("text/css; charset=utf-8", css)]
  ])
  return {
    answer: (request, response) => {
      request.resume()
      const file = files.get((request.url ?? "").replace(/^https?:\/\/[^/]*/i, "").replace(/[?#].*/s, ""))
      if (file === undefined) return void response.writeHead(404).end()
      const takesGzip = /\bgzip\b/.test(String(request.headers["accept-encoding"] ?? ""))
      const bytes = takesGzip && file.gzip !== undefined ? file.gzip : file.bytes
      response.writeHead(200, {
        "content-type": file.type,
        "content-length": bytes.length,
        "vary": "accept-encoding",
        ...(bytes === file.gzip ? { "content-encoding": "gzip" } : {})
      })
      response.end(request.method === "HEAD" ? undefined : bytes)
    }
  }
}
