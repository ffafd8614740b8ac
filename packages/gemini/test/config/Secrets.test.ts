import { assert, describe, it } from "@effect/vitest"
import * as GeminiConfig from "effect-gemini/GeminiConfig"
import * as Schema from "effect/Schema"
import * as Secrets from "../../src/internal/config/secrets.ts"

const key = `AIzaSy${"q".repeat(33)}`
const tail = "0123456789abcdef0123"
const token = `auth_tokens/${tail}`

describe("a text from outside", () => {
  it("holds no key afterwards, in whatever form it was quoted", () => {
    const cases: ReadonlyArray<readonly [text: string, key: string | undefined, left: string]> = [
      [`Consumer 'api_key:${key}' has been suspended.`, key, "Consumer 'api_key:<key>' has been suspended."],
      [`Consumer 'api_key:${key}' has been suspended.`, undefined, "Consumer 'api_key:<key>' has been suspended."],
      [`?key=${encodeURIComponent("a/b+c=d&e f12")}`, "a/b+c=d&e f12", `?key=${encodeURIComponent("a/b+c=d&e f12")}`],
      [`?key=${encodeURIComponent("a/b+c=d&e-f12")}`, "a/b+c=d&e-f12", "?key=<key>"],
      [`token ${token} has expired`, token, "token <key> has expired"],
      [`token ${tail} has expired`, token, "token <key> has expired"],
      [`?access_token=${encodeURIComponent(token)}`, token, "?access_token=<key>"],
      // An access token is sent beside the key, which is the one that is known.
      [`Bearer ya29.${"aB-_9.".repeat(10)} was refused`, key, "Bearer <key> was refused"],
      // A text that was cut to a length breaks off in the key.
      [`key ${key.slice(0, 20)}`, key, "key <key>"],
      [`key ${key.slice(0, 8)}`, key, "key <key>"],
      [`key ${key.slice(0, 7)}`, key, `key ${key.slice(0, 7)}`],
      [`token ${tail.slice(0, 12)}`, token, "token <key>"],
      // The key of a test may be a word.
      ["tests test a test", "test", "tests <key> a <key>"],
      ["nothing", "", "nothing"]
    ]
    for (const [text, key, left] of cases) assert.strictEqual(Secrets.withoutKey(text, key), left)
  })

  const Around = Schema.Array(Schema.Literals(["x", "y", "z", " ", ".", ":", "/", "0", "auth_", "<key>"]))
  it.prop("holds none wherever it stands, and is otherwise what it was", [Around, Around], ([before, after]) => {
    const [from, to] = [before.join(""), after.join("")]
    assert.strictEqual(Secrets.withoutKey(`${from}${token}${to}`, token), `${from}<key>${to}`)
    assert.strictEqual(Secrets.withoutKey(from + to, token), from + to)
  })

  it("holds no user and no password of a URL afterwards", () => {
    const cases = [
      ["cannot parse http://me:secret@host:1/x", "cannot parse http://host:1/x"],
      ["redis://:secret@host and https://t0ken@host?a=b@c", "redis://host and https://host?a=b@c"],
      ["a mail to me@host, http://host/@x", "a mail to me@host, http://host/@x"]
    ] as const
    for (const [text, left] of cases) assert.strictEqual(Secrets.withoutCredentials(text), left)
  })

  it("is looked through in a time that grows with its length alone", () => {
    for (const piece of ["http://", "://a", `${key.slice(0, 30)} `, "AIza", "AQ."]) {
      const text = piece.repeat(Math.ceil(2_000_000 / piece.length))
      const from = performance.now()
      Secrets.withoutKey(Secrets.withoutCredentials(text), key)
      assert.isBelow(performance.now() - from, 5_000, piece)
    }
  })
})

describe("a base URL", () => {
  it("is shown as an address, without what may be secret in it", () => {
    const cases: ReadonlyArray<readonly [url: string, shown: string | undefined]> = [
      ["http://127.0.0.1:8790", "http://127.0.0.1:8790"],
      ["https://gateway.test/gemini//", "https://gateway.test/gemini"],
      ["https://me:secret@gateway.test/x?token=secret#secret", "https://gateway.test/x"],
      ["https://secret@gateway.test", "https://gateway.test"],
      ["ftp://me:secret@gateway.test", "ftp://gateway.test"],
      ["localhost:8790", "localhost:8790"],
      ["localhost:8790/secret", "localhost:8790"],
      ["me:secret@gateway.test", undefined],
      ["me:12345@gateway.test:80", undefined],
      ["http://[secret", undefined],
      ["secret", undefined],
      ["//me:secret@host", undefined],
      [key, undefined],
      [`http://${key}`, undefined],
      [`http://${key}@[`, undefined],
      [`https://gateway.test/${key}/x`, "https://gateway.test/%3Ckey%3E/x"],
      ["", undefined]
    ]
    for (const [url, shown] of cases) assert.strictEqual(GeminiConfig.shownUrl(url), shown, url)
  })

  it("that cannot be meant is refused without quoting what may be secret", () => {
    const secret = "hunter2secret"
    const urls = [
      `http://user:${secret}@127.0.0.1:9`,
      `http://${secret}@127.0.0.1:9`,
      `ftp://user:${secret}@127.0.0.1`,
      `user:${secret}@127.0.0.1:9`,
      `http://[${secret}`,
      `http://127.0.0.1:9?key=${secret}`,
      `http://127.0.0.1:9#${secret}`,
      secret
    ]
    for (const baseUrl of urls) {
      const problem = GeminiConfig.problem({ baseUrl })
      assert.strictEqual(problem?.field, "baseUrl")
      assert.notInclude(problem?.description, secret)
    }
    // What TypeScript would refuse: a program in JavaScript passes it.
    for (const value of [[`http://u:${secret}@h`], { toString: () => secret }]) {
      assert.notInclude(JSON.stringify(GeminiConfig.problem(Object.assign({}, { baseUrl: value }) as object)), secret)
    }
  })
})
