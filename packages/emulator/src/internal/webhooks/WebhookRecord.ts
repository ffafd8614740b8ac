/**
 * What is kept of a webhook, and how the API shows it.
 */
import type * as Json from "../json.ts"
import { timestamp } from "../resources/endpoint.ts"
import type * as Shelf from "../resources/Shelf.ts"

/** A secret that signs; one that was replaced ends. */
export interface Secret {
  readonly text: string
  /** Milliseconds since the epoch; undefined: it goes on. */
  readonly expires: number | undefined
}

export interface WebhookRecord extends Shelf.Kept {
  /** Its id. */
  readonly name: string
  readonly title: string | undefined
  readonly uri: string
  readonly events: ReadonlyArray<string>
  readonly state: string
  readonly secrets: ReadonlyArray<Secret>
  readonly created: number
  readonly updated: number
}

/** The secrets in force, the newest first. */
export const secretsOf = ({ secrets }: WebhookRecord, now: number): ReadonlyArray<Secret> =>
  secrets.filter(({ expires }) => expires === undefined || now < expires)

const truncated = (secret: string): string => `${secret.slice(0, 10)}…`

/** A secret is shown once, when it is made. */
export const shown = (record: WebhookRecord, now: number, secret?: string): Json.Json => ({
  id: record.name,
  ...(record.title === undefined ? {} : { name: record.title }),
  uri: record.uri,
  subscribed_events: record.events,
  state: record.state,
  create_time: timestamp(record.created),
  update_time: timestamp(record.updated),
  signing_secrets: secretsOf(record, now).map(({ expires, text }) => ({
    truncated_secret: truncated(text),
    ...(expires === undefined ? {} : { expire_time: timestamp(expires) })
  })),
  ...(secret === undefined ? {} : { new_signing_secret: secret })
})
