/**
 * `LaneWindow` in Lua: the same arithmetic by Redis's clock, with one script for each step.
 *
 * A lane is two keys with one hash tag: a hash with the totals and one field for each entry of the window ("time tokens
 * requests", by position), and a sorted set with the leases of the calls in flight, by expiry. Positions begin at the
 * server's time in microseconds, so a position from before a loss of data is never taken for one of today. Both keys
 * expire once nothing in them limits anything.
 */
import * as Redis from "effect/persistence/Redis"
import type { Lesson } from "../../limits/LaneStore.ts"
import type { Limits } from "../../limits/Tier.ts"
import { nextPacificMidnight } from "../google/pacificDay.ts"
import { clock, limited, sameDay, state, turnDay } from "./laneLua.ts"
import { heldFor } from "./learned.ts"

/** A lane of a Redis, and what every step of it is told. */
export interface LaneAddress {
  readonly window: string
  readonly leases: string
  readonly span: number
  readonly margin: number
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

/** Numbers come back as text, because Redis would cut them to whole ones and knows no infinity. */
export type ScriptReply = ReadonlyArray<string>

export const field = (reply: ScriptReply, index: number): number => {
  const text = reply[index]
  return text === "inf" ? Infinity : Number(text ?? 0)
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

export const told = (reply: ScriptReply, place: number): Told => ({
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

const number = (value: number): string => value === Infinity ? "inf" : String(value)
const limitsOf = ({ concurrency, rpd, rpm, tpm }: Limits): ReadonlyArray<string> =>
  [rpm, tpm, rpd, concurrency].map(number)

/** The arguments of one step. */
export const step = {
  group: ["group"],
  reserve: (limits: Limits, tokens: number, ttl: number, poll: number): ReadonlyArray<string> => [
    "reserve",
    ...limitsOf(limits),
    String(tokens),
    String(ttl),
    String(poll)
  ],
  settle: (position: string, before: number, tokens: number): ReadonlyArray<string> => [
    "settle",
    position,
    String(before),
    String(tokens)
  ],
  release: (position: string): ReadonlyArray<string> => ["release", position],
  cancel: (position: string, at: number): ReadonlyArray<string> => ["cancel", position, String(at)],
  read: (limits: Limits): ReadonlyArray<string> => ["read", ...limitsOf(limits)]
}

/** How many texts `told` consists of. */
export const toldLength = 11

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
        ...args(...params)
      ],
      { lua: clock(time) + lua, numberOfKeys: 2 }
    ).withReturnType<ScriptReply>()

  return {
    /**
     * Steps in order, in one write. The reply is `now, tail`, and then for each reservation `ok, position`, or for the
     * first of its group that does not fit `no, retryIn, resetAt`; the reservations behind that one are not tried. If
     * the day is another one, the reply is `day, now`.
     */
    steps: script(
      `${sameDay}${state}${turnDay}${limited}
local reply, ttl, refused = {}, 0, false
local step = {}
function step.group() refused = false end
function step.reserve(place)
  if refused then return end
  limit(place)
  local tokens = tonumber(ARGV[place + 4])
  if flying >= concurrency then
    -- No process holds a lease for so long; its owner, if there is one, begins it anew.
    local longest = math.max(latest, now + tonumber(ARGV[place + 5]))
    redis.call('ZREMRANGEBYSCORE', L, '(' .. int(longest), '+inf')
    flying = redis.call('ZCARD', L)
  end
  if fits(tokens) then
    takeDay(1)
    local position = int(push(tokens, 1))
    ttl = tonumber(ARGV[place + 5])
    redis.call('ZADD', L, int(now + ttl), position)
    flying = flying + 1
    reply[#reply + 1] = 'ok'
    reply[#reply + 1] = position
    return
  end
  refused = true
  local retryIn, resetAt = wait(tokens)
  if flying >= concurrency then
    -- Another process's call may end at any time; the latest is when its lease does.
    local poll, first = tonumber(ARGV[place + 6]), redis.call('ZRANGE', L, 0, 0, 'WITHSCORES')
    local expiry = first[2] and tonumber(first[2]) - now or poll
    retryIn = math.max(retryIn, math.min(poll, expiry))
  end
  reply[#reply + 1] = 'no'
  reply[#reply + 1] = int(math.min(math.max(retryIn, 1), 2 ^ 45))
  reply[#reply + 1] = int(resetAt)
end
-- The last word on an entry's tokens; what comes after its window is owed from now on.
function step.settle(place)
  local position, before, tokens = tonumber(ARGV[place]), tonumber(ARGV[place + 1]), tonumber(ARGV[place + 2])
  if position >= s.first and position < s.next then
    local at, counted, requests = entry(position)
    put(position, at, tokens, requests)
    s.tokens = s.tokens + tokens - counted
  elseif tokens > before then
    push(tokens - before, 0)
  end
end
function step.release(place)
  flying = flying - redis.call('ZREM', L, ARGV[place])
end
-- Gives everything back.
function step.cancel(place)
  flying = flying - redis.call('ZREM', L, ARGV[place])
  local position, at = tonumber(ARGV[place]), tonumber(ARGV[place + 1])
  if at >= s.since and s.today > 0 then s.today = s.today - 1 end
  if at >= s.dayEnd - margin and s.late > 0 then s.late = s.late - 1 end
  if position >= s.first and position < s.next then
    local itsTime, tokens, requests = entry(position)
    put(position, itsTime, 0, 0)
    s.requests = s.requests - requests
    s.tokens = s.tokens - tokens
  end
end
step.read = limit
local counts = {group = 0, reserve = 7, settle = 3, release = 1, cancel = 2, read = 4}
local place = 5
while place <= #ARGV do
  local kind = ARGV[place]
  step[kind](place + 1)
  place = place + 1 + counts[kind]
end
if ttl > 0 then redis.call('PEXPIRE', L, int(ttl + 1000)) end
save()
local answer = told({int(now)})
for _, text in ipairs(reply) do answer[#answer + 1] = text end
return answer`,
      (day: Day, steps: ReadonlyArray<string>) => [String(day.start), String(day.end), ...steps]
    ),
    /** Renews the leases of the calls that this process still has in flight. */
    renew: script(
      `${state}
local ttl = tonumber(ARGV[3])
for i = 4, #ARGV do redis.call('ZADD', L, int(now + ttl), ARGV[i]) end
redis.call('PEXPIRE', L, int(ttl + 1000))
save()
return {'ok', int(now)}`,
      (ttl: number, positions: ReadonlyArray<string>) => [String(ttl), ...positions]
    ),
    /** Pauses the lane after a 429. With a negative delay, where none was named, the pause grows with each 429. */
    pause: script(
      `${state}
local retryAfter = tonumber(ARGV[3])
if retryAfter >= 0 then
  s.paused = math.max(s.paused, math.min(now + retryAfter, latest))
elseif now >= s.paused then
  if now >= s.paused + span then s.strikes = 0 end
  s.paused = now + math.min(60000, 1000 * 2 ^ s.strikes)
  s.strikes = s.strikes + 1
end
save()
return {'ok', int(now)}`,
      (retryAfter: number | undefined) => [String(retryAfter ?? -1)]
    ),
    park: script(
      `${state}
s.parked = math.max(s.parked, math.min(tonumber(ARGV[3]), latest))
save()
return {'ok', int(now)}`,
      (resetAt: number) => [String(resetAt)]
    ),
    /** Takes what a 429 says of the limits; a negative number says nothing. */
    teach: script(
      `${state}
local name, said, tier = ARGV[3], tonumber(ARGV[4]), num(ARGV[5])
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
return {'ok', int(now)}`,
      ({ counts, limit }: Lesson, { rpm, tpm }: Limits) => [
        counts === "tokens" ? "tpm" : "rpm",
        String(limit ?? -1),
        number(counts === "tokens" ? tpm : rpm)
      ]
    ),
    /** Adds what was sent while this lane was not asked: so many earlier today, and these, by tokens, lately. */
    charge: script(
      `${sameDay}${state}${turnDay}
takeDay(tonumber(ARGV[5]) + #ARGV - 5)
for i = 6, #ARGV do push(tonumber(ARGV[i]), 1) end
save()
return {'ok', int(now)}`,
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
