/** The modules of undici 8 that a call needs; undici types only its whole. */
declare module "undici/lib/dispatcher/agent.js" {
  import type { Agent } from "undici"
  const agent: typeof Agent
  export default agent
}

declare module "undici/lib/core/connect.js" {
  import type { buildConnector } from "undici"
  const connect: typeof buildConnector
  export default connect
}
