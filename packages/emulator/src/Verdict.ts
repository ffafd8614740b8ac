/**
 * Who answered a request or refused it, and why: what the logs keep of every request and every turn.
 *
 * @since 0.1.0
 */

/**
 * Who decided what a request was answered.
 *
 * - `fault`: a fault, which demands an error
 * - `misuse`: a header or a name of the emulator's own was wrong
 * - `judge`: the real API would refuse it
 * - `quota`: the quota was used up
 * - `hand`: a person, while it was held
 * - `header`, `queue`, `rule`, `answers`: a script, see the README
 * - `unmatched`: there are rules, and none of them matches
 * - `cassette`: a cassette played or recorded it
 * - `generator`: nobody else
 *
 * @category models
 * @since 0.1.0
 */
export interface Verdict {
  readonly by:
    | "fault"
    | "misuse"
    | "judge"
    | "quota"
    | "hand"
    | "header"
    | "queue"
    | "rule"
    | "answers"
    | "unmatched"
    | "cassette"
    | "generator"
  /** The name of the rule. */
  readonly rule?: string | undefined
  /** Why it was refused: the message that the client got. */
  readonly refused?: string | undefined
  /** For a request that no rule matches: why the nearest rules do not. */
  readonly nearMisses?: ReadonlyArray<string> | undefined
}
