/**
 * How the generator speaks where nothing was told.
 *
 * @since 0.2.0
 */

/**
 * Options of the generator: when it calls, where its values come from, how fast it speaks.
 *
 * @category options
 * @since 0.2.0
 */
export interface GeneratorOptions {
  /**
   * When the generator calls declared functions (in mode AUTO): when the prompt names them, at every turn of the user,
   * or never. Default `mentioned`. In mode ANY it always calls one, in mode NONE never.
   *
   * With `likely` it calls those whose name or description fits the user's words, one a response, in the order of the
   * words, each once a turn of the user and none twice with the same arguments; then it says what they returned. So every
   * loop over tools ends, in mode ANY as soon as each function was called.
   */
  readonly calls?: "mentioned" | "likely" | "always" | "never" | undefined
  /**
   * Where arguments and JSON come from: with `seeded`, the default, from the schema and the seed alone; with `likely` from
   * the schema's examples and defaults, from what functions returned, and from what the prompt holds of that kind or type,
   * wherever the schema allows it.
   */
  readonly values?: "seeded" | "likely" | undefined
  /**
   * Tokens a second at which generated and told answers are said, over HTTP; the `pace` or `chunkDelay` of an answer
   * comes first. Default: all at once, or as `chunkDelay` has it.
   */
  readonly pace?: number | undefined
}
