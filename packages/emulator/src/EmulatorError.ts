/**
 * Why an emulator could not start.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * The server cannot listen: the port is in use, or not allowed, or the host is not one of this machine. `code` is the
 * system's name for it, such as `EADDRINUSE`.
 *
 * ```ts
 * import * as Emulator from "effect-gemini-emulator/Emulator"
 * import * as Effect from "effect/Effect"
 * import * as Layer from "effect/Layer"
 *
 * const program = Effect.gen(function*() {
 *   const { url } = yield* Emulator.Emulator
 *   const taken = Emulator.layerServer({ port: Number(new URL(url).port) })
 *   return yield* Effect.scoped(Layer.build(taken)).pipe(
 *     Effect.as("started"),
 *     Effect.catchTag("EmulatorError", (error) => Effect.succeed(error.code))
 *   )
 * })
 * await Effect.runPromise(Effect.provide(program, Emulator.layerServer())) // => "EADDRINUSE"
 * ```
 *
 * @category errors
 * @since 0.1.0
 */
export class EmulatorError
  extends Schema.TaggedError<EmulatorError>("effect-gemini-emulator/EmulatorError")("EmulatorError", {
    host: Schema.String,
    port: Schema.Finite,
    code: Schema.optionalKey(Schema.String),
    /** The file of the certificate, if that is what cannot be written. */
    certificateFile: Schema.optionalKey(Schema.String),
    description: Schema.String
  })
{
  override get message(): string {
    const { certificateFile, code, description, host, port } = this
    if (certificateFile !== undefined) return `the certificate cannot be written to ${certificateFile}: ${description}`
    return code === "EADDRINUSE"
      ? `port ${port} of ${host} is in use: choose another, or 0 for any free one`
      : `cannot listen on port ${port} of ${host}: ${description}`
  }
}
