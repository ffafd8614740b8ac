/**
 * The contract of `effect/ai` 4.1 for a provider of language models, as points that any provider can be held to: what is
 * expected is filled in before anything runs, and no point names a provider or its API.
 *
 * A provider takes part by a `Subject`: its Layer over an HttpClient, and a `Wire` that writes and reads its API.
 */
import { chatPoints } from "./ChatPoints.ts"
import { endPoints } from "./EndPoints.ts"
import type { Point } from "./Point.ts"
import { textPoints } from "./TextPoints.ts"
import { toolPoints } from "./ToolPoints.ts"

/** All points, in the order in which they are told. */
export const points: ReadonlyArray<Point> = [...textPoints, ...toolPoints, ...chatPoints, ...endPoints]
