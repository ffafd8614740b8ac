#!/usr/bin/env node
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import * as Stdio from "effect/Stdio"
import { readFileSync } from "node:fs"
import { isQuestion } from "./internal/argumentsMeant.ts"
import { meant } from "./internal/invocation.ts"

// This path is the same from src and from dist.
const { version }: { readonly version: string } = JSON.parse(
  readFileSync(new URL("../package.json", import.meta.url), "utf8")
)

Stdio.Stdio.use((stdio) => stdio.args).pipe(
  Effect.flatMap(meant),
  Effect.flatMap((args) =>
    // Somebody waits for the answer to a question, so it loads no other command.
    Effect.flatMap(
      Effect.promise(() => isQuestion(args) ? import("./internal/ask/questions.ts") : import("./GeminiFx.ts")),
      ({ run }) => run(args, version)
    )
  ),
  Effect.provide(NodeServices.layer),
  // `run` has already told the failure.
  NodeRuntime.runMain({ disableErrorReporting: true })
)
