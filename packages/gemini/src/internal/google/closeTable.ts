/**
 * What the closes of Live connections mean, by their code and their words: 28 November 2026.
 *
 * The codes are those of RFC 6455. The words are from recordings and from the reports that are named beside them; they
 * are cut at 123 bytes by the protocol, so only their beginnings are looked at. The API has few codes and says the rest
 * in words: 1008 is a refused key as well as the ordinary end of a connection's ten minutes.
 */

/**
 * What is meant: the key or its project is refused; the access token is refused, which a new one may mend; the server does
 * not have the model; the state that the handle restores is not there; or nothing is refused, and the same may be dialled
 * again.
 */
export type Meaning = "key" | "token" | "model" | "handle" | "passing"

export interface CloseText {
  readonly codes: ReadonlyArray<number>
  readonly says: RegExp
  readonly means: Meaning
  /** Whether it says so only of a session that is set up, and is a refusal before. */
  readonly isOfOpen?: boolean
}

/** Words that say something else than their code does. */
const exceptions: ReadonlyArray<CloseText> = [
  // The project has no credit left, which HTTP says with 402.
  { codes: [1011], says: /^Your prepayment credits are depleted/, means: "key" },
  // The end of a connection's lifetime, with or without a goAway before it (livekit/agents-js#2366: 2,800 of them in
  // two months).
  { codes: [1008], says: /^The operation was aborted/, means: "passing" },
  // It comes at random in the middle of sessions with native audio and functions (googleapis/js-genai#1236). A setup
  // that is answered so asks for something that is not there.
  { codes: [1008], says: /^Operation is not implemented, or supported, or enabled/, means: "passing", isOfOpen: true }
]

/** Words that say what is refused by a code that refuses anyway. */
const refused: ReadonlyArray<CloseText> = [
  {
    codes: [1007, 1008],
    says: /\bAPI key\b|API has not been used in project|project has been denied access/i,
    means: "key"
  },
  // The words of HTTP's 401 for access tokens, on all of Google's APIs.
  { codes: [1007, 1008], says: /^Request had invalid authentication credentials/, means: "token" },
  // The second are the words of Vertex AI, whose names are so long that the rest may be cut.
  { codes: [1007, 1008], says: /^models\/\S+ is not found|^Publisher Model /, means: "model" },
  // In a session that is set up, the same words are about the call that a tool response answers.
  { codes: [1007, 1008], says: /^Requested entity was not found|session resumption handle/i, means: "handle" }
]

/**
 * The codes that say that what we sent is refused: it would be refused again. With every other code (1006 dropped, 1011
 * server trouble, 1012 restart) a second try may succeed; those of 3000 to 4999 are anybody's.
 */
export const refusals: ReadonlySet<number> = /* @__PURE__ */ new Set([1002, 1003, 1007, 1008, 1009, 1010])

const said = (
  texts: ReadonlyArray<CloseText>,
  code: number,
  text: string,
  isOpen: boolean
): Meaning | undefined =>
  texts.find(({ codes, isOfOpen, says }) => codes.includes(code) && (isOpen || isOfOpen !== true) && says.test(text))
    ?.means

/** What the words of a close mean; `undefined` where only the code says something. */
export const meaning = (code: number, text: string, isOpen: boolean): Meaning | undefined =>
  said(refused, code, text, isOpen) ?? said(exceptions, code, text, isOpen)

/** What the words say of dialling the same again; `undefined` where only the code says something. */
export const wordsLetPass = (code: number, text: string, isOpen: boolean): boolean | undefined => {
  const means = said(exceptions, code, text, isOpen)
  return means === undefined ? undefined : means === "passing"
}

/** Whether the same may be dialled again after a close. */
export const mayPass = (code: number, text: string, isOpen: boolean): boolean =>
  wordsLetPass(code, text, isOpen) ?? !refusals.has(code)
