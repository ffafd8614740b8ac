/**
 * The steps of a budget in Redis. A period is one hash: its sums, and a slot for each attempt.
 *
 * A slot is what its attempt holds or used. It is set, and the sums move by the difference, so that
 * a step whose outcome nobody knows may be said again. A slot that was settled stays until its
 * owner knows that it was, and says so with its next step.
 */
import * as Redis from "effect/persistence/Redis"
import type * as Budget from "../../Budget.ts"

const day = 86_400_000

const expiry = (endsAt: number): string => endsAt === Infinity ? "never" : String(endsAt + day)

/** An amount as Redis has it. Tokens are whole there. */
const tokensOf = ({ tokens }: Budget.Amount): string => String(Math.ceil(tokens))

const limitOf = (limit: number | bigint | undefined): string =>
  limit === undefined || limit === Infinity ? "inf" : String(typeof limit === "number" ? Math.floor(limit) : limit)

// HINCRBY is exact to 64 bits, which is nine million dollars of picodollars. Lua's numbers are
// doubles, so that sums are compared as the texts of whole numbers.
const shared = `
local key = KEYS[1]
local function negated(number)
  if number == '0' then return '0' end
  if string.sub(number, 1, 1) == '-' then return string.sub(number, 2) end
  return '-' .. number
end
local function add(field, number)
  if number ~= '0' then redis.call('HINCRBY', key, field, number) end
end
local function sum(field) return redis.call('HGET', key, field) or '0' end
local function isOver(number, limit)
  if limit == 'inf' or string.sub(number, 1, 1) == '-' then return false end
  if #number ~= #limit then return #number > #limit end
  return number > limit
end
local function keepUntil(time)
  if time ~= 'never' then redis.call('PEXPIREAT', key, time) end
end
local function forget(from)
  for i = from, #ARGV do redis.call('HDEL', key, 's:' .. ARGV[i]) end
end
`

export const reserve = Redis.script(
  (
    key: string,
    { amount, id }: { readonly id: string; readonly amount: Budget.Amount },
    limits: Partial<Budget.Amount>,
    endsAt: number,
    known: ReadonlyArray<string>
  ) => [
    key,
    id,
    tokensOf(amount),
    String(amount.money),
    limitOf(limits.tokens),
    limitOf(limits.money),
    expiry(endsAt),
    ...known
  ],
  {
    numberOfKeys: 1,
    lua: `${shared}
forget(7)
local slot = 's:' .. ARGV[1]
if redis.call('HEXISTS', key, slot) == 1 then return 'reserved' end
local tokens, money = ARGV[2], ARGV[3]
add('tokens', tokens)
add('money', money)
local function fits() return not (isOver(sum('tokens'), ARGV[4]) or isOver(sum('money'), ARGV[5])) end
if fits() then
  add('heldTokens', tokens)
  add('heldMoney', money)
  redis.call('HSET', key, slot, tokens .. ' ' .. money .. ' held')
  keepUntil(ARGV[6])
  return 'reserved'
end
local heldTokens, heldMoney = sum('heldTokens'), sum('heldMoney')
add('tokens', negated(heldTokens))
add('money', negated(heldMoney))
local answer = fits() and 'held' or 'spent'
add('tokens', heldTokens)
add('money', heldMoney)
add('tokens', negated(tokens))
add('money', negated(money))
return answer`
  }
).withReturnType<Budget.Reserved>()

export const settle = Redis.script(
  (
    key: string,
    slots: ReadonlyArray<readonly [id: string, charge: Budget.Charge]>,
    endsAt: number,
    known: ReadonlyArray<string>
  ) => [
    key,
    expiry(endsAt),
    String(slots.length),
    ...slots.flatMap(([id, charge]) => [
      id,
      tokensOf(charge),
      String(charge.money),
      charge.isPartial ? "1" : "0",
      charge.isEstimated ? "1" : "0"
    ]),
    ...known
  ],
  {
    numberOfKeys: 1,
    lua: `${shared}
local count = tonumber(ARGV[2])
for i = 0, count - 1 do
  local at = 3 + i * 5
  local slot, tokens, money = 's:' .. ARGV[at], ARGV[at + 1], ARGV[at + 2]
  local before = redis.call('HGET', key, slot)
  if before then
    local beforeTokens, beforeMoney, state = string.match(before, '^(%S+) (%S+) (%S+)$')
    add('tokens', negated(beforeTokens))
    add('money', negated(beforeMoney))
    if state == 'held' then
      add('heldTokens', negated(beforeTokens))
      add('heldMoney', negated(beforeMoney))
    end
  end
  add('tokens', tokens)
  add('money', money)
  redis.call('HSET', key, slot, tokens .. ' ' .. money .. ' used')
  if ARGV[at + 3] == '1' then redis.call('HSET', key, 'partial', '1') end
  if ARGV[at + 4] == '1' then redis.call('HSET', key, 'estimated', '1') end
end
forget(3 + count * 5)
keepUntil(ARGV[1])
return 1`
  }
).withReturnType<number>()

export const atLeast = Redis.script(
  (key: string, amount: Budget.Amount, endsAt: number) => [
    key,
    tokensOf(amount),
    String(amount.money),
    expiry(endsAt)
  ],
  {
    numberOfKeys: 1,
    lua: `${shared}
if isOver(ARGV[1], sum('tokens')) then redis.call('HSET', key, 'tokens', ARGV[1]) end
if isOver(ARGV[2], sum('money')) then redis.call('HSET', key, 'money', ARGV[2]) end
keepUntil(ARGV[3])
return 1`
  }
).withReturnType<number>()

/** In the order in which {@link spent} reads them. */
export const fields = ["tokens", "money", "partial", "estimated", "heldTokens", "heldMoney"] as const

export const spent = (
  [tokens, money, partial, estimated, heldTokens, heldMoney]: ReadonlyArray<string | null>
): Budget.Spent => ({
  tokens: Number(tokens ?? 0),
  money: BigInt(money ?? 0),
  isPartial: partial === "1",
  isEstimated: estimated === "1",
  held: { tokens: Number(heldTokens ?? 0), money: BigInt(heldMoney ?? 0) }
})
