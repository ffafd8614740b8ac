/** What an emulator of another process keeps. */
import * as Effect from "effect/Effect"
import type { Service } from "../../Emulator.ts"
import type { Client } from "./remoteService.ts"

type Resources = Pick<Service, "files" | "caches" | "stores" | "operations" | "batches" | "interactions" | "webhooks">

export const make = (
  client: Client,
  space: string,
  sure: <A>(effect: Effect.Effect<A, unknown>) => Effect.Effect<A>,
  there: (effect: Effect.Effect<unknown, unknown>) => Effect.Effect<boolean>
): Resources => {
  const params = { space }
  const files = sure(client.listFiles({ params }))
  const caches = sure(client.listCaches({ params }))
  const documents = sure(client.listDocuments({ params }))
  const batches = sure(client.listBatches({ params }))
  const interactions = sure(client.listInteractions({ params }))
  const deliveries = (query: { readonly ended?: number; readonly wait?: string }) =>
    sure(client.listDeliveries({ params, query }))
  const awaitEnded = (n: number): ReturnType<Service["webhooks"]["awaitEnded"]> =>
    Effect.flatMap(
      deliveries({ ended: n, wait: "20s" }),
      (page) => page.ended >= n ? Effect.succeed(page.deliveries) : awaitEnded(n)
    )
  return {
    interactions: {
      list: Effect.map(interactions, ({ interactions }) => interactions),
      forget: (id) => there(client.forgetInteraction({ params, payload: { id } })),
      counts: Effect.map(interactions, ({ created, dropped }) => ({ created, dropped }))
    },
    webhooks: {
      send: (event) => Effect.map(sure(client.sendWebhook({ params, payload: event })), ({ ids }) => ids),
      deliveries: Effect.map(deliveries({}), ({ deliveries }) => deliveries),
      awaitEnded,
      ended: Effect.map(deliveries({}), ({ ended }) => ended),
      rotateKeys: sure(client.rotateKeys({ params }))
    },
    files: {
      add: ({ bytes, ...file }) =>
        Effect.suspend(() => {
          const base64 = Buffer.concat([...bytes]).toString("base64")
          return Effect.map(sure(client.addFile({ params, payload: { ...file, base64 } })), ({ name }) => name)
        }),
      fail: (name, error) => there(client.failFile({ params, payload: { name, error } })),
      list: Effect.map(files, ({ files }) => files),
      uploads: Effect.map(files, ({ uploads }) => uploads.map(({ size, ...upload }) => ({ ...upload, size }))),
      dropped: Effect.map(files, ({ dropped }) => dropped)
    },
    caches: {
      list: Effect.map(caches, ({ caches }) => caches),
      lose: (name) => there(client.loseCache({ params, payload: { name } })),
      dropped: Effect.map(caches, ({ dropped }) => dropped)
    },
    stores: {
      documents: Effect.map(documents, ({ documents }) => documents),
      dropped: Effect.map(documents, ({ dropped }) => dropped)
    },
    operations: {
      begin: (operation) => Effect.map(sure(client.beginOperation({ params, payload: operation })), ({ name }) => name)
    },
    batches: {
      list: Effect.map(batches, ({ batches }) => batches),
      counts: Effect.map(batches, ({ created, rows }) => ({ created, rows }))
    }
  }
}
