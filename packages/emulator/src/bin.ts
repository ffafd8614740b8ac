#!/usr/bin/env node
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import * as Stdio from "effect/Stdio"
import { main } from "./internal/command/main.ts"
import { version } from "./internal/command/version.ts"

Stdio.Stdio.use((stdio) => stdio.args).pipe(
  Effect.flatMap((args) => main(args, version)),
  Effect.provide(NodeServices.layer),
  // `main` has told the failure.
  NodeRuntime.runMain({ disableErrorReporting: true })
)
