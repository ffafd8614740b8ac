/**
 * The workflow of a run. Its payload is the run's id and nothing else, for ever: a stored run whose payload lacks a field
 * that a later program requires ends beyond repair. What is played lies in the run's journal, which has versions.
 */
import * as Schema from "effect/Schema"
import * as Workflow from "effect/workflow/Workflow"
import { Halted } from "./Halted.ts"

/** How a run came to its end; what it wrote lies in its journal. */
const Ended = Schema.Struct({ standing: Schema.optionalKey(Schema.String) })

export const NarrativeRun = Workflow.make("NarrativeRun/1", {
  payload: { run: Schema.String },
  success: Ended,
  error: Halted,
  idempotencyKey: ({ run }) => run
}).annotate(Workflow.SuspendOnFailure, true)
