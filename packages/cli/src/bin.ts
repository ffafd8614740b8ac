#!/usr/bin/env node
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import * as Stdio from "effect/Stdio"
import { run } from "./GeminiFx.ts"

Stdio.Stdio.use((stdio) => stdio.args).pipe(
  Effect.flatMap((args) => run(args, "0.0.0")),
  Effect.provide(NodeServices.layer),
  NodeRuntime.runMain
)
