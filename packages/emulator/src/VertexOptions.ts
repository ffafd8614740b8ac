/**
 * How the emulator answers as Vertex AI: who is let in, which endpoints there are, and how much there is of everything.
 *
 * @since 0.2.0
 */
import type { TokenPolicy } from "./TokenPolicy.ts"

/**
 * Options of Vertex AI. `quotas` and `projects` hold for it as well: its project is that of the path, and its region the
 * location.
 *
 * @category options
 * @since 0.2.0
 */
export interface VertexOptions {
  /** Which access tokens are good. Default: any, and of those that the emulator gave out the ones in force. */
  readonly tokens?: TokenPolicy | undefined
  /** The tuned models: the id of each endpoint, and the model that answers there. An endpoint not listed is a 404. */
  readonly endpoints?: Readonly<Record<string, string>> | undefined
}
