/** Whether a request is let in: what the real API would refuse of it, in its words. */
import * as EmulatorRequest from "../../EmulatorRequest.ts"
import type { KeyPolicy } from "../../KeyPolicy.ts"
import * as ModelTable from "../../ModelTable.ts"
import * as Respond from "../answers/respond.ts"
import * as Signature from "../answers/signature.ts"
import * as Json from "../json.ts"
import * as Judge from "../judge/judge.ts"
import * as DecisionRequest from "./decisionRequest.ts"

/** The options that it looks at. */
interface Judged {
  readonly judge?: boolean | undefined
  readonly keys?: KeyPolicy | undefined
  readonly models?: ModelTable.ModelTable | undefined
  readonly strictSignatures?: boolean | undefined
}

/** The judge of a space with these options, which are looked at when a request comes. */
export const make =
  (options: Judged, space: string) =>
  (request: EmulatorRequest.EmulatorRequest, bodyText: string | undefined, now: number): Judge.Judgement => {
    const { key, method, version } = request
    const model = request.model === undefined ? undefined : request.resource
    if (options.judge === false) return { body: Object(Json.normalized(request.body)) }
    const isIssued = options.strictSignatures === true ? Signature.isIssued : undefined
    const input: Judge.Input = {
      version,
      method,
      query: request.query,
      bodyText,
      key,
      models: options.models ?? ModelTable.current,
      // A client that chooses a space by its key cannot send another key.
      keys: EmulatorRequest.spaceOfKey(key ?? "") === space ? undefined : options.keys,
      isIssued,
      inputTokens: (body) => Respond.inputTokens(method, body),
      now
    }
    if (method !== DecisionRequest.method) return Judge.judge({ ...input, model })
    // The body is judged before the model that it names.
    const read = Judge.judge(input)
    const refusal = read.refusal ?? DecisionRequest.refusal(request.body)
    return refusal === undefined ? Judge.judge({ ...input, model }) : { refusal }
  }
