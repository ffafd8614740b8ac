/**
 * What a deep research is told: see `DeepResearch`.
 *
 * @since 0.2.0
 */
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Schema from "effect/Schema"
import type * as Stream from "effect/Stream"
import type { Prices } from "../Cost.ts"
import type { RequestTool } from "../interactions/InteractionRequest.ts"
import type { Delivery } from "../interactions/Interactions.ts"
import type { InteractionContent } from "../interactions/types/ContentTypes.ts"
import type { PlanDecision } from "./ResearchEvent.ts"

/**
 * A document to begin with: a file of the API (or another address that it can read), bytes, or a content of the wire.
 * Text goes as text, images, videos and documents as what they are. The agent takes no sound (Google's guide, 2026-06).
 *
 * @category models
 * @since 0.2.0
 */
export type ResearchDocument =
  | { readonly uri: string; readonly mimeType: string; readonly type?: undefined }
  | { readonly data: Uint8Array; readonly mimeType: string; readonly type?: undefined }
  | InteractionContent

/**
 * A plan that waits for a decision. `revision` counts from 1.
 *
 * @category models
 * @since 0.2.0
 */
export interface ProposedPlan {
  readonly plan: string
  readonly revision: number
}

/**
 * What may be spent. A research that goes beyond is cancelled, and fails with QuotaExhausted: what the server tells on
 * the way decides, so it goes beyond by what is under way, and one that is done gives its report all the same.
 *
 * @category options
 * @since 0.2.0
 */
export interface ResearchBudget {
  readonly tokens?: number | undefined
  /** US dollars, as a decimal text, by the prices of `pricedAs`, which has to be named. */
  readonly dollars?: string | undefined
}

/**
 * Everything but the question: a research that goes on in another process may be given it anew.
 *
 * @category options
 * @since 0.2.0
 */
export interface ResearchSettings<Output = undefined, E = never, R = never> {
  /** The form in which a model puts the report when it is written, because the agent itself cannot (Google's guide, 2026-06). */
  readonly outputSchema?: Schema.Codec<Output> | undefined
  /** The model that does so. Default: the default model of the library. */
  readonly model?: string | undefined
  /**
   * Asks for a plan first, and is asked about it: go, or change. It is asked until it approves. Without it the agent
   * begins at once.
   */
  readonly plan?: ((plan: ProposedPlan) => Effect.Effect<PlanDecision, E, R>) | undefined
  /** Tools beside Google's own search and reading, which it has: file search stores, remote MCP servers. */
  readonly tools?: ReadonlyArray<RequestTool> | undefined
  readonly instructions?: string | undefined
  /** Whether it may draw charts. Default `off`. */
  readonly visualization?: "off" | "auto" | undefined
  readonly budget?: ResearchBudget | undefined
  /** The model whose prices the agent's tokens have, for `cost`: the list has none for agents. */
  readonly pricedAs?: string | undefined
  readonly prices?: Prices | undefined
  /** Whether events are streamed (default), or the interaction is polled every `interval` (default 5 seconds). */
  readonly by?: "stream" | "poll" | undefined
  readonly interval?: Duration.Input | undefined
  /** Deliveries of webhooks, by which a poll asks at once: `Deliveries.events`. */
  readonly deliveries?: Stream.Stream<Delivery> | undefined
  /** Whom the API tells of the end. */
  readonly webhook?:
    | {
      readonly uris?: ReadonlyArray<string> | undefined
      readonly userMetadata?: Readonly<Record<string, unknown>> | undefined
    }
    | undefined
}

/**
 * What is researched, and how.
 *
 * @category options
 * @since 0.2.0
 */
export interface ResearchOptions<Output = undefined, E = never, R = never> extends ResearchSettings<Output, E, R> {
  /** By this name the research is found in the Journal: at most 100 letters, digits and `._~@-`. Default: a random one. */
  readonly id?: string | undefined
  readonly query: string
  readonly documents?: ReadonlyArray<ResearchDocument> | undefined
  /** Default `deep-research-preview-04-2026`. `deep-research-max-preview-04-2026` looks further, and costs more. */
  readonly agent?: string | undefined
  /**
   * How long it may work, from its beginning or from the approval of its plan. Then it is cancelled and fails with
   * TimedOut. Default 65 minutes; the agent itself ends after 60 (Google's guide, 2026-06).
   */
  readonly deadline?: Duration.Input | undefined
}
