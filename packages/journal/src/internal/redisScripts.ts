/**
 * The scripts that Redis runs, each in one step. A run is three keys of one slot: `head`, a hash; `log`, a stream with
 * one entry for each append, whose id is its first sequence number plus one (a stream has no id 0-0); `blobs`, a hash
 * of base64.
 */
import * as Redis from "effect/persistence/Redis"
import type { Line } from "../JournalStore.ts"
import { endOf } from "./line.ts"

export interface Keys {
  readonly head: string
  readonly log: string
  readonly blobs: string
  /** The channel on which changes are published, and the id that is published there. */
  readonly channel: string
  readonly id: string
}

export const streamId = (seq: number): string => `${seq + 1}-0`

/** Replies `written` or `known`, or why it did not write: `missing`, `exists`, `taken BY`, `moved NEXT STATE`. */
export const append = Redis.script(
  (keys: Keys, kind: "create" | "resume" | "append", line: Line, text: string, bytes: number) => [
    keys.head,
    keys.log,
    kind,
    line.seq,
    streamId(line.seq),
    endOf(line),
    line.by,
    line.at,
    line.state ?? "",
    text,
    bytes,
    keys.channel,
    keys.id
  ],
  {
    numberOfKeys: 2,
    lua: `
local kind, seq, at, stop, me = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local head = redis.call('HMGET', KEYS[1], 'next', 'by', 'state', 'bytes')
local following = head[1]
if following then
  if following ~= seq then
    local there = redis.call('XRANGE', KEYS[2], at, at)[1]
    if there and there[2][2] == me then return {'known'} end
  end
  if kind == 'create' then return {'exists'} end
  if kind == 'append' and head[2] ~= me then return {'taken', head[2]} end
else
  if kind ~= 'create' then return {'missing'} end
  following = '0'
end
if following ~= seq then return {'moved', following, head[3] or ''} end
redis.call('XADD', KEYS[2], at, 'by', me, 'line', ARGV[8])
if not head[1] then redis.call('HSET', KEYS[1], 'created', ARGV[6], 'run', me) end
local bytes = string.format('%.0f', tonumber(head[4] or '0') + ARGV[9])
redis.call('HSET', KEYS[1], 'next', stop, 'by', me, 'at', ARGV[6], 'state', ARGV[7], 'bytes', bytes)
redis.call('PUBLISH', ARGV[10], ARGV[11])
return {'written'}`
  }
).withReturnType<ReadonlyArray<string>>()

/** Replies the run's mark and then lines; if `from` is given, the first line is the one that holds it. */
export const read = Redis.script(
  (keys: Keys, start: { readonly from: number } | { readonly after: string }, bytes: number) => [
    keys.head,
    keys.log,
    "from" in start ? "from" : "after",
    "from" in start ? streamId(start.from) : start.after,
    bytes
  ],
  {
    numberOfKeys: 2,
    lua: `
local run = redis.call('HGET', KEYS[1], 'run')
if not run then return {} end
local start = '(' .. ARGV[2]
if ARGV[1] == 'from' then
  local holds = redis.call('XREVRANGE', KEYS[2], ARGV[2], '-', 'COUNT', 1)[1]
  start = holds and holds[1] or '-'
end
local out, size = {run}, 0
while size < tonumber(ARGV[3]) and #out < 1000 do
  local entry = redis.call('XRANGE', KEYS[2], start, '+', 'COUNT', 1)[1]
  if not entry then break end
  out[#out + 1] = entry[2][4]
  size = size + #entry[2][4]
  start = '(' .. entry[1]
end
return out`
  }
).withReturnType<ReadonlyArray<string>>()

/** Replies `removed` or `missing`, or where the run ends if that is not the given place. */
export const remove = Redis.script(
  (keys: Keys, next: number | undefined) => [keys.head, keys.log, keys.blobs, next ?? "", keys.channel, keys.id],
  {
    numberOfKeys: 3,
    lua: `
local following = redis.call('HGET', KEYS[1], 'next')
if not following then return 'missing' end
if ARGV[1] ~= '' and ARGV[1] ~= following then return following end
redis.call('DEL', KEYS[1], KEYS[2], KEYS[3])
redis.call('PUBLISH', ARGV[2], ARGV[3])
return 'removed'`
  }
).withReturnType<string>()

/** Replies 1, or 0 if there is no run. */
export const putBlob = Redis.script(
  (keys: Keys, digest: string, base64: string, size: number) => [keys.head, keys.blobs, digest, base64, size],
  {
    numberOfKeys: 2,
    lua: `
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
if redis.call('HSETNX', KEYS[2], ARGV[1], ARGV[2]) == 1 then redis.call('HINCRBY', KEYS[1], 'bytes', ARGV[3]) end
return 1`
  }
).withReturnType<number>()
