/**
 * Whether spans tell what was said. A span of another package, around calls of this one, asks here before it writes what
 * people or models wrote.
 *
 * @since 0.2.0
 */
import type * as Fiber from "effect/Fiber"
import { ContentWriter } from "../internal/telemetry/recorder.ts"

/**
 * Whether `Telemetry.layerContent` is provided to this fiber.
 *
 * @category getters
 * @since 0.2.0
 */
export const isWritten = (fiber: Fiber.Fiber<unknown, unknown>): boolean => fiber.getRef(ContentWriter) !== undefined
