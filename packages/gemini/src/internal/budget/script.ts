/**
 * The steps of a budget in Redis. A period is one hash: its sums, and a slot for each attempt.
 *
 * A slot is what its attempt holds or used. It is set, and the sums move by the difference, so that a step whose
 * outcome nobody knows can be repeated. A slot that was settled stays until its owner knows that, and says so with its
 * next step.
 */
import * as Redis from "effect/persistence/Redis"
import type * as BudgetStore from "../../limits/BudgetStore.ts"

const day = 86_400_000

/** A larger number of a double is not written as a whole one. */
const mostTokens = Number.MAX_SAFE_INTEGER
/** HINCRBY counts to 64 bits: nine million dollars. */
const mostMoney = 2n ** 63n - 1n

const expiry = (endsAt: number): string => endsAt === Infinity ? "never" : String(endsAt + day)

/** An amount in the form that Redis has: tokens are whole there. */
const tokensOf = ({ tokens }: BudgetStore.Amount): string =>
  String(Math.ceil(Math.min(Math.max(0, tokens || 0), mostTokens)))
const moneyOf = ({ money }: BudgetStore.Amount): string =>
  String(money < 0n ? 0n : money > mostMoney ? mostMoney : money)

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
-- Whoever can write to Redis can write anything: a sum that is not a number begins anew.
local function sum(field)
  local found = redis.call('HGET', key, field)
  return found and #found < 20 and string.match(found, '^%-?%d+$') or '0'
end
local function add(field, number)
  if number == '0' then return end
  local answer = redis.pcall('HINCRBY', key, field, number)
  if type(answer) == 'table' and answer.err then
    local isFull = string.find(answer.err, 'overflow', 1, true)
    redis.call('HSET', key, field, isFull and '${mostMoney}' or string.sub(number, 1, 1) == '-' and '0' or number)
  end
end
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
    { amount, id }: { readonly id: string; readonly amount: BudgetStore.Amount },
    limits: Partial<BudgetStore.Amount>,
    endsAt: number,
    known: ReadonlyArray<string>
  ) => [
    key,
    id,
    tokensOf(amount),
    moneyOf(amount),
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
local before = {}
for i, field in ipairs({'tokens', 'money'}) do
  local number = sum(field)
  before[i] = string.sub(number, 1, 1) == '-' and '0' or number
  redis.call('HSET', key, field, before[i])
end
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
redis.call('HSET', key, 'tokens', before[1], 'money', before[2])
return answer`
  }
).withReturnType<BudgetStore.Reserved>()

export const settle = Redis.script(
  (
    key: string,
    slots: ReadonlyArray<readonly [id: string, charge: BudgetStore.Charge]>,
    endsAt: number,
    known: ReadonlyArray<string>
  ) => [
    key,
    expiry(endsAt),
    String(slots.length),
    ...slots.flatMap(([id, charge]) => [
      id,
      tokensOf(charge),
      moneyOf(charge),
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
    local beforeTokens, beforeMoney, state = string.match(before, '^(%d+) (%d+) (%a+)$')
    add('tokens', negated(beforeTokens or '0'))
    add('money', negated(beforeMoney or '0'))
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
  (key: string, amount: BudgetStore.Amount, endsAt: number) => [
    key,
    tokensOf(amount),
    moneyOf(amount),
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

/** The fields in the order in which {@link spent} reads them. */
export const fields = ["tokens", "money", "partial", "estimated", "heldTokens", "heldMoney"] as const

const whole = (text: string | null | undefined): bigint => text != null && /^-?\d{1,19}$/.test(text) ? BigInt(text) : 0n

export const spent = (
  [tokens, money, partial, estimated, heldTokens, heldMoney]: ReadonlyArray<string | null>
): BudgetStore.Spent => ({
  tokens: Number(whole(tokens)),
  money: whole(money),
  isPartial: partial === "1",
  isEstimated: estimated === "1",
  held: { tokens: Number(whole(heldTokens)), money: whole(heldMoney) }
})
