/**
 * What is secret in a text: by its shape, by its value, or by a pattern of the user's own.
 *
 * Each pattern takes time that grows with the text alone, and wants no letter of its own alphabet on either side, so that
 * it does not find parts of long base64.
 */

import * as Placeholders from "./Placeholders.ts"

export interface Finding {
  readonly start: number
  readonly end: number
  /** What kind of secret it is, as it stands in the placeholder: `KEY`, `EMAIL`, … */
  readonly kind: string
}

export interface Detector {
  readonly kind: string
  /** What `redaction` calls it. */
  readonly name: string
  /** What it finds, in one clause, for the README and for messages. */
  readonly what: string
  readonly pattern: RegExp
  readonly holds?: (found: string) => boolean
}

/** Whether the last digit is the check digit of the others (ISO/IEC 7812-1, annex B). */
const luhn = (text: string): boolean => {
  const digits = text.replace(/\D/g, "")
  if (digits.length < 13 || digits.length > 19 || /^(\d)\1*$/.test(digits)) return false
  let sum = 0
  for (let i = 0; i < digits.length; i++) {
    const digit = Number(digits[digits.length - 1 - i])
    const doubled = i % 2 === 1 ? digit * 2 : digit
    sum += doubled > 9 ? doubled - 9 : doubled
  }
  return sum % 10 === 0
}

export const detectors: ReadonlyArray<Detector> = [
  {
    name: "privateKey",
    kind: "PRIVATE_KEY",
    what: "a private key in PEM",
    pattern:
      /-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----[A-Za-z0-9+/=\s\\]{0,20000}(?:-----END [A-Z ]{0,30}PRIVATE KEY-----)?/g
  },
  {
    name: "googleKey",
    kind: "KEY",
    what: "an API key of Google's, AIza… or AQ.…",
    pattern: /(?<![\w-])(?:AIza[\w-]{35}|AQ\.[\w-]{20,200})(?![\w-])/g
  },
  {
    name: "accessToken",
    kind: "TOKEN",
    what: "an access or refresh token of Google's, ya29.… or 1//…",
    pattern: /(?<![\w-])(?:ya29\.[\w.-]{20,2000}|1\/\/0[\w-]{30,300})/g
  },
  {
    name: "ephemeralToken",
    kind: "TOKEN",
    what: "an ephemeral token of the Live API",
    pattern: /(?<![\w-])auth_tokens\/[\w:.-]{8,300}/g
  },
  {
    name: "webhookSecret",
    kind: "KEY",
    what: "a key that signs webhooks, whsec_…",
    pattern: /(?<![\w-])whsec_[A-Za-z0-9+/_-]{16,400}={0,2}/g
  },
  {
    name: "jwt",
    kind: "TOKEN",
    what: "a JSON web token",
    pattern: /(?<![\w-])eyJ[\w-]{5,4000}\.[\w-]{5,8000}\.[\w-]{5,2000}(?![\w-])/g
  },
  {
    name: "bearer",
    kind: "TOKEN",
    what: "what stands behind the word Bearer",
    pattern: /(?<=\b[Bb]earer )[\w.~+/=-]{16,4000}/g
  },
  {
    name: "project",
    kind: "PROJECT",
    what: "a Google Cloud project in the name of a resource, projects/…/locations/…",
    pattern: /(?<=(?<![\w-])projects\/)[a-z0-9][\w.:-]{0,62}(?=\/locations\/)|(?<=^projects\/)[a-z0-9][\w.:-]{0,62}$/g
  },
  {
    name: "otherKeys",
    kind: "KEY",
    what: "a key of another vendor: sk-…, ghp_…, github_pat_…, xoxb-…, AKIA…, hf_…",
    pattern:
      /(?<![\w-])(?:sk-[\w-]{20,300}|gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_\w{22,255}|xox[abeoprs]-[\w-]{10,250}|(?:AKIA|ASIA)[A-Z0-9]{16}|hf_[A-Za-z0-9]{30,80})(?![\w-])/g
  },
  {
    name: "email",
    kind: "EMAIL",
    what: "an e-mail address",
    pattern:
      /(?<![\w.+%-])[\w%+-](?:[\w.%+-]{0,62}[\w%+-])?@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.){1,5}[A-Za-z]{2,24}(?![\w-])/g
  },
  {
    name: "card",
    kind: "CARD",
    what: "the number of a payment card, by its check digit",
    pattern: /(?<![\w.-])\d(?:[ -]?\d){12,18}(?![\w-])/g,
    holds: luhn
  },
  {
    name: "home",
    kind: "PATH",
    what: "the name of a person in the path of a home folder",
    pattern: /(?<=\/(?:home|Users)\/|[A-Za-z]:\\{1,2}(?:Users|Documents and Settings)\\{1,2})[\w.@-]{1,64}/g,
    holds: (name) => !/^(?:shared|public|runner|root|user|username|you|name)$/i.test(name)
  }
]

export interface Search {
  readonly detectors: ReadonlyArray<Detector>
  /** Values that are secret wherever they stand, such as those of named variables. */
  readonly values: ReadonlyArray<string>
}

/** What is secret in a text, in the order of the places, without overlaps: the earlier counts, then the longer. */
export const find = (text: string, { detectors, values }: Search): ReadonlyArray<Finding> => {
  const found: Array<Finding> = []
  for (const value of values) {
    for (let at = text.indexOf(value); at !== -1; at = text.indexOf(value, at + value.length)) {
      found.push({ start: at, end: at + value.length, kind: "VALUE" })
    }
  }
  for (const { holds, kind, pattern } of detectors) {
    for (const match of text.matchAll(pattern)) {
      const [secret] = match
      if (secret === "" || secret.startsWith(Placeholders.prefix) || holds?.(secret) === false) continue
      found.push({ start: match.index, end: match.index + secret.length, kind })
    }
  }
  if (found.length < 2) return found
  found.sort((a, b) => a.start - b.start || b.end - a.end)
  const apart: Array<Finding> = []
  let end = -1
  for (const finding of found) {
    if (finding.start >= end) apart.push(finding)
    else if (finding.end > end) {
      // Two secrets that overlap are taken out as one, so that no end of the longer one is left.
      const last = apart.pop()
      if (last !== undefined) apart.push({ ...last, end: finding.end })
    }
    end = Math.max(end, finding.end)
  }
  return apart
}
