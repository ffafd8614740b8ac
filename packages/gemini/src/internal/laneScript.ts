/**
 * `LaneWindow` in Lua: the same arithmetic by Redis's clock, one script a step.
 *
 * A lane is two keys with one hash tag: a hash with the totals and one field an entry of
 * the window ("time tokens requests", by position), and a sorted set with the leases of
 * the calls in flight, by expiry. Positions begin at the server's time in microseconds, so
 * one from before a loss of data is never taken for one of today. Both keys expire once
 * nothing in them limits anything.
 */
import * as Redis from "effect/persistence/Redis"
import type { Limits } from "../Tier.ts"

/** A lane of a Redis, and what every step of it is told. */
export interface Place {
  readonly window: string
  readonly leases: string
  readonly span: number
  readonly guard: number
}

/** The Pacific day that the caller takes it for. The server says so if it is another. */
export interface Day {
  readonly start: number
  readonly end: number
}

/** How the server tells the time: seconds and microseconds. A test may say it itself. */
export const serverTime = "redis.call('TIME')"

/** Numbers come back as text: Redis would cut them to whole ones, and knows no infinity. */
export type Reply = ReadonlyArray<string>

export const field = (reply: Reply, index: number): number => {
  const text = reply[index]
  return text === "inf" ? Infinity : Number(text)
}

/** What every answer about a lane ends with. */
export interface Told {
  readonly requests: number
  readonly tokens: number
  readonly today: number
  inFlight: number
  readonly freeIn: number
  readonly pausedFor: number
  readonly parkedFor: number
}

export const told = (reply: Reply, place: number): Told => ({
  requests: field(reply, place),
  tokens: field(reply, place + 1),
  today: field(reply, place + 2),
  inFlight: field(reply, place + 3),
  freeIn: field(reply, place + 4),
  pausedFor: field(reply, place + 5),
  parkedFor: field(reply, place + 6)
})

const number = (value: number): string => value === Infinity ? "inf" : String(value)
const limitsOf = ({ concurrency, rpd, rpm, tpm }: Limits): ReadonlyArray<string> =>
  [rpm, tpm, rpd, concurrency].map(number)

const clock = (time: string): string => `
local W, L = KEYS[1], KEYS[2]
local span, guard = tonumber(ARGV[1]), tonumber(ARGV[2])
local time = ${time}
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local inf = math.huge
local function num(text) if text == 'inf' then return inf end return tonumber(text) end
local function int(n) if n == inf then return 'inf' end return string.format('%.0f', n) end
local function lease(member, ttl)
  redis.call('ZADD', L, int(now + ttl), member)
  redis.call('PEXPIRE', L, int(ttl + 1000))
end
`

const sameDay = `
local dayStart, dayEnd = tonumber(ARGV[3]), tonumber(ARGV[4])
if now < dayStart or now >= dayEnd then return {'day', int(now)} end
`

const state = `
local names = {
  'first', 'next', 'requests', 'tokens', 'last', 'paused', 'strikes', 'parked', 'today', 'dayEnd', 'since', 'late'
}
local s = {}
local values = redis.call('HMGET', W, unpack(names))
for i, name in ipairs(names) do s[name] = tonumber(values[i] or 0) end
if s.next == 0 then
  s.next = now * 1000
  s.first = s.next
  s.last = now
end

local function entry(position)
  local value = redis.call('HGET', W, int(position))
  if not value then return 0, 0, 0 end
  local at, tokens, requests = string.match(value, '(%d+) (%d+) (%d+)')
  return tonumber(at), tonumber(tokens), tonumber(requests)
end

local function put(position, at, tokens, requests)
  redis.call('HSET', W, int(position), int(at) .. ' ' .. int(tokens) .. ' ' .. int(requests))
end

-- The server's clock was set back, or another server took over: what is counted keeps its age.
if now < s.last then
  local back = s.last - now
  for position = s.first, s.next - 1 do
    local at, tokens, requests = entry(position)
    put(position, at - back, tokens, requests)
  end
  for _, member in ipairs(redis.call('ZRANGE', L, 0, -1)) do redis.call('ZINCRBY', L, int(-back), member) end
  s.paused = s.paused - back
end
s.last = now

while s.first < s.next do
  local at, tokens, requests = entry(s.first)
  if at > now - span then break end
  s.requests = s.requests - requests
  s.tokens = s.tokens - tokens
  redis.call('HDEL', W, int(s.first))
  s.first = s.first + 1
end

local function push(tokens, requests)
  put(s.next, now, tokens, requests)
  s.requests = s.requests + requests
  s.tokens = s.tokens + tokens
  s.next = s.next + 1
  return s.next - 1
end

local function save()
  local values = {}
  for i, name in ipairs(names) do
    values[2 * i - 1] = name
    values[2 * i] = int(s[name])
  end
  redis.call('HSET', W, unpack(values))
  redis.call('PEXPIRE', W, int(math.max(now, s.dayEnd, s.parked, s.paused) - now + span + 1000))
end
`

const turnDay = `
if now >= s.dayEnd then
  local isNext = s.dayEnd == dayStart
  s.today = isNext and s.late or 0
  s.since = isNext and dayStart - guard or now
  s.late = 0
  s.dayEnd = dayEnd
end
local function takeDay(count)
  s.today = s.today + count
  if now >= s.dayEnd - guard then s.late = s.late + count end
end
`

const limited = `
local rpm, tpm, rpd, concurrency = num(ARGV[5]), num(ARGV[6]), num(ARGV[7]), num(ARGV[8])
redis.call('ZREMRANGEBYSCORE', L, '-inf', int(now))
local flying = redis.call('ZCARD', L)

local function fits(tokens)
  return s.requests < rpm
    and (s.tokens + tokens <= tpm or (tokens > tpm and s.tokens == 0))
    and s.today < rpd and flying < concurrency
    and now >= s.paused and now >= s.parked
end

-- When so many requests and tokens will have left the window.
local function whenLeft(requests, tokens)
  for position = s.first, s.next - 1 do
    local at, itsTokens, itsRequests = entry(position)
    requests = requests - itsRequests
    tokens = tokens - itsTokens
    if requests <= 0 and tokens <= 0 then return at + span end
  end
  return inf
end

-- In how long everything but concurrency has room, and when the day is back if that is spent.
local function wait(tokens)
  local at, resetAt = math.max(now, s.paused, s.parked), 0
  if now < s.parked then resetAt = s.parked end
  if s.today >= rpd then
    resetAt = math.max(s.parked, s.dayEnd)
    at = math.max(at, resetAt)
  end
  local requests = s.requests + 1 - rpm
  local excess = tokens > tpm and s.tokens or s.tokens + tokens - tpm
  if requests > 0 or excess > 0 then at = math.max(at, whenLeft(requests, excess)) end
  return at - now, resetAt
end

-- What every answer ends with: the lane as it is now.
local function told(...)
  local freeIn = flying >= concurrency and inf or 0
  if freeIn == 0 and not fits(1) then freeIn = wait(1) end
  local reply = {...}
  for _, n in ipairs({s.requests, s.tokens, s.today, flying, freeIn, s.paused - now, s.parked - now}) do
    reply[#reply + 1] = int(n)
  end
  return reply
end
`

/** The scripts of a lane, by one way of telling the time. */
export const make = (time: string = serverTime) => {
  const script = <P extends ReadonlyArray<unknown>>(
    lua: string,
    args: (...params: P) => ReadonlyArray<string>
  ) =>
    Redis.script(
      (place: Place, ...params: P) => [
        place.window,
        place.leases,
        String(place.span),
        String(place.guard),
        ...args(...params)
      ],
      { lua: clock(time) + lua, numberOfKeys: 2 }
    ).withReturnType<Reply>()

  return {
    /** `ok, now, position, 0, tail` | `no, now, retryIn, resetAt, tail` | `day, now`. */
    reserve: script(
      `${sameDay}${state}${turnDay}${limited}
local tokens, ttl, poll = tonumber(ARGV[9]), tonumber(ARGV[10]), tonumber(ARGV[11])
if fits(tokens) then
  takeDay(1)
  local position = push(tokens, 1)
  lease(int(position), ttl)
  flying = flying + 1
  save()
  return told('ok', int(now), int(position), '0')
end
local retryIn, resetAt = wait(tokens)
if flying >= concurrency then
  -- Another process's call may end at any time; the latest is when its lease does.
  local first = redis.call('ZRANGE', L, 0, 0, 'WITHSCORES')
  local expiry = first[2] and tonumber(first[2]) - now or poll
  retryIn = math.max(retryIn, math.min(poll, expiry))
end
save()
return told('no', int(now), int(math.min(math.max(retryIn, 1), 2 ^ 45)), int(resetAt))`,
      (day: Day, limits: Limits, tokens: number, ttl: number, poll: number) => [
        String(day.start),
        String(day.end),
        ...limitsOf(limits),
        String(tokens),
        String(ttl),
        String(poll)
      ]
    ),
    /** The last word on an entry's tokens; what comes after its window is owed from now on. */
    settle: script(
      `${state}
local position, before, tokens = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
if position >= s.first and position < s.next then
  local at, counted, requests = entry(position)
  put(position, at, tokens, requests)
  s.tokens = s.tokens + tokens - counted
elseif tokens > before then
  push(tokens - before, 0)
end
save()
return {'ok', int(now)}`,
      (position: string, before: number, tokens: number) => [position, String(before), String(tokens)]
    ),
    /** Gives everything back. */
    cancel: script(
      `${state}
local position, at = tonumber(ARGV[3]), tonumber(ARGV[4])
redis.call('ZREM', L, ARGV[3])
if at >= s.since and s.today > 0 then s.today = s.today - 1 end
if at >= s.dayEnd - guard and s.late > 0 then s.late = s.late - 1 end
if position >= s.first and position < s.next then
  local itsTime, tokens, requests = entry(position)
  put(position, itsTime, 0, 0)
  s.requests = s.requests - requests
  s.tokens = s.tokens - tokens
end
save()
return {'ok', int(now)}`,
      (position: string, at: number) => [position, String(at)]
    ),
    /** Of the calls that this process still has in flight: their leases begin anew. */
    renew: script(
      `
for i = 4, #ARGV do lease(ARGV[i], tonumber(ARGV[3])) end
return {'ok', int(now)}`,
      (ttl: number, positions: ReadonlyArray<string>) => [String(ttl), ...positions]
    ),
    /** After a 429; a negative delay is none, and the pause grows with each that follows. */
    pause: script(
      `${state}
local retryAfter = tonumber(ARGV[3])
if retryAfter >= 0 then
  s.paused = math.max(s.paused, now + retryAfter)
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
s.parked = math.max(s.parked, tonumber(ARGV[3]))
save()
return {'ok', int(now)}`,
      (resetAt: number) => [String(resetAt)]
    ),
    /** What was sent while this lane was not asked: so many earlier today, and these, by tokens, lately. */
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
    ),
    /** `ok, now, tail` | `day, now`. */
    read: script(
      `${sameDay}${state}${turnDay}${limited}
save()
return told('ok', int(now))`,
      (day: Day, limits: Limits) => [String(day.start), String(day.end), ...limitsOf(limits)]
    )
  }
}

export type Scripts = ReturnType<typeof make>
