/**
 * Addresses out of answers: whatever they are, a request with the key goes to the base URL's origin.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as AnswerUrl from "../../src/internal/resources/answerUrl.ts"

const google = "https://generativelanguage.googleapis.com"
const path = "/upload/v1beta/files?upload_id=1"

describe("an address out of an answer", () => {
  it.each<readonly [url: string, base: string, asked: string]>([
    [google + path, google, google + path],
    [google + path, "http://127.0.0.1:8790", `http://127.0.0.1:8790${path}`],
    [google + path, "https://gateway.example/gemini", `https://gateway.example${path}`],
    [
      `https://gateway.example/gemini${path}`,
      "https://gateway.example/gemini",
      `https://gateway.example/gemini${path}`
    ],
    [path, google, google + path],
    [`https://user:word@generativelanguage.googleapis.com${path}#x`, google, google + path],
    [`${google}/v1beta/files/../../upload`, google, `${google}/upload`],
    [`${google}:443/x`, google, `${google}/x`]
  ])("%s at %s is asked at %s", (url, base, asked) => {
    assert.deepStrictEqual(AnswerUrl.judge(url, base, []), Result.succeed({ url: asked, isOwn: true }))
  })

  it("is asked elsewhere without the key if its origin is named, over https or on this machine", () => {
    const bucket = "https://storage.googleapis.com"
    assert.deepStrictEqual(
      AnswerUrl.judge(`https://me@storage.googleapis.com/b/o?sig=s#f`, google, [bucket]),
      Result.succeed({ url: `${bucket}/b/o?sig=s`, isOwn: false })
    )
    // A named origin that is the base URL's keeps the key.
    assert.deepStrictEqual(
      AnswerUrl.judge(google + path, google, [google]),
      Result.succeed({ url: google + path, isOwn: true })
    )
    assert.isTrue(Result.isFailure(AnswerUrl.judge("http://storage.googleapis.com/b/o", google, [bucket])))
    assert.isTrue(Result.isFailure(AnswerUrl.judge("https://storage.googleapis.com:444/b/o", google, [bucket])))
  })

  it.each([
    "storage.googleapis.com",
    "http://storage.googleapis.com",
    "https://storage.googleapis.com/bucket",
    "https://me@storage.googleapis.com",
    "https://storage.googleapis.com?x=1",
    "*",
    ""
  ])("allowOrigin %s is refused", (origin) => {
    assert.strictEqual(AnswerUrl.wrongOrigin(["https://ok.example", origin]), origin)
  })

  it.each([
    "https://evil.example/upload/v1beta/files?upload_id=1",
    "https://generativelanguage.googleapis.com.evil.example/x",
    "https://generativelanguage.googleapis.com@evil.example/x",
    "http://generativelanguage.googleapis.com/x",
    "//evil.example/x",
    "blob:https://generativelanguage.googleapis.com/v1beta/files/x",
    "filesystem:https://generativelanguage.googleapis.com/temporary/x",
    "ftp://generativelanguage.googleapis.com/x",
    "data:text/plain,x",
    "https://",
    `https://generativelanguage.googleapis.com/${"a".repeat(20_000)}`
  ])("%s is refused", (url) => {
    assert.isTrue(Result.isFailure(AnswerUrl.judge(url, google, [])))
  })

  const Piece = Schema.Literals([
    "https://",
    "http://",
    "//",
    "\\\\",
    "blob:",
    "javascript:",
    "generativelanguage.googleapis.com",
    "evil.example",
    "127.0.0.1",
    "[::1]",
    ":8790",
    "@",
    ":",
    "/",
    "/v1beta/files/x",
    "..",
    "%2e%2e",
    "?",
    "#",
    "\t",
    "\n",
    " ",
    "\u3002",
    "\uff47",
    "\u0000"
  ])
  const Base = Schema.Literals([google, "http://127.0.0.1:8790", "https://gateway.example/gemini"])
  const Allowed = Schema.Array(Schema.Literals(["https://evil.example", "https://storage.googleapis.com"]))

  it.prop(
    "goes with the key to the base URL's origin and nowhere else, whatever it is",
    [Schema.Array(Piece), Base, Allowed],
    ([pieces, base, allowed]) => {
      const judged = AnswerUrl.judge(pieces.join(""), base, allowed)
      if (Result.isFailure(judged)) return
      const { isOwn, url } = judged.success
      const { hash, href, origin, password, username } = new URL(url)
      assert.strictEqual(href, url)
      assert.strictEqual(username + password + hash, "")
      if (isOwn) assert.strictEqual(origin, new URL(base).origin)
      else assert.isTrue(allowed.some((named) => named === origin))
    },
    { arbitrary: { runs: 3_000 } }
  )
})

describe("a redirect", () => {
  it.each<readonly [location: string | undefined, from: string, to: string | undefined]>([
    ["https://storage.googleapis.com/b/o?sig=s", google, "https://storage.googleapis.com/b/o?sig=s"],
    ["/elsewhere", `${google}/v1beta/files/x`, `${google}/elsewhere`],
    ["https://me:word@cdn.example/x#y", google, "https://cdn.example/x"],
    ["http://127.0.0.1:9/x", "http://127.0.0.1:8790/y", "http://127.0.0.1:9/x"],
    ["http://[::1]:9/x", "http://localhost:8790/y", "http://[::1]:9/x"],
    // Plain http, other schemes, and from outside into this machine.
    ["http://storage.googleapis.com/b/o", google, undefined],
    ["file:///etc/hostname", google, undefined],
    ["http://127.0.0.1:6379/x", google, undefined],
    ["https://localhost/x", google, undefined],
    ["http://127.8.8.8/x", google, undefined],
    [undefined, google, undefined],
    ["https://", google, undefined],
    [`https://cdn.example/${"a".repeat(20_000)}`, google, undefined]
  ])("to %s from %s leads to %s", (location, from, to) => {
    assert.strictEqual(Result.getOrUndefined(AnswerUrl.redirected(location, from)), to)
  })
})
