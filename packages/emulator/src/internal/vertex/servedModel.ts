/** The model that answers at an endpoint, which is where a tuned model is served. */
import type { EmulatorRequest } from "../../EmulatorRequest.ts"
import type { VertexOptions } from "../../VertexOptions.ts"

type Routed = Pick<EmulatorRequest, "model" | "resource" | "vertex">

/** The request with its endpoint's model in place of the endpoint's id. One that is not listed keeps its id. */
export const of = <A extends Routed>(routed: A | undefined, options: VertexOptions | undefined): A | undefined => {
  const id = routed?.vertex?.endpoint
  const model = id !== undefined && Object.hasOwn(options?.endpoints ?? {}, id) ? options?.endpoints?.[id] : undefined
  return routed === undefined || model === undefined ? routed : { ...routed, model, resource: `models/${model}` }
}
