/** What resources are made of, each at its edges: filters, passages of documents, pages, bounds, bytes, ids and lines. */
import { assert, describe, it } from "@effect/vitest"
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, vi } from "vitest"
import * as Depot from "../src/internal/resources/Depot.ts"
import type { DocumentRecord } from "../src/internal/resources/DocumentRecord.ts"
import * as DocumentText from "../src/internal/resources/documentText.ts"
import * as Ids from "../src/internal/resources/ids.ts"
import { linesOf } from "../src/internal/resources/jsonLines.ts"
import * as MetadataFilter from "../src/internal/resources/metadataFilter.ts"
import * as Shelf from "../src/internal/resources/Shelf.ts"
import { search } from "../src/internal/resources/storeSearch.ts"
import * as Deliveries from "../src/internal/webhooks/Deliveries.ts"

describe("a filter of metadata", () => {
  const metadata = [
    { key: "author", stringValue: "Ada \"L\"" },
    { key: "year", numericValue: 1843 },
    { key: "zero", numericValue: 0 },
    { key: "tags", stringListValue: { values: ["a", "b"] } },
    { key: "text", stringValue: "10" }
  ]
  const table: ReadonlyArray<readonly [filter: string, fits: boolean]> = [
    ["year = 1843", true],
    ["year=1844", false],
    ["year : 1843", true],
    ["year != 1843", false],
    ["year != 1", true],
    ["year < 1843", false],
    ["year < 1844", true],
    ["year <= 1843", true],
    ["year <= 1842", false],
    ["year > 1843", false],
    ["year > 1842", true],
    ["year >= 1843", true],
    ["year >= 1844", false],
    ["year >= x", false],
    ["year != x", true],
    ["year >= \"\"", false],
    ["zero = 0", true],
    ["zero = \"\"", false],
    ["text = 10", true],
    ["text < 9", true],
    ["text > \"1\"", true],
    ["text <= 10", true],
    ["text >= 10", true],
    ["author = \"Ada \\\"L\\\"\"", true],
    ["author = 'Ada \"L\"'", true],
    ["tags = a", true],
    ["tags = b", true],
    ["tags = c", false],
    ["tags != a", false],
    ["tags != c", true],
    ["none = 1", false],
    ["none != 1", true],
    ["NOT none = 1", true],
    ["NOT NOT year = 1843", true],
    ["year = 1843 AND tags = c", false],
    ["year = 1843 AND tags = a AND zero = 0", true],
    ["year = 1 OR tags = a", true],
    ["year = 1 OR tags = c", false],
    ["year = 1843 OR year = 1 AND year = 2", true],
    ["(year = 1843 OR year = 1) AND year = 2", false],
    ["NOT (year = 1 OR year = 2)", true],
    ["  year  =  1843  ", true],
    ["tags = \"AND\"", false]
  ]
  it.each(table)("%s", (source, fits) => {
    const filter = MetadataFilter.parse(source) ?? assert.fail("it is none")
    assert.strictEqual(filter(metadata), fits)
  })

  it.each([
    "",
    "year",
    "year =",
    "= 1",
    "\"year\" = 1",
    "year ( 1",
    "year ) 1",
    "year = =",
    "(year = 1",
    "year = 1)",
    "NOT",
    "year = 1 AND",
    "OR year = 1",
    "year = 1 year = 2",
    "year = 1 \"AND\" year = 2",
    "year ! 1",
    "year = \"open",
    "()"
  ])("%s is none", (source) => {
    assert.isUndefined(MetadataFilter.parse(source))
  })
})

const bytes = (text: string) => new TextEncoder().encode(text)

describe("the text of a document", () => {
  const passages = (text: string, words: number, overlap: number, mimeType = "text/plain") =>
    DocumentText.passages(bytes(text), mimeType, { words, overlap })

  it("is cut into passages of so many words, which overlap, as they stand", () => {
    assert.deepStrictEqual(passages("", 2, 0), [])
    assert.deepStrictEqual(passages("  \n ", 2, 0), [])
    assert.deepStrictEqual(passages(" a \n b ", 2, 0), [{ text: "a \n b" }])
    assert.deepStrictEqual(passages("a b c", 3, 0), [{ text: "a b c" }])
    assert.deepStrictEqual(passages("a b c d", 3, 0), [{ text: "a b c" }, { text: "d" }])
    assert.deepStrictEqual(passages("a b c d", 3, 1), [{ text: "a b c" }, { text: "c d" }])
    assert.deepStrictEqual(passages("a b c d e", 3, 1), [{ text: "a b c" }, { text: "c d e" }])
    assert.deepStrictEqual(passages("a b c d", 3, 2), [{ text: "a b c" }, { text: "b c d" }])
  })

  it("has pages where a form feed ends them, or where it is a PDF", () => {
    assert.deepStrictEqual(passages("a b\fc", 2, 0), [{ text: "a b", page: 1 }, { text: "c", page: 2 }])
    const pdf = "stream\n(one) Tj (t\\(w\\)o) Tj\nendstream stream\r\n(three)Tj\nendstream"
    assert.deepStrictEqual(passages(pdf, 9, 0, "application/pdf"), [
      { text: "one t(w)o", page: 1 },
      { text: "three", page: 2 }
    ])
    assert.deepStrictEqual(passages("stream\n(one) Tj\nendstream", 9, 0, "application/pdf"), [{ text: "one", page: 1 }])
  })

  it("is read of kinds that are text, and only in UTF-8", () => {
    const kinds = [
      "text/markdown",
      "application/json",
      "application/xml",
      "application/x-yaml",
      "application/toml",
      "image/svg+xml",
      "application/ld+json"
    ]
    for (const mimeType of kinds) assert.deepStrictEqual(passages("a", 1, 0, mimeType), [{ text: "a" }], mimeType)
    for (const mimeType of ["image/png", "application/zip", "x-text/plain", "application/ld+jsonx"]) {
      assert.isUndefined(passages("a", 1, 0, mimeType), mimeType)
    }
    assert.isUndefined(DocumentText.passages(Uint8Array.of(0xff), "text/plain", DocumentText.standard))
    assert.deepStrictEqual(DocumentText.standard, { words: 200, overlap: 20 })
  })

  it("fits a question by the words of it that it has, each once, rare ones for more", () => {
    const texts = ["the cat", "the dog", "the cat and the dog"]
    const score = DocumentText.scorer("The the CAT?", texts)
    assert.strictEqual(score("nothing"), 0)
    assert.isAbove(score("cat"), score("the"))
    assert.strictEqual(score("cat cat"), score("cat"))
    assert.closeTo(score("the cat"), score("the") + score("cat"), 1e-12)
    assert.closeTo(score("the"), Math.log(1 + 3 / 4), 1e-12)
    assert.closeTo(score("cat"), Math.log(1 + 3 / 3), 1e-12)
  })
})

describe("a file search", () => {
  const document = (name: string, texts: ReadonlyArray<string>, more: Partial<DocumentRecord> = {}): DocumentRecord => {
    const kept = bytes(JSON.stringify(texts.map((text, i) => ({ text, ...(texts.length > 1 ? { page: i + 1 } : {}) }))))
    const record = {
      name: `fileSearchStores/s/documents/${name}`,
      project: "p",
      store: "fileSearchStores/s",
      displayName: name,
      metadata: [],
      bytes: {
        size: kept.length,
        sha256: "",
        read: () => [kept.subarray(0, 3), kept.subarray(3)],
        drop: () => undefined
      },
      ...more
    }
    // Of a document only these fields are looked at.
    return Object.assign(Object.create(null), record)
  }
  const documents = [
    document("one", ["cats sleep", "dogs run"], { metadata: [{ key: "n", numericValue: 1 }] }),
    document("two", ["cats and dogs"]),
    document("cats", [], { media: "m1" }),
    document("none", ["birds"], { displayName: undefined })
  ]
  const ask = (question: string, ...asked: ReadonlyArray<object>) => {
    const body = { contents: [{ parts: [{ text: "birds" }] }, { parts: [{ text: question }, { inlineData: {} }] }] }
    const result = search(body, asked, (store) => store === "fileSearchStores/s" ? documents : [])
    return "refusal" in result
      ? result.refusal.body.error.code
      : result.found.map((each) => Object(each).retrievedContext)
  }
  const stores = { fileSearchStoreNames: ["fileSearchStores/s"] }

  it("finds the passages that fit, the best first, with what is known of them", () => {
    assert.deepStrictEqual(ask("birds", stores), [{ text: "birds", fileSearchStore: "fileSearchStores/s" }])
    assert.deepStrictEqual(ask("sleep dogs", stores), [
      {
        title: "one",
        text: "cats sleep",
        fileSearchStore: "fileSearchStores/s",
        pageNumber: 1,
        customMetadata: [{ key: "n", numericValue: 1 }]
      },
      {
        title: "one",
        text: "dogs run",
        fileSearchStore: "fileSearchStores/s",
        pageNumber: 2,
        customMetadata: [{ key: "n", numericValue: 1 }]
      },
      { title: "two", text: "cats and dogs", fileSearchStore: "fileSearchStores/s" }
    ])
    assert.deepStrictEqual(ask("nothing", stores), [])
    assert.deepStrictEqual(ask("cats", stores), [
      ...Object(ask("sleep", stores)),
      { title: "two", text: "cats and dogs", fileSearchStore: "fileSearchStores/s" },
      { title: "cats", mediaId: "m1", fileSearchStore: "fileSearchStores/s" }
    ])
  })

  it("gives as many as are asked for, in the stores that are named, each once, and filtered", () => {
    const count = (...asked: ReadonlyArray<object>) => Object(ask("cats dogs birds", ...asked)).length
    assert.strictEqual(count({ ...stores, topK: 1 }), 1)
    assert.strictEqual(count({ ...stores, topK: 0 }), 5)
    assert.strictEqual(count({ ...stores, topK: 2 }, { ...stores, topK: 3 }), 3)
    assert.strictEqual(count({ fileSearchStoreNames: ["fileSearchStores/s", "fileSearchStores/s"], topK: 9 }), 5)
    assert.strictEqual(count({ fileSearchStoreNames: ["fileSearchStores/other"] }), 0)
    assert.strictEqual(count(), 0)
    assert.strictEqual(count({ ...stores, metadataFilter: "n = 1" }), 2)
    assert.strictEqual(count({ ...stores, metadataFilter: " " }), 5)
    assert.strictEqual(ask("cats", { ...stores, metadataFilter: "n = " }), 400)
    assert.strictEqual(ask("cats", { ...stores, topK: -1 }), 400)
  })
})

describe("a shelf", () => {
  interface Thing extends Shelf.Kept {
    readonly n: number
  }
  const thing = (n: number, more: Partial<Thing> = {}): Thing => ({ name: `things/${n}`, project: "p", n, ...more })
  const made = (options: Partial<Shelf.Options<Thing>> = {}) => {
    const left: Array<number> = []
    const shelf = Shelf.make<Thing>({ pageSize: 2, largestPage: 3, left: ({ n }) => void left.push(n), ...options })
    return { shelf, left }
  }
  const page = (shelf: Shelf.Shelf<Thing>, query: string, under?: string, now = 0) => {
    const found = shelf.page("p", new URLSearchParams(query), now, under)
    return found.refusal === undefined ? found.items.map(({ n }) => n) : found.refusal.body.error.code
  }

  it("has each name once, of the project that made it, until its time itself", () => {
    const { left, shelf } = made()
    assert.isTrue(shelf.add(thing(1, { expires: 100 }), 0))
    assert.isFalse(shelf.add(thing(1), 99))
    assert.strictEqual(shelf.find("p", "things/1", 99)?.n, 1)
    assert.isUndefined(shelf.find("q", "things/1", 99))
    assert.isUndefined(shelf.remove("q", "things/1", 99))
    assert.isUndefined(shelf.find("p", "things/1", 100))
    assert.deepStrictEqual(left, [1])
    assert.isTrue(shelf.add(thing(1, { n: 7 }), 100))
    shelf.replace(thing(1, { n: 8 }))
    shelf.replace(thing(2))
    assert.deepStrictEqual(shelf.all(100).map(({ n }) => n), [8])
    assert.strictEqual(shelf.remove("p", "things/1", 100)?.n, 8)
    assert.isUndefined(shelf.remove("p", "things/1", 100))
    assert.deepStrictEqual(left, [1, 8])
  })

  it("drops the oldest beyond its bound, and remembers that it did, for a thousand names", () => {
    const { left, shelf } = made({ capacity: 2 })
    for (const n of [1, 2]) shelf.add(thing(n), 0)
    assert.deepStrictEqual([left, shelf.dropped()], [[], 0])
    shelf.add(thing(3), 0)
    assert.deepStrictEqual([left, shelf.dropped()], [[1], 1])
    assert.deepStrictEqual([1, 2].map((n) => shelf.wasDropped(`things/${n}`)), [true, false])
    shelf.add(thing(1), 0)
    assert.isFalse(shelf.wasDropped("things/1"))
    shelf.evict("things/none")
    shelf.evict("things/1")
    assert.deepStrictEqual([left, shelf.dropped()], [[1, 2, 1], 3])
    for (let n = 10; n < 1010; n++) shelf.add(thing(n), 0)
    assert.isFalse(shelf.wasDropped("things/2"))
    assert.isTrue(shelf.wasDropped("things/10"))
    shelf.clear()
    assert.deepStrictEqual([shelf.all(0), shelf.dropped(), shelf.wasDropped("things/10")], [[], 0, false])
    assert.strictEqual(left.length, 1 + 1 + 1 + 1000 + 1)
    assert.deepStrictEqual(left.slice(-2), [1008, 1009])
  })

  it("lets what is over go when something is added, counted or shown", () => {
    for (const endsInOrder of [false, true]) {
      const { left, shelf } = made({ endsInOrder })
      for (const n of [1, 2, 3]) shelf.add(thing(n, { expires: 10 * n }), 0)
      shelf.add(thing(4), 10)
      assert.deepStrictEqual(left, [1])
      assert.deepStrictEqual(shelf.all(20).map(({ n }) => n), [3, 4])
      assert.deepStrictEqual(page(shelf, "", undefined, 30), [4])
      assert.deepStrictEqual(left, [1, 2, 3])
    }
    const late = made()
    late.shelf.add(thing(1), 0)
    late.shelf.add(thing(2, { expires: 5 }), 0)
    assert.deepStrictEqual(late.shelf.all(5).map(({ n }) => n), [1])
  })

  it("gives pages of the size that was asked for, one behind the other", () => {
    const { shelf } = made()
    for (const n of [1, 2, 3, 4, 5]) shelf.add(thing(n), 0)
    shelf.add(thing(6, { project: "q" }), 0)
    const sizes: ReadonlyArray<readonly [string, ReadonlyArray<number> | number]> = [
      ["", [1, 2]],
      ["pageSize=0", [1, 2]],
      ["page_size=1", [1]],
      ["pageSize=3", [1, 2, 3]],
      ["pageSize=4", [1, 2, 3]],
      ["pageSize=-1", 400],
      ["pageSize=x", 400],
      ["pageToken=x", 400]
    ]
    for (const [query, expected] of sizes) assert.deepStrictEqual(page(shelf, query), expected, query)
    assert.deepStrictEqual(page(shelf, "", "things/5"), [5])
    const seen: Array<number> = []
    let token: string | undefined = ""
    while (token !== undefined) {
      const found = shelf.page("p", new URLSearchParams({ page_token: token }), 0)
      if (found.refusal !== undefined) return assert.fail("it was refused")
      seen.push(...found.items.map(({ n }) => n))
      token = found.nextPageToken
    }
    assert.deepStrictEqual(seen, [1, 2, 3, 4, 5])
    const newest = made({ isNewestFirst: true })
    for (const n of [1, 2, 3]) newest.shelf.add(thing(n), 0)
    assert.deepStrictEqual(page(newest.shelf, ""), [3, 2])
    assert.isUndefined(newest.shelf.page("p", new URLSearchParams({ pageSize: "3" }), 0).refusal)
    const whole = newest.shelf.page("p", new URLSearchParams({ pageSize: "3" }), 0)
    assert.isUndefined(whole.refusal === undefined ? whole.nextPageToken : "refused")
  })
})

describe("bytes that are kept", () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "depot-"))
    vi.stubEnv("TMPDIR", folder)
  })
  afterEach(() => {
    vi.unstubAllEnvs()
    rmSync(folder, { recursive: true })
  })
  const files = () => readdirSync(folder).flatMap((name) => readdirSync(join(folder, name)))
  const of = (length: number, value = 7) => new Uint8Array(length).fill(value)
  const stored = (depot: Depot.Depot, pieces: ReadonlyArray<Uint8Array>, evicted: () => void = () => undefined) => {
    const writer = depot.writer()
    for (const each of pieces) writer.write(each)
    return writer.finish(evicted)
  }
  const text = (kept: Depot.StoredBytes) => Buffer.concat([...kept.read()])
  const mega = 1024 * 1024

  it("up to a megabyte in memory, beyond it in a folder that goes with them", () => {
    const depot = Depot.make()
    const small = stored(depot, [of(mega - 1), of(1, 8)])
    assert.deepStrictEqual(files(), [])
    const large = stored(depot, [of(mega), of(0), of(1, 9)])
    assert.strictEqual(files().length, 1)
    assert.deepStrictEqual([small.size, large.size, depot.held()], [mega, mega + 1, 2 * mega + 1])
    assert.strictEqual(text(small).at(-1), 8)
    const read = text(large)
    assert.deepStrictEqual([read.length, read.at(0), read.at(-1)], [mega + 1, 7, 9])
    large.drop()
    large.drop()
    assert.deepStrictEqual([files(), depot.held()], [[], mega])
    assert.throws(() => text(large), /no longer kept/)
    depot.close()
    assert.deepStrictEqual([readdirSync(folder), depot.held()], [[], 0])
  })

  it("are what was written, also where the writer's own bytes change, and have their hash", () => {
    const depot = Depot.make()
    const own = bytes("abc")
    const kept = depot.writer()
    kept.write(own)
    own.fill(0)
    assert.strictEqual(kept.size(), 3)
    const done = kept.finish(() => undefined)
    assert.strictEqual(text(done).toString(), "abc")
    assert.strictEqual(done.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
  })

  it("beyond the bound the oldest go, and are told; what is still being written stays", () => {
    const depot = Depot.make(10)
    const gone: Array<string> = []
    const one = stored(depot, [of(4)], () => gone.push("one"))
    const two = stored(depot, [of(4)], () => gone.push("two"))
    const three = depot.writer()
    three.write(of(2))
    assert.deepStrictEqual([gone, depot.held(), depot.evicted()], [[], 10, 0])
    three.write(of(1))
    assert.deepStrictEqual([gone, depot.held(), depot.evicted()], [["one"], 7, 1])
    assert.throws(() => text(one), /no longer kept/)
    assert.strictEqual(text(two).length, 4)
    three.write(of(9))
    assert.deepStrictEqual([gone, depot.held(), depot.evicted()], [["one", "two"], 12, 2])
    three.drop()
    three.write(of(1))
    assert.strictEqual(depot.held(), 0)
    // What was dropped makes no room again.
    stored(depot, [of(11)], () => gone.push("four"))
    stored(depot, [of(1)], () => gone.push("five"))
    assert.deepStrictEqual(gone, ["one", "two", "four"])
  })

  it("that are not finished go when all is closed, and leave no file", () => {
    const depot = Depot.make()
    const writer = depot.writer()
    writer.write(of(mega + 1))
    assert.strictEqual(files().length, 1)
    depot.close()
    assert.deepStrictEqual([readdirSync(folder), depot.held()], [[], 0])
    assert.isFalse(existsSync(join(folder, "0")))
  })
})

it("an id that was chosen has at most forty letters, digits and dashes, with a dash at neither end", () => {
  const good = ["a", "0", "a-b", "a".repeat(40), `a${"-".repeat(38)}b`]
  const bad = ["", "-a", "a-", "A", "a_b", "a".repeat(41), "é"]
  for (const id of good) assert.isTrue(Ids.isChosen(id), id)
  for (const id of bad) assert.isFalse(Ids.isChosen(id), id)
  const next = Ids.maker("seed")
  assert.match(next(), /^[a-z0-9]{12}$/)
  assert.match(next(3), /^[a-z0-9]{3}$/)
  assert.strictEqual(Ids.maker("seed")(), Ids.maker("seed")())
  assert.notStrictEqual(Ids.maker("seed")(), Ids.maker("other")())
})

it("lines are the same however their bytes were cut, and the last needs no line break", () => {
  const lines = (...pieces: ReadonlyArray<string>) => [...linesOf(pieces.map(bytes))]
  assert.deepStrictEqual(lines(), [])
  assert.deepStrictEqual(lines(""), [])
  assert.deepStrictEqual(lines("a"), ["a"])
  assert.deepStrictEqual(lines("a\n"), ["a"])
  assert.deepStrictEqual(lines("\n\na"), ["", "", "a"])
  assert.deepStrictEqual(lines("a", "b\nc", "\n", "d\n\n"), ["ab", "c", "d", ""])
  const whole = bytes("é\nß")
  for (let at = 0; at <= whole.length; at++) {
    assert.deepStrictEqual([...linesOf([whole.subarray(0, at), whole.subarray(at)])], ["é", "ß"], `${at}`)
  }
})

describe("a delivery of a webhook", () => {
  it("goes to addresses of this machine alone", () => {
    const here = [
      "http://localhost",
      "https://localhost:8443/x",
      "http://127.0.0.1:1",
      "http://127.1.2.3",
      "http://[::1]:9/"
    ]
    const elsewhere = [
      "",
      "localhost",
      "ftp://localhost",
      "http://localhost.example",
      "http://128.0.0.1",
      "http://0.0.0.0",
      "http://[::2]",
      "http://127.example.org",
      "http://xlocalhost"
    ]
    for (const uri of here) assert.isTrue(Deliveries.isHere(uri), uri)
    for (const uri of elsewhere) assert.isFalse(Deliveries.isHere(uri), uri)
  })

  it.each([0, 1, 2, 3, 4, 63])(
    "with a signature that was changed has other bytes, whatever its last ones were: %d",
    (last) => {
      const signed = (bytes: Uint8Array) => `v1,${Buffer.from(bytes).toString("base64")}`
      const mac = new Uint8Array(32).fill(last)
      const sent = { body: "{\"id\":\"a\"}", id: "i", signature: signed(mac), timestamp: 10_000 }
      const { signature, ...rest } = Deliveries.tampered("signature", sent)
      assert.deepStrictEqual(rest, { body: sent.body, id: "i", timestamp: 10_000 })
      assert.match(signature, /^v1,/)
      assert.notDeepEqual(Buffer.from(signature.slice(3), "base64"), Buffer.from(mac))
    }
  )

  it("is changed in what a fault names, and in nothing else", () => {
    const sent = { body: "{\"id\":\"a\",\"b\":{\"id\":\"c\"}}", id: "i", signature: "v1,AAAA", timestamp: 10_000 }
    assert.deepStrictEqual(Deliveries.tampered("body", sent), { ...sent, body: "{\"id\":\"xa\",\"b\":{\"id\":\"c\"}}" })
    assert.deepStrictEqual(Deliveries.tampered("timestamp", sent), { ...sent, timestamp: 6_400 })
    assert.deepStrictEqual(Deliveries.tampered("id", sent), { ...sent, id: "ix" })
    assert.deepStrictEqual(Deliveries.tampered(undefined, sent), sent)
  })
})
