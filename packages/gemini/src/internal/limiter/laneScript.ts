/**
 * `LaneWindow` in Lua: the same arithmetic by Redis's clock, with one script for each step.
 *
 * A lane is two keys with one hash tag: a hash with the totals and one field for each entry of the window ("time tokens
 * requests calls word", by position), and a sorted set with the leases of the entries that have calls in flight, by
 * expiry. Positions begin at the server's time in microseconds, so a position from before a loss of data is never taken
 * for one of today. Both keys expire once nothing in them limits anything.
 *
 * What one script grants is one entry and one lease, because all of it was granted at one time. Afterwards the process
 * that asked says how the entry stands as a whole (`Word`), so that a word which is lost is made good by the next one.
 * Only what is owed for an entry that has left the window is lost with its word, since the entry has no tokens any more. If
 * the last word is lost, the lease and the window end what it would have ended.
 */
import * as Redis from "effect/persistence/Redis"
import type { Lesson } from "../../limits/LaneStore.ts"
import type { Limits } from "../../limits/Tier.ts"
import { nextPacificMidnight } from "../google/pacificDay.ts"
import { clock, limited, sameDay, stateOf, turnDay } from "./laneLua.ts"
import { heldFor } from "./learned.ts"

/** A lane of a Redis, and what every step of it is told. */
export interface LaneAddress {
  readonly window: string
  readonly leases: string
  readonly span: number
  readonly margin: number
  /** How long a lease holds, in milliseconds. */
  readonly lease: number
}

/** What a process says of what one script granted to it. */
export interface Word {
  readonly position: string
  /** When it was granted, by Redis's clock. */
  readonly at: number
  /** The number of this word. One that comes after a later one changes no tokens. */
  readonly number: number
  /** The tokens and the requests of all of it that was not given back, and its calls in flight. */
  readonly tokens: number
  readonly requests: number
  readonly inFlight: number
  /** The requests of all of it that were given back. */
  readonly cancelled: number
  /** The corrections upward since the word before. They count only where the entry has left the window. */
  readonly owed: number
}

/** Requests that want room together, with one set of limits. */
export interface Run {
  /** Whether it begins a group. Within a group nothing is tried behind the first that does not fit. */
  readonly isFirst: boolean
  readonly limits: Limits
  readonly tokens: ReadonlyArray<number>
}

/** The Pacific day that the caller takes it for. If it is another day, the server says so. */
export interface Day {
  readonly start: number
  readonly end: number
}

export const dayOf = (now: number): Day => {
  const end = nextPacificMidnight(now)
  // A Pacific day has 23 to 25 hours.
  return { start: nextPacificMidnight(end - 26 * 3_600_000), end }
}

/** How the server tells the time: seconds and microseconds. A test may give a time of its own. */
export const serverTime = "redis.call('TIME')"

/** All that is told are whole numbers. Redis knows no infinity: that comes as text. */
export type ScriptReply = ReadonlyArray<string | number>

export const field = (reply: ScriptReply, index: number): number => {
  const value = reply[index]
  return value === "inf" ? Infinity : Number(value ?? 0)
}

/** The end of every answer about a lane. */
export interface Told {
  readonly requests: number
  readonly tokens: number
  readonly today: number
  inFlight: number
  readonly freeIn: number
  readonly pausedFor: number
  readonly parkedFor: number
  /** The limit that 429s taught, or `Infinity`. */
  readonly rpm: number
  readonly tpm: number
  readonly risesIn: number
  readonly goneIn: number
}

/** What every answer says of the lane begins in it at `place`. */
export const told = (reply: ScriptReply = [], place = 0): Told => ({
  requests: field(reply, place),
  tokens: field(reply, place + 1),
  today: field(reply, place + 2),
  inFlight: field(reply, place + 3),
  freeIn: field(reply, place + 4),
  pausedFor: field(reply, place + 5),
  parkedFor: field(reply, place + 6),
  rpm: field(reply, place + 7),
  tpm: field(reply, place + 8),
  risesIn: field(reply, place + 9),
  goneIn: field(reply, place + 10)
})

/** How many values an answer holds before what it says of each group: the time, the position, and `Told`. */
export const preface = 13

const number = (value: number): string => value === Infinity ? "inf" : String(value)
const limitsOf = ({ concurrency, rpd, rpm, tpm }: Limits): ReadonlyArray<string> =>
  [rpm, tpm, rpd, concurrency].map(number)

const wordOf = (word: Word): ReadonlyArray<string> => [
  word.position,
  String(word.at),
  String(word.number),
  String(word.tokens),
  String(word.requests),
  String(word.inFlight),
  String(word.owed),
  String(word.cancelled)
]

/** What goes to Redis in one script. */
export interface Steps {
  readonly words: ReadonlyArray<Word>
  readonly runs: ReadonlyArray<Run>
  /** The limits by which the lane's state is told. */
  readonly limits: Limits
  /** How often a call asks again while other processes hold all concurrency, in milliseconds. */
  readonly poll: number
}

/** The scripts of a lane, for one way of telling the time. */
export const make = (time: string = serverTime) => {
  const script = <P extends ReadonlyArray<unknown>>(
    lua: string,
    args: (...params: P) => ReadonlyArray<string>
  ) =>
    Redis.script(
      (place: LaneAddress, ...params: P) => [
        place.window,
        place.leases,
        String(place.span),
        String(place.margin),
        String(place.lease),
        ...args(...params)
      ],
      { lua: clock(time) + lua, numberOfKeys: 2 }
    ).withReturnType<ScriptReply>()

  return {
    /**
     * Words, and then runs of requests in order, in one write. The reply is `now, position`, which is where everything
     * lies that was granted, then `Told`, and then for each group how many were granted and, if one did not fit,
     * `retryIn, resetAt`; else two zeros. If the day is another one, the reply is `day, now`.
     */
    steps: script(
      `${sameDay}${stateOf("8, 8 * tonumber(ARGV[7]), 8")}${turnDay}${limited}
local poll, place = tonumber(ARGV[6]), 8
for _ = 1, tonumber(ARGV[7]) do
  local position, at, number, itsTokens, itsRequests, inFlight, owed, cancelled =
    tonumber(ARGV[place]), tonumber(ARGV[place + 1]), tonumber(ARGV[place + 2]), tonumber(ARGV[place + 3]),
    tonumber(ARGV[place + 4]), tonumber(ARGV[place + 5]), tonumber(ARGV[place + 6]), tonumber(ARGV[place + 7])
  place = place + 8
  local time, tokens, requests, calls, word = entry(position)
  -- What was given back stays so, whatever comes late. No more is than the process says.
  local back = math.max(0, math.min(cancelled, requests - itsRequests))
  requests = requests - back
  if at >= s.since then s.today = math.max(0, s.today - back) end
  if at >= s.dayEnd - margin then s.late = math.max(0, s.late - back) end
  if position >= s.first and position < s.next then
    if number > word then
      s.tokens = math.max(0, s.tokens + itsTokens - tokens)
      tokens = itsTokens
    end
    s.requests = math.max(0, s.requests - back)
  elseif owed > 0 then
    -- What comes after the window is owed from now on.
    s.tokens = s.tokens + owed
    append(owed, 0, 0)
  end
  local left = math.min(inFlight, calls)
  local leases = left == 0 and redis.call('ZREM', L, int(position)) or 0
  s.flying = math.max(0, s.flying - math.max(calls - left, leases))
  put(position, time, tokens, requests, left, math.max(word, number))
end

local function refusal(tokens)
  local retryIn, resetAt = wait(tokens)
  if s.flying >= concurrency then
    -- Another process's call may end at any time; the latest is when its lease does.
    local first = redis.call('ZRANGE', L, 0, 0, 'WITHSCORES')
    local expiry = first[2] and tonumber(first[2]) - now or poll
    retryIn = math.max(retryIn, math.min(poll, expiry))
  end
  return math.min(math.max(retryIn, 1), 2 ^ 45), resetAt
end
local reply, group = {}, -2
local requests, tokens, isRefused = 0, 0, false
local function take(asked, sum)
  takeDay(asked)
  s.requests, s.tokens, s.flying = s.requests + asked, s.tokens + sum, s.flying + asked
  requests, tokens, reply[group] = requests + asked, tokens + sum, reply[group] + asked
end
local reading = place
place = place + 4
while place <= #ARGV do
  if ARGV[place] == 'first' then
    group, isRefused = group + 3, false
    reply[group], reply[group + 1], reply[group + 2] = 0, 0, 0
  end
  limit(place + 1)
  local sum, asked = tonumber(ARGV[place + 5]), tonumber(ARGV[place + 6])
  local from, to = place + 7, place + 6 + asked
  place = to + 1
  if not isRefused and allFit(asked, sum) then
    take(asked, sum)
    from = place
  end
  for i = from, isRefused and 0 or to do
    local wanted = tonumber(ARGV[i])
    if s.flying >= concurrency then
      -- No process holds a lease for so long; its owner, if there is one, begins it anew.
      expire('(' .. int(math.max(latest, now + ttl)), '+inf')
      count(requests)
    end
    if not fits(wanted) then
      isRefused = true
      reply[group + 1], reply[group + 2] = refusal(wanted)
      break
    end
    take(1, wanted)
  end
end
local position = 0
if requests > 0 then
  position = append(tokens, requests, requests)
  redis.call('ZADD', L, int(now + ttl), int(position))
  redis.call('PEXPIRE', L, int(ttl + 1000))
end
save()
limit(reading)
local answer = {now, position, told()}
for _, value in ipairs(reply) do answer[#answer + 1] = value end
return answer`,
      (day: Day, { limits, poll, runs, words }: Steps) => {
        const args = [String(day.start), String(day.end), String(poll), String(words.length)]
        for (const word of words) args.push(...wordOf(word))
        args.push(...limitsOf(limits))
        for (const run of runs) {
          const sum = run.tokens.reduce((total, tokens) => total + tokens, 0)
          args.push(run.isFirst ? "first" : "more", ...limitsOf(run.limits), String(sum), String(run.tokens.length))
          for (const tokens of run.tokens) args.push(String(tokens))
        }
        return args
      }
    ),
    /** Renews the leases of the calls that this process still has in flight, and counts all that are. */
    renew: script(
      `${stateOf()}
for i = 4, #ARGV, 2 do
  local position = tonumber(ARGV[i])
  local at, tokens, requests, _, word = entry(position)
  put(position, at, tokens, requests, tonumber(ARGV[i + 1]), word)
  redis.call('ZADD', L, int(now + ttl), ARGV[i])
end
s.flying = 0
for _, member in ipairs(redis.call('ZRANGE', L, 0, -1)) do
  local _, _, _, calls = entry(whole(member, 2 ^ 52))
  s.flying = s.flying + math.max(1, calls)
end
redis.call('PEXPIRE', L, int(ttl + 1000))
save()
return {'ok', now}`,
      (held: ReadonlyArray<Pick<Word, "position" | "inFlight">>) =>
        held.flatMap(({ inFlight, position }) => [position, String(inFlight)])
    ),
    /** Pauses the lane after a 429. With a negative delay, where none was named, the pause grows with each 429. */
    pause: script(
      `${stateOf()}
local retryAfter = tonumber(ARGV[4])
if retryAfter >= 0 then
  s.paused = math.max(s.paused, math.min(now + retryAfter, latest))
elseif now >= s.paused then
  if now >= s.paused + span then s.strikes = 0 end
  s.paused = now + math.min(60000, 1000 * 2 ^ s.strikes)
  s.strikes = s.strikes + 1
end
save()
return {'ok', now}`,
      (retryAfter: number | undefined) => [String(retryAfter ?? -1)]
    ),
    park: script(
      `${stateOf()}
s.parked = math.max(s.parked, math.min(tonumber(ARGV[4]), latest))
save()
return {'ok', now}`,
      (resetAt: number) => [String(resetAt)]
    ),
    /** Takes what a 429 says of the limits; a negative number says nothing. */
    teach: script(
      `${stateOf()}
local name, said, tier = ARGV[4], tonumber(ARGV[5]), num(ARGV[6])
local step = tier < inf and math.max(1, math.ceil(tier / 10)) or 1
local counted = name == 'rpm' and s.requests or s.tokens
local limit = said >= 0 and math.max(1, math.floor(said)) or math.max(step, math.min(limitAt(name), tier, counted) - 1)
if limit < tier then
  local risesAt = now + span * (said >= 0 and ${heldFor.told} or ${heldFor.counted})
  local rises = tier < inf and math.ceil((tier - limit) / step) - 1 or 0
  keep(name, limit, risesAt, step, risesAt + rises * span)
else
  taught[name] = nil
  redis.call('HDEL', W, name)
end
save()
return {'ok', now}`,
      ({ counts, limit }: Lesson, { rpm, tpm }: Limits) => [
        counts === "tokens" ? "tpm" : "rpm",
        String(limit ?? -1),
        number(counts === "tokens" ? tpm : rpm)
      ]
    ),
    /** Adds what was sent while this lane was not asked: so many earlier today, and these, by tokens, lately. */
    charge: script(
      `${sameDay}${stateOf()}${turnDay}
local requests, tokens = #ARGV - 6, 0
for i = 7, #ARGV do tokens = tokens + tonumber(ARGV[i]) end
takeDay(tonumber(ARGV[6]) + requests)
s.requests, s.tokens = s.requests + requests, s.tokens + tokens
if requests > 0 then append(tokens, requests, 0) end
save()
return {'ok', now}`,
      (day: Day, earlier: number, tokens: ReadonlyArray<number>) => [
        String(day.start),
        String(day.end),
        String(earlier),
        ...tokens.map(String)
      ]
    )
  }
}

export type LaneScripts = ReturnType<typeof make>
