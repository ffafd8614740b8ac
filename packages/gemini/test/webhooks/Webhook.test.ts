/** What is accepted as a delivery, and what is not: line 18.5 of the webhooks. */
import { assert, describe, it } from "@effect/vitest"
import * as Replays from "effect-gemini/webhooks/Replays"
import * as Webhook from "effect-gemini/webhooks/Webhook"
import type { WebhookError } from "effect-gemini/webhooks/WebhookError"
import * as WebhookKeys from "effect-gemini/webhooks/WebhookKeys"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/testing/TestClock"
import { createHmac } from "node:crypto"
import { seedOf, sizeOf } from "../../../../scripts/proof.ts"
import * as Signer from "./signer.ts"

const secrets = [Redacted.make(Signer.secret), Redacted.make(Signer.formerSecret)]
const both = { secrets, audience: Signer.audience } as const
const pair = Signer.pairOf("k1")

/** Keys from a real socket, ids in a memory of the test's own, and the time of the deliveries. */
const world = <A, E>(effect: Effect.Effect<A, E, WebhookKeys.WebhookKeys>, capacity?: number) =>
  Effect.gen(function*() {
    yield* TestClock.setTime(Signer.noon * 1_000)
    const { url } = yield* Signer.keyServer(Signer.listing(() => [pair]))
    return yield* Effect.provide(effect, WebhookKeys.layer({ url }).pipe(Layer.provide(FetchHttpClient.layer)))
  }).pipe(Effect.scoped, Effect.provideService(Replays.Replays, Replays.makeMemory({ capacity })))

const reasonOf = ({ reason }: WebhookError): string =>
  reason._tag === "SignatureRejected" ? `${reason._tag}.${reason.why}` : reason._tag

/** The reason of a refusal, or the event's resource. */
const outcome = ({ body, headers }: Signer.Delivery, options: Webhook.DynamicOptions = both) =>
  Effect.match(Webhook.verify(headers, body, options), {
    onFailure: reasonOf,
    onSuccess: ({ event }) => event.resource
  })

/** A generator of numbers that a seed repeats. */
const randomOf = (seed: number) => {
  let state = seed >>> 0
  return (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor(state / 2 ** 32 * below)
  }
}

const alphabet = "abcXYZ019+/=._-{}\":, \n"

/** One text with one character changed, taken away, doubled or put in. */
const mutated = (text: string, random: (below: number) => number): string => {
  const at = random(text.length)
  const other = alphabet[random(alphabet.length)] ?? "x"
  const ways = [
    text.slice(0, at) + other + text.slice(at + 1),
    text.slice(0, at) + text.slice(at + 1),
    text.slice(0, at) + text.charAt(at) + text.slice(at),
    text.slice(0, at) + other + text.slice(at)
  ]
  return ways[random(ways.length)] ?? text
}

const sameJson = (one: string, other: string): boolean => {
  try {
    return JSON.stringify(JSON.parse(one)) === JSON.stringify(JSON.parse(other))
  } catch {
    return false
  }
}

describe("a real delivery", () => {
  it.effect("of the project's webhook is accepted, also while its secrets rotate", () =>
    world(Effect.gen(function*() {
      assert.strictEqual(yield* outcome(Signer.byHmac("new")), "batches/new")
      assert.strictEqual(yield* outcome(Signer.byHmac("old", { secrets: [Signer.formerSecret] })), "batches/old")
      const twice = { secrets: [Signer.formerSecret, Signer.secret] }
      assert.strictEqual(yield* outcome(Signer.byHmac("both", twice)), "batches/both")
      const ahead = { secrets: [Signer.foreignSecret, Signer.secret] }
      assert.strictEqual(yield* outcome(Signer.byHmac("ahead", ahead)), "batches/ahead")
      const other = { secrets: [Signer.foreignSecret] }
      assert.strictEqual(yield* outcome(Signer.byHmac("foreign", other)), "SignatureRejected.signature")
    })))

  it.effect("of one call's webhook is accepted by Google's key", () =>
    world(Effect.gen(function*() {
      const { body, headers } = Signer.byToken(pair, "dynamic", {
        body: Signer.bodyOf("v1_abc", "interaction.completed")
      })
      const delivery = yield* Webhook.verify(headers, body, { audience: Signer.audience })
      assert.strictEqual(delivery.kind, "dynamic")
      assert.strictEqual(delivery.id, "dynamic")
      assert.strictEqual(delivery.event.type, "interaction.completed")
      assert.strictEqual(delivery.event.resource, "interactions/v1_abc")
      assert.deepStrictEqual(delivery.event.metadata, { group: "nightly" })
    })))

  it.effect("is read out of the headers of fetch, of Node and of any case, and out of bytes", () =>
    world(Effect.gen(function*() {
      const one = Signer.byHmac("fetch")
      assert.strictEqual(
        (yield* Webhook.verify(new Headers(one.headers), new TextEncoder().encode(one.body), { secrets })).id,
        "fetch"
      )
      const two = Signer.byHmac("node")
      const upper = Object.fromEntries(
        Object.entries(two.headers).map(([name, value]) => [name.toUpperCase(), [value]])
      )
      assert.strictEqual((yield* Webhook.verify(upper, two.body, { secrets })).id, "node")
      const three = Signer.byHmac("doubled")
      const doubled = { ...three.headers, "webhook-id": ["doubled", "other"] }
      const error = yield* Effect.flip(Webhook.verify(doubled, three.body, { secrets }))
      assert.strictEqual(
        error.message,
        "webhook MalformedDelivery: webhook-id: expected one header, of 1 to 256 letters, digits and ._~:@+=/-"
      )
    })))
})

describe("a mutated delivery", () => {
  const count = sizeOf("18.5", { test: 200, prove: 1_000 })

  it.effect(`is never accepted (${count} of them, of both kinds)`, () =>
    world(Effect.gen(function*() {
      const random = randomOf(seedOf("18.5", 20_261_129))
      const reasons = new Map<string, number>()
      for (let index = 0; index < count; index++) {
        const isToken = index % 2 === 1
        const real = isToken ? Signer.byToken(pair, `m${index}`) : Signer.byHmac(`m${index}`)
        // The header with the id is not signed in the dynamic kind: it has a test of its own below.
        const parts = isToken ? ["webhook-signature", "body"] : [...Object.keys(real.headers), "body"]
        const part = parts[random(parts.length)] ?? "body"
        let changed = real
        while (part === "body" ? changed.body === real.body : changed.headers[part] === real.headers[part]) {
          changed = part === "body"
            ? { ...real, body: mutated(real.body, random) }
            : { ...real, headers: { ...real.headers, [part]: mutated(real.headers[part] ?? "", random) } }
          // White space between the values of a body is not part of what a token says.
          if (isToken && part === "body" && sameJson(changed.body, real.body)) changed = real
          // fetch and Node take white space around a header's value away.
          if (part !== "body" && changed.headers[part]?.trim() === real.headers[part]) changed = real
        }
        const why = yield* outcome(changed)
        assert.match(why, /^(?:SignatureRejected|MalformedDelivery|StaleDelivery)/, JSON.stringify(changed))
        reasons.set(why, (reasons.get(why) ?? 0) + 1)
        // Nothing of the forgery is kept: the real one comes through.
        assert.strictEqual(yield* outcome(real), `batches/m${index}`)
      }
      // The mutations reached the signatures, and did not all end at the door.
      assert.isAbove(reasons.get("SignatureRejected.signature") ?? 0, count / 5)
      assert.isAbove(reasons.get("SignatureRejected.otherBody") ?? 0, count / 20)
    })), 120_000)

  it.effect("is refused where only the spelling of its signature changed", () =>
    world(Effect.gen(function*() {
      // 32 bytes leave two bits of the last character unused: four texts would decode to one signature.
      const real = Signer.byHmac("spelled")
      const text = real.headers["webhook-signature"] ?? ""
      const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
      const last = digits.indexOf(text.at(-2) ?? "")
      for (const bits of [1, 2, 3]) {
        const other = `${text.slice(0, -2)}${digits[last ^ bits]}=`
        assert.deepStrictEqual(Buffer.from(other.slice(3), "base64"), Buffer.from(text.slice(3), "base64"))
        const changed = { ...real, headers: { ...real.headers, "webhook-signature": other } }
        assert.strictEqual(yield* outcome(changed), "SignatureRejected.signature")
      }
      assert.strictEqual(yield* outcome(real), "batches/spelled")
    })))

  it.effect("is refused where the border between id, time and body was moved into the body", () =>
    world(Effect.gen(function*() {
      const inner = Signer.bodyOf("forged")
      const metadata = `x.${Signer.noon}.${inner}`
      const outer = `{"note":"${metadata}","type":"batch.succeeded","data":{"id":"real"}}`
      // Not JSON, because of the quotes inside: what matters is that the signed characters are the same.
      const real = Signer.byHmac("border", { body: outer })
      const [head = ""] = outer.split(`.${Signer.noon}.`)
      const forged = {
        headers: { ...real.headers, "webhook-id": `border.${Signer.noon}.${head}` },
        body: outer.slice(head.length + `.${Signer.noon}.`.length)
      }
      assert.strictEqual(
        `${forged.headers["webhook-id"]}.${Signer.noon}.${forged.body}`,
        `border.${Signer.noon}.${outer}`
      )
      assert.strictEqual(yield* outcome(forged), "MalformedDelivery")
    })))
})

describe("a token", () => {
  const refused = (why: string, given: Parameters<typeof Signer.byToken>[2], options?: Webhook.DynamicOptions) =>
    Effect.gen(function*() {
      assert.strictEqual(yield* outcome(Signer.byToken(pair, "token", given), options), why)
    })

  it.effect("does not choose its algorithm", () =>
    world(Effect.gen(function*() {
      const header = { alg: "HS256", kid: pair.kid }
      const claims = { aud: Signer.audience, iat: Signer.noon, ...JSON.parse(Signer.bodyOf("token")) }
      const publicText = JSON.stringify(pair.jwk)
      for (
        const token of [
          Signer.tokenOf(header, claims, (signed) => createHmac("sha256", publicText).update(signed).digest()),
          Signer.tokenOf({ ...header, alg: "none" }, claims, () => Buffer.alloc(0)),
          Signer.tokenOf({ ...header, alg: "RS512" }, claims, Signer.rs256(pair)),
          Signer.tokenOf({ ...header, alg: "RS256", crit: ["exp"] }, claims, Signer.rs256(pair))
        ]
      ) {
        const { body, headers } = Signer.byHmac("token")
        assert.strictEqual(
          yield* outcome({ body, headers: { ...headers, "webhook-signature": token } }),
          "SignatureRejected.algorithm"
        )
      }
    })))

  it.effect("is for exactly our audience, of our issuer, and of now", () =>
    world(Effect.gen(function*() {
      const rejected = (why: string) => `SignatureRejected.${why}`
      yield* refused(rejected("audience"), { claims: { aud: `${Signer.audience}/` } })
      yield* refused(rejected("audience"), { claims: { aud: [Signer.audience, "https://elsewhere.example"] } })
      yield* refused(rejected("audience"), { claims: { aud: undefined } })
      yield* refused(rejected("issuer"), { claims: { iss: "https://elsewhere.example" } }, {
        ...both,
        issuer: "https://generativelanguage.googleapis.com"
      })
      yield* refused(rejected("expired"), { claims: { exp: Signer.noon - 301 } })
      yield* refused(rejected("expired"), { claims: { iat: Signer.noon - 301 } })
      yield* refused(rejected("expired"), { claims: { iat: Signer.noon + 301 } })
      yield* refused(rejected("expired"), { claims: { nbf: Signer.noon + 301 } })
      yield* refused(rejected("expired"), { claims: { iat: undefined, exp: undefined } })
      yield* refused(rejected("expired"), { claims: { iat: undefined, exp: Signer.noon + 86_401 } })
      assert.strictEqual(
        yield* outcome(Signer.byToken(pair, "edge", {
          claims: { aud: [Signer.audience], iat: Signer.noon - 300, exp: Signer.noon - 300, nbf: Signer.noon + 300 }
        })),
        "batches/edge"
      )
      const lasting = { iat: undefined, exp: Signer.noon + 86_400 }
      assert.strictEqual(yield* outcome(Signer.byToken(pair, "day", { claims: lasting })), "batches/day")
    })))

  it.effect("has to hold the event, unless a body is believed that nobody signed", () =>
    world(Effect.gen(function*() {
      const bare = { claims: { type: undefined, version: undefined, timestamp: undefined, data: undefined } }
      yield* refused("SignatureRejected.unsignedBody", bare)
      yield* refused("batches/token", bare, { ...both, unsignedBody: "accept" })
      yield* refused("SignatureRejected.otherBody", { claims: { data: { id: "other" } } }, {
        ...both,
        unsignedBody: "accept"
      })
    })))

  it.effect("counts once, whatever the headers beside it say", () =>
    world(Effect.gen(function*() {
      const real = Signer.byToken(pair, "first")
      assert.strictEqual(yield* outcome(real), "batches/first")
      assert.strictEqual(
        yield* outcome({ ...real, headers: { ...real.headers, "webhook-id": "second" } }),
        "ReplayedDelivery"
      )
      // Google's next attempt has the same id, and another token.
      assert.strictEqual(
        yield* outcome(Signer.byToken(pair, "first", { claims: { iat: Signer.noon + 1 } })),
        "ReplayedDelivery"
      )
      const named = Signer.byToken(pair, "third", { claims: { jti: "j1" } })
      assert.strictEqual((yield* Webhook.verify(named.headers, named.body, both)).id, "j1")
      const again = Signer.byToken(pair, "fourth", { claims: { jti: "j1", iat: Signer.noon + 1 } })
      assert.strictEqual(yield* outcome(again), "ReplayedDelivery")
    })))

  it.effect("of a kind that is not set up is refused", () =>
    world(Effect.gen(function*() {
      const token = Signer.byToken(pair, "token")
      const error = yield* Effect.flip(Webhook.verify(token.headers, token.body, { secrets }))
      assert.strictEqual(reasonOf(error), "SignatureRejected.notConfigured")
      assert.strictEqual(
        yield* outcome(Signer.byHmac("static"), { audience: Signer.audience }),
        "SignatureRejected.notConfigured"
      )
    })))
})

describe("a replay", () => {
  const times = sizeOf("18.5", { test: 2_000, prove: 10_000 })

  it.effect(`is refused ${times} times, in memory that does not grow`, () => {
    const memory = Replays.makeMemory({ capacity: 100 })
    return Effect.gen(function*() {
      const real = Array.from({ length: 100 }, (_, index) => Signer.byHmac(`r${index}`))
      for (const delivery of real) assert.match(yield* outcome(delivery), /^batches\//)
      // A hundred ids are all that it holds: the 101st delivery is refused for now, and no id is forgotten for it.
      assert.strictEqual(yield* outcome(Signer.byHmac("one-more")), "ReplaysUnavailable")
      for (let index = 0; index < times; index++) {
        assert.strictEqual(yield* outcome(real[index % real.length] ?? Signer.byHmac("none")), "ReplayedDelivery")
      }
      assert.strictEqual(yield* outcome(Signer.byHmac("one-more")), "ReplaysUnavailable")
      yield* TestClock.adjust("602 seconds")
      assert.strictEqual(yield* outcome(Signer.byHmac("later", { at: Signer.noon + 600 })), "batches/later")
    }).pipe((effect) => world(Effect.provideService(effect, Replays.Replays, memory)))
  }, 120_000)

  it.effect("is refused to the last moment in which its delivery is good, and then for its age", () =>
    world(Effect.gen(function*() {
      const ahead = Signer.byHmac("ahead", { at: Signer.noon + 300 })
      assert.strictEqual(yield* outcome(ahead), "batches/ahead")
      yield* TestClock.adjust(600_000)
      assert.strictEqual(yield* outcome(ahead), "ReplayedDelivery")
      yield* TestClock.adjust(1)
      assert.strictEqual(yield* outcome(ahead), "StaleDelivery")
    })))

  it.effect("is answered with success, and a delivery at the edge of its time is good", () =>
    world(Effect.gen(function*() {
      for (const at of [Signer.noon - 300, Signer.noon + 300]) {
        assert.strictEqual(yield* outcome(Signer.byHmac(`at-${at}`, { at })), `batches/at-${at}`)
      }
      for (const at of [Signer.noon - 301, Signer.noon + 301]) {
        assert.strictEqual(yield* outcome(Signer.byHmac(`at-${at}`, { at })), "StaleDelivery")
      }
      const { body, headers } = Signer.byHmac(`at-${Signer.noon - 300}`, { at: Signer.noon - 300 })
      const error = yield* Effect.flip(Webhook.verify(headers, body, { secrets }))
      assert.strictEqual(error.status, 200)
    })))
})

describe("a delivery that could not be handled", () => {
  it.effect("is accepted again after a failure and after an interruption, and not after success", () =>
    world(Effect.gen(function*() {
      const { body, headers } = Signer.byToken(pair, "again")
      const receive = <A, E>(handle: () => Effect.Effect<A, E>) => Webhook.receive(headers, body, both, handle)
      assert.strictEqual(yield* Effect.flip(receive(() => Effect.fail("no disk"))), "no disk")
      const entered = yield* Deferred.make<void>()
      const fiber = yield* Effect.forkChild(
        receive(() => Effect.andThen(Deferred.succeed(entered, undefined), Effect.never))
      )
      yield* Deferred.await(entered)
      yield* Fiber.interrupt(fiber)
      assert.strictEqual(yield* receive(() => Effect.succeed("done")), "done")
      const error = yield* Effect.flip(receive(() => Effect.void))
      assert.strictEqual(reasonOf(error), "ReplayedDelivery")
    })))
})

describe("options", () => {
  it.effect("that would accept anything are refused, and no error holds a secret", () =>
    world(Effect.gen(function*() {
      const { body, headers } = Signer.byHmac("options")
      for (
        const options of [
          { secrets: [] },
          { secrets: Redacted.make("") },
          { secrets: Redacted.make("whsec_") },
          { secrets: Redacted.make(`whsec_${Buffer.alloc(15, 1).toString("base64")}`) },
          { secrets: [Redacted.make(Signer.secret), Redacted.make("not base64!")] },
          { secrets, tolerance: "2 hours" as const },
          { secrets, tolerance: 0 }
        ]
      ) {
        const error = yield* Effect.flip(Webhook.verify(headers, body, options))
        assert.strictEqual(error.reason._tag, "Misconfigured")
        assert.strictEqual(error.status, 500)
        assert.notInclude(JSON.stringify(error) + error.message, Signer.secret.slice(6))
      }
      assert.strictEqual(yield* outcome(Signer.byToken(pair, "t"), { audience: "" }), "Misconfigured")
      const small = { secrets, maxBytes: body.length }
      assert.strictEqual((yield* Webhook.verify(headers, body, small)).id, "options")
      const large = yield* Effect.flip(Webhook.verify(headers, `${body} `, small))
      assert.strictEqual(
        large.message,
        `webhook (options) MalformedDelivery: body: expected at most ${body.length} bytes`
      )
    })))
})
