/** The calls about what the API of a space keeps. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import * as AdminApi from "../../admin/AdminApi.ts"
import * as Data from "../../admin/AdminData.ts"
import * as Calls from "./calls.ts"
import * as Finding from "./finding.ts"
import * as Shown from "./shown.ts"

const bytesOf = (base64: string | undefined, text: string | undefined): Uint8Array =>
  base64 === undefined ? new TextEncoder().encode(text ?? "") : new Uint8Array(Buffer.from(base64, "base64"))

/** About how many bytes of interactions are shown at once. */
const mostShown = 16 * 1024 * 1024

/** The newest of a list that are not too much together, in their order. */
const newest = <A>(list: ReadonlyArray<A>): ReadonlyArray<A> => {
  let left = mostShown
  const first = list.findLastIndex((one) => (left -= JSON.stringify(one).length) < 0)
  return list.slice(first + 1)
}

export const layer = (served: Calls.Served) => {
  const { looking, run, telling } = Calls.make(served)
  return HttpApiBuilder.group(AdminApi.Api, "resources", (handlers) =>
    handlers
      .handle("listFiles", ({ params }) =>
        Effect.gen(function*() {
          const { files } = yield* looking(params.space)
          return {
            files: yield* run(files.list),
            uploads: (yield* run(files.uploads)).map(({ size, ...upload }) => ({
              ...upload,
              ...Shown.given({ size })
            })),
            dropped: yield* run(files.dropped)
          }
        }))
      .handle("addFile", ({ params, payload: { base64, text, ...file } }) =>
        Effect.gen(function*() {
          const { files } = yield* telling(params.space)
          return { name: yield* run(files.add({ ...file, bytes: [bytesOf(base64, text)] })) }
        }))
      .handle("failFile", ({ params, payload }) =>
        Effect.gen(function*() {
          const { files } = yield* looking(params.space)
          if (yield* run(files.fail(payload.name, payload.error))) return
          return yield* Finding.notThere(`The space "${params.space}" has no file "${payload.name}".`)
        }))
      .handle("listCaches", ({ params }) =>
        Effect.gen(function*() {
          const { caches } = yield* looking(params.space)
          return { caches: yield* run(caches.list), dropped: yield* run(caches.dropped) }
        }))
      .handle("loseCache", ({ params, payload }) =>
        Effect.gen(function*() {
          const { caches } = yield* looking(params.space)
          if (yield* run(caches.lose(payload.name))) return
          return yield* Finding.notThere(`The space "${params.space}" has no cache "${payload.name}".`)
        }))
      .handle("listDocuments", ({ params }) =>
        Effect.gen(function*() {
          const { stores } = yield* looking(params.space)
          return { documents: yield* run(stores.documents), dropped: yield* run(stores.dropped) }
        }))
      .handle("listBatches", ({ params }) =>
        Effect.gen(function*() {
          const { batches } = yield* looking(params.space)
          return { batches: yield* run(batches.list), ...(yield* run(batches.counts)) }
        }))
      .handle("listInteractions", ({ params }) =>
        Effect.gen(function*() {
          const { interactions } = yield* looking(params.space)
          return { interactions: newest(yield* run(interactions.list)), ...(yield* run(interactions.counts)) }
        }))
      .handle("forgetInteraction", ({ params, payload }) =>
        Effect.gen(function*() {
          const { interactions } = yield* looking(params.space)
          if (yield* run(interactions.forget(payload.id))) return
          return yield* Finding.notThere(`The space "${params.space}" has no interaction "${payload.id}".`)
        }))
      .handle("sendWebhook", ({ params, payload }) =>
        Effect.gen(function*() {
          const { webhooks } = yield* telling(params.space)
          return { ids: yield* run(webhooks.send(payload)) }
        }))
      .handle("listDeliveries", ({ params, query }) =>
        Effect.gen(function*() {
          const { webhooks } = yield* looking(params.space)
          yield* Effect.timeoutOrElse(run(webhooks.awaitEnded(query.ended ?? 0)), {
            duration: Duration.millis(Data.millisOf(query.wait ?? 0)),
            orElse: () => Effect.void
          })
          const deliveries = yield* run(webhooks.deliveries)
          return {
            deliveries: deliveries.map(({ attempts, ...delivery }) => ({
              ...delivery,
              attempts: attempts.map(({ at, ...rest }) => ({ at, ...Shown.given(rest) }))
            })),
            ended: yield* run(webhooks.ended)
          }
        }))
      .handle("rotateKeys", ({ params }) =>
        Effect.gen(function*() {
          const { webhooks } = yield* looking(params.space)
          yield* run(webhooks.rotateKeys)
        }))
      .handle("beginOperation", ({ params, payload }) =>
        Effect.gen(function*() {
          const { operations } = yield* telling(params.space)
          return { name: yield* run(operations.begin(payload)) }
        })))
}
