/**
 * What the scripts of a lane are made of, in Lua. Each part goes on where the one before it ends: `clock`, then
 * `state`, then what the step needs.
 *
 * Whoever can write to Redis can write anything: each value is checked for its range before it steers anything, a value
 * that is out of range counts as absent, and nothing lies further in the future than a lane could put it.
 */
import { longestPark } from "./LaneWindow.ts"
import { windowsLearned } from "./learned.ts"

export const clock = (time: string): string => `
local W, L = KEYS[1], KEYS[2]
local span, margin, ttl = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local time = ${time}
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local inf = math.huge
local function num(text) if text == 'inf' then return inf end return tonumber(text) end
local function int(n) if n == inf then return 'inf' end return string.format('%.0f', n) end
local function whole(text, most)
  local n = string.match(text or '', '^%d+$') and tonumber(text)
  return n and n <= most and n or 0
end
local latest = now + ${longestPark}
`

export const sameDay = `
local dayStart, dayEnd = tonumber(ARGV[4]), tonumber(ARGV[5])
if now < dayStart or now >= dayEnd then return {'day', now} end
`

/** What the hash keeps of a lane beside its entries, in one field: a field each would cost as much as all the rest. */
const totals = [
  "first",
  "next",
  "requests",
  "tokens",
  "flying",
  "last",
  "paused",
  "strikes",
  "parked",
  "today",
  "dayEnd",
  "since",
  "late"
]

/** `early` says in Lua where the arguments hold positions that are read with the totals: the first, the last, the step. */
export const stateOf = (early = "1, 0, 1"): string => `
local names = {${totals.map((name) => `'${name}'`).join(", ")}}
local s = {}
local wanted = {'state', 'rpm', 'tpm'}
for i = ${early} do wanted[#wanted + 1] = ARGV[i] end
local values = redis.call('HMGET', W, unpack(wanted))
local parts = {string.match(values[1] or '', '^${totals.map(() => "(%d+)").join(" ")}$')}
for i, name in ipairs(names) do
  local n = tonumber(parts[i] or 0)
  s[name] = n <= 2 ^ 52 and n or 0
end

-- What 429s taught: "limit risesAt step until".
local taught = {}
local function keep(name, limit, risesAt, step, untl)
  taught[name] = {limit = limit, risesAt = risesAt, step = step, untl = untl}
  redis.call('HSET', W, name, int(limit) .. ' ' .. int(risesAt) .. ' ' .. int(step) .. ' ' .. int(untl))
end
for i, name in ipairs({'rpm', 'tpm'}) do
  if values[i + 1] then
    local limit, risesAt, step, untl = string.match(values[i + 1], '^(%d+) (%d+) (%d+) (%d+)$')
    if limit then
      taught[name] = {
        limit = math.max(1, whole(limit, 2 ^ 52)), risesAt = whole(risesAt, 2 ^ 52),
        step = math.max(1, whole(step, 2 ^ 52)), untl = whole(untl, 2 ^ 52)
      }
    end
  end
end
local function limitAt(name)
  local t = taught[name]
  if not t or now >= t.untl then return inf end
  if now < t.risesAt then return t.limit end
  return t.limit + t.step * (1 + math.floor((now - t.risesAt) / span))
end
local many = s.next - s.first
if s.next == 0 or many < 0 or s.next > 2 ^ 52 or (many > 1000 and many > redis.call('HLEN', W)) then
  if values[1] then redis.call('DEL', W) end
  values = {}
  s.next = now * 1000
  s.first = s.next
  s.requests = 0
  s.tokens = 0
  -- A lease whose entry is lost stands for one call until its owner says how many.
  s.flying = redis.call('ZCARD', L)
end
if s.last == 0 then s.last = now end

-- An entry is what one script granted: {time, tokens, requests, calls in flight, number of the last word about it}. A
-- script asks for each once, and writes all at its end. What it has changed meanwhile stays as it is when others are read.
local entries, changed, texts = {}, {}, {}
for i = 4, #wanted do texts[tonumber(wanted[i])] = values[i] or '' end
-- Digits, if there are any, as a number that Lua counts exactly.
local function small(digits)
  local n = tonumber(digits or '')
  return n and n <= 2 ^ 52 and n or 0
end
local function parse(position, text)
  local at, tokens, requests, calls, word = string.match(text or '', '^(%d+) (%d+) (%d+) ?(%d*) ?(%d*)$')
  entries[position] = {math.min(small(at), s.last), small(tokens), small(requests), small(calls), small(word)}
end
local function fetch(from, to)
  local fields = {}
  for position = from, to do fields[#fields + 1] = int(position) end
  for i, text in ipairs(redis.call('HMGET', W, unpack(fields))) do
    if not entries[from + i - 1] then parse(from + i - 1, text) end
  end
end
local function entry(position)
  if not entries[position] then
    if texts[position] then parse(position, texts[position]) else fetch(position, position) end
  end
  return unpack(entries[position])
end
-- The next of many: read in ever larger pieces.
local piece = 1
local function following(position)
  if not entries[position] then
    fetch(position, math.min(position + piece, s.next) - 1)
    piece = math.min(piece * 2, 64)
  end
  return unpack(entries[position])
end

local function put(position, ...)
  entries[position] = {...}
  changed[position] = true
end

-- Arguments that are too many for one command.
local function each(command, values)
  for i = 1, #values, 1000 do redis.call(command, W, unpack(values, i, math.min(i + 999, #values))) end
end

-- The server's clock was set back, or another server took over: what is counted keeps its age.
if now < s.last then
  local back = s.last - now
  for position = s.first, s.next - 1 do
    local at, tokens, requests, calls, word = following(position)
    put(position, at - back, tokens, requests, calls, word)
  end
  for _, member in ipairs(redis.call('ZRANGE', L, 0, -1)) do redis.call('ZINCRBY', L, int(-back), member) end
  s.paused = s.paused - back
  for _, t in pairs(taught) do t.risesAt, t.untl = t.risesAt - back, t.untl - back end
end
s.last = now
-- A day ends at its midnight, and nothing stops a lane longer than a day.
s.paused, s.parked, s.since = math.min(s.paused, latest), math.min(s.parked, latest), math.min(s.since, now)
s.late = math.min(s.late, s.today)
for _, t in pairs(taught) do
  local til = now + ${windowsLearned} * span
  t.risesAt, t.untl = math.max(0, math.min(t.risesAt, til)), math.max(0, math.min(t.untl, til))
end

-- An entry stays after its window for its calls in flight. Its requests are what they may still give back of the day.
while s.first < s.next do
  local at, tokens, requests, calls, word = following(s.first)
  if at > now - span then break end
  s.requests = math.max(0, s.requests - requests)
  s.tokens = math.max(0, s.tokens - tokens)
  put(s.first, at, 0, requests, calls, word)
  s.first = s.first + 1
end
if s.first == s.next then s.requests, s.tokens = 0, 0 end

-- Writes an entry of now, which the totals have counted.
local function append(tokens, requests, calls)
  put(s.next, now, tokens, requests, calls, 0)
  s.next = s.next + 1
  return s.next - 1
end

local function save()
  local numbers = {}
  for i, name in ipairs(names) do numbers[i] = math.max(0, s[name]) end
  local values = {'state', string.format('${totals.map(() => "%.0f").join(" ")}', unpack(numbers))}
  for name, t in pairs(taught) do keep(name, t.limit, t.risesAt, t.step, t.untl) end
  local gone = {}
  for position in pairs(changed) do
    local it = entries[position]
    if it[4] == 0 and (position < s.first or position >= s.next) then
      gone[#gone + 1] = int(position)
    else
      values[#values + 1] = int(position)
      values[#values + 1] = string.format('%.0f %.0f %.0f %.0f %.0f', unpack(it))
    end
  end
  each('HSET', values)
  each('HDEL', gone)
  local ends = math.max(now, math.min(s.dayEnd, latest), s.parked, s.paused)
  -- The entries say how many calls the leases stand for.
  if s.flying > 0 then ends = math.max(ends, now + ttl) end
  for _, t in pairs(taught) do ends = math.max(ends, t.untl) end
  redis.call('PEXPIRE', W, int(ends - now + span + 1000))
end
`

export const turnDay = `
if s.dayEnd > dayEnd then s.dayEnd = dayEnd end
if now >= s.dayEnd then
  local isNext = s.dayEnd == dayStart
  s.today = isNext and s.late or 0
  s.since = isNext and dayStart - margin or now
  s.late = 0
  s.dayEnd = dayEnd
end
local function takeDay(count)
  s.today = s.today + count
  if now >= s.dayEnd - margin then s.late = s.late + count end
end
`

export const limited = `
local rpm, tpm, rpd, concurrency = inf, inf, inf, inf
local function limit(place)
  rpm, tpm = math.min(num(ARGV[place]), limitAt('rpm')), math.min(num(ARGV[place + 1]), limitAt('tpm'))
  rpd, concurrency = num(ARGV[place + 2]), num(ARGV[place + 3])
end
for name, t in pairs(taught) do
  if now >= t.untl then
    taught[name] = nil
    redis.call('HDEL', W, name)
  end
end
local function expire(from, to)
  local expired = redis.call('ZRANGEBYSCORE', L, from, to)
  if #expired == 0 then return end
  for _, member in ipairs(expired) do
    local position = whole(member, 2 ^ 52)
    local at, tokens, requests, calls, word = entry(position)
    s.flying = s.flying - math.max(1, calls)
    if calls > 0 then put(position, at, tokens, requests, 0, word) end
  end
  redis.call('ZREMRANGEBYSCORE', L, from, to)
end
-- Each lease stands for one call at least. What this script takes has no lease yet.
local function count(taken)
  local leases = redis.call('ZCARD', L)
  s.flying = leases == 0 and taken or math.max(s.flying, leases + taken)
end
expire('-inf', int(now))
count(0)

local function fits(tokens)
  return s.requests < rpm
    and (s.tokens + tokens <= tpm or (tokens > tpm and s.tokens == 0))
    and s.today < rpd and s.flying < concurrency
    and now >= s.paused and now >= s.parked
end
-- Whether so many fit one after the other: they do if the last of them fits behind the others.
local function allFit(asked, tokens)
  local others = asked - 1
  return s.requests + others < rpm and s.tokens + tokens <= tpm and s.today + others < rpd
    and s.flying + others < concurrency and now >= s.paused and now >= s.parked
end

-- When so many requests and tokens will have left the window.
local function whenLeft(requests, tokens)
  for position = s.first, s.next - 1 do
    local at, itsTokens, itsRequests = following(position)
    requests = requests - itsRequests
    tokens = tokens - itsTokens
    if requests <= 0 and tokens <= 0 then return at + span end
  end
  -- The totals say more than the entries do: when all of these are gone both are nothing.
  return now + span
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

-- The lane as it is now, as every answer tells it. Redis makes whole numbers of what it is told, and knows no infinity.
local function finite(n) if n == inf then return 'inf' end return n end
local function told()
  local freeIn = s.flying >= concurrency and inf or 0
  if freeIn == 0 and not fits(1) then freeIn = wait(1) end
  local risesIn, goneIn = inf, 0
  for _, t in pairs(taught) do risesIn, goneIn = math.min(risesIn, t.risesAt - now), math.max(goneIn, t.untl - now) end
  return s.requests, s.tokens, s.today, s.flying, finite(freeIn), s.paused - now, s.parked - now,
    finite(limitAt('rpm')), finite(limitAt('tpm')), finite(risesIn), goneIn
end
`
