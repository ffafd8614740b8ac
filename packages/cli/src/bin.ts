#!/usr/bin/env node
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import * as Stdio from "effect/Stdio"
import { readFileSync } from "node:fs"
import { run } from "./GeminiFx.ts"

// This path is the same from src and from dist.
const { version }: { readonly version: string } = JSON.parse(
  readFileSync(new URL("../package.json", import.meta.url), "utf8")
)

Stdio.Stdio.use((stdio) => stdio.args).pipe(
  Effect.flatMap((args) => run(args, version)),
  Effect.provide(NodeServices.layer),
  // `run` has already told the failure.
  NodeRuntime.runMain({ disableErrorReporting: true })
)
