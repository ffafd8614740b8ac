/**
 * The webhooks of a space: those that its projects have registered, and what is delivered when a job comes to its end.
 */
import type { EmulatorRequest } from "../../EmulatorRequest.ts"
import type { Refusal } from "../../GoogleError.ts"
import * as GoogleError from "../../GoogleError.ts"
import * as Dice from "../Dice.ts"
import * as Json from "../json.ts"
import * as Ids from "../resources/ids.ts"
import * as Shelf from "../resources/Shelf.ts"
import * as Deliveries from "./Deliveries.ts"
import * as Signatures from "./signatures.ts"
import * as WebhookRecord from "./WebhookRecord.ts"

/** Something that has happened to a job. */
export interface Happening {
  /** `interaction.completed`, `batch.failed`, … */
  readonly type: string
  readonly project: string
  /** The id of the job, and what else there is to say. */
  readonly data: Json.Json
  /** The addresses that the job itself was given, in place of those that are registered. */
  readonly uris?: ReadonlyArray<string> | undefined
  /** What a job was given beside its addresses. */
  readonly metadata?: Json.Json | undefined
}

export interface Webhooks {
  readonly deliveries: Deliveries.Deliveries
  /** Tells everybody who is to know, and gives the ids of the deliveries. */
  readonly tell: (happening: Happening) => ReadonlyArray<string>
  readonly answer: (request: EmulatorRequest, now: number) => WebhookReply | Promise<WebhookReply>
  /** Signs what is dynamic with another key from now on; the list has the old ones, too. */
  readonly rotateKeys: () => void
  readonly clear: () => void
}

export type WebhookReply = { readonly body: Json.Json } | { readonly refusal: Refusal }

const day = 86_400_000

const missing = (id: string): WebhookReply => ({ refusal: GoogleError.make(404, `Webhook '${id}' is not found.`) })

const invalid = (message: string): WebhookReply => ({ refusal: GoogleError.make(400, message) })

const settable: Readonly<Record<string, "title" | "uri" | "events" | "state">> = {
  name: "title",
  uri: "uri",
  subscribed_events: "events",
  state: "state"
}

/** Who says that a token is his. */
const issuer = "https://generativelanguage.googleapis.com"

export const make = (
  seed: string,
  options: Pick<Deliveries.Options, "clock" | "now" | "fault" | "firstRetry">
): Webhooks => {
  const deliveries = Deliveries.make(options)
  const nextId = Ids.maker(`${seed}\nwebhooks`)
  const dice = Dice.make(`${seed}\nwebhooks`)
  const shelf = Shelf.make<WebhookRecord.WebhookRecord>({ pageSize: 50, largestPage: 1_000 })
  let generation = 0
  let told = 0

  const newSecret = (): string =>
    `whsec_${Buffer.from(Array.from({ length: 32 }, () => dice.int(0, 255))).toString("base64")}`

  const eventOf = ({ data, metadata, type }: Happening, now: number): Json.Json => ({
    type,
    version: "v1",
    timestamp: new Date(now).toISOString().replace(/\.\d+Z$/, "Z"),
    data,
    ...(metadata === undefined ? {} : { user_metadata: metadata })
  })

  const nextDelivery = () => `msg_${Dice.make(`${seed}\ndelivery\n${told++}`).letters(24)}`

  /** Posts to an address that a job was given. */
  const toAddress = (uri: string, happening: Happening, now: number): string => {
    const { project, type } = happening
    const id = nextDelivery()
    const event = eventOf(happening, now)
    const sign = async (timestamp: number) => {
      const key = await Signatures.key(generation)
      const claims = { iss: issuer, aud: uri, iat: timestamp, exp: timestamp + 300, jti: id }
      return Signatures.token(key, { ...claims, ...event })
    }
    deliveries.send({ id, type, project, uri, kind: "dynamic", event, sign, failed: () => undefined })
    return id
  }

  const toWebhook = (webhook: WebhookRecord.WebhookRecord, happening: Happening, now: number): string => {
    const { name, project, uri } = webhook
    const id = nextDelivery()
    deliveries.send({
      id,
      type: happening.type,
      project,
      uri,
      kind: "static",
      event: eventOf(happening, now),
      sign: (timestamp, body) => {
        const here = shelf.find(project, name, timestamp * 1000)
        const secrets = here === undefined ? [] : WebhookRecord.secretsOf(here, timestamp * 1000)
        return Promise.resolve(
          secrets.length === 0
            ? undefined
            : Signatures.shared(secrets.map(({ text }) => text), { id, timestamp, body })
        )
      },
      failed: () => {
        const here = shelf.find(project, name, options.now())
        if (here !== undefined) shelf.replace({ ...here, state: "disabled_due_to_failed_deliveries" })
      }
    })
    return id
  }

  const tell: Webhooks["tell"] = (happening) => {
    const now = options.now()
    const { project, type, uris = [] } = happening
    if (uris.length > 0) return uris.map((uri) => toAddress(uri, happening, now))
    return shelf.all(now).filter((webhook) =>
      webhook.project === project && webhook.state === "enabled" && webhook.events.includes(type)
    ).map((webhook) => toWebhook(webhook, happening, now))
  }

  const create = (body: unknown, project: string, now: number): WebhookReply => {
    const uri = Json.text(Json.at(body, "uri")) ?? ""
    if (!URL.canParse(uri)) return invalid(`'uri' must be a URL, got ${JSON.stringify(uri)}.`)
    const events = [...new Set(Json.list(Json.at(body, "subscribed_events")).map(String))]
    if (events.length === 0) return invalid("'subscribed_events' must not be empty.")
    const secret = newSecret()
    const record: WebhookRecord.WebhookRecord = {
      name: nextId(20),
      project,
      title: Json.text(Json.at(body, "name")),
      uri,
      events,
      state: "enabled",
      secrets: [{ text: secret, expires: undefined }],
      created: now,
      updated: now
    }
    shelf.add(record, now)
    return { body: WebhookRecord.shown(record, now, secret) }
  }

  const update = (record: WebhookRecord.WebhookRecord, { body, query }: EmulatorRequest, now: number): WebhookReply => {
    const mask = query.get("update_mask")
    const names = mask === null ? Object.keys(Object(body)) : mask.split(",").map((name) => name.trim())
    const changes: Partial<Record<"title" | "uri" | "events" | "state", unknown>> = {}
    for (const name of names) {
      const field = Object.hasOwn(settable, name) ? settable[name] : undefined
      if (field === undefined) return invalid(`'update_mask' has the unknown field '${name}'.`)
      changes[field] = Json.at(body, name)
    }
    const uri = "uri" in changes ? Json.text(changes.uri) ?? "" : record.uri
    if (!URL.canParse(uri)) return invalid(`'uri' must be a URL, got ${JSON.stringify(uri)}.`)
    const changed: WebhookRecord.WebhookRecord = {
      ...record,
      uri,
      title: "title" in changes ? Json.text(changes.title) : record.title,
      events: "events" in changes ? Json.list(changes.events).map(String) : record.events,
      state: Json.text(changes.state) ?? record.state,
      updated: now
    }
    shelf.replace(changed)
    return { body: WebhookRecord.shown(changed, now) }
  }

  const rotate = (record: WebhookRecord.WebhookRecord, body: unknown, now: number): WebhookReply => {
    const isAtOnce = Json.at(body, "revocation_behavior") === "revoke_previous_secrets_immediately"
    const secret = newSecret()
    const old = isAtOnce ? [] : WebhookRecord.secretsOf(record, now).map(({ expires, text }) => ({
      text,
      expires: Math.min(expires ?? Infinity, now + day)
    }))
    shelf.replace({ ...record, secrets: [{ text: secret, expires: undefined }, ...old], updated: now })
    return { body: { secret } }
  }

  const list = ({ project, query }: EmulatorRequest, now: number): WebhookReply => {
    const page = shelf.page(project, query, now)
    if (page.refusal !== undefined) return page
    const { items, nextPageToken } = page
    return {
      body: {
        ...(items.length === 0 ? {} : { webhooks: items.map((item) => WebhookRecord.shown(item, now)) }),
        ...(nextPageToken === undefined ? {} : { next_page_token: nextPageToken })
      }
    }
  }

  const keys = async (): Promise<WebhookReply> => {
    const all = await Promise.all(Array.from({ length: generation + 1 }, (_, i) => Signatures.key(i)))
    return { body: { keys: all.map(({ jwk }) => jwk) } }
  }

  return {
    deliveries,
    tell,
    rotateKeys: () => {
      generation++
    },
    answer: (request, now) => {
      const { body, method, project, resource: id = "" } = request
      if (method === "webhooks.keys") return keys()
      if (method === "webhooks.create") return create(body, project, now)
      if (method === "webhooks.list") return list(request, now)
      const found = shelf.find(project, id, now)
      if (found === undefined) return missing(id)
      switch (method) {
        case "webhooks.update":
          return update(found, request, now)
        case "webhooks.delete":
          shelf.remove(project, id, now)
          return { body: {} }
        case "webhooks.ping":
          toWebhook(found, { type: "ping", project, data: { id } }, now)
          return { body: {} }
        case "webhooks.rotateSigningSecret":
          return rotate(found, body, now)
        default:
          return { body: WebhookRecord.shown(found, now) }
      }
    },
    clear: () => {
      shelf.clear()
      deliveries.clear()
      told = 0
    }
  }
}
