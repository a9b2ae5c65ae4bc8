/**
 * The scripts behind the counters. Redis runs one script at a time, so each is an atomic step. Ids are concatenated
 * into one string, 16 bytes each, and tokens into another, 12 characters each, because a thousand arguments would cost
 * more than the counting. A call takes at most 1,000 ids, because Lua unpacks them on its stack. The plan (the counters
 * to change, as JSON) contains keys that are not declared in KEYS, so the scripts need a single Redis, not a cluster.
 */
const SPLIT = `
local function split(text, width)
  local parts = {}
  for at = 1, #text, width do parts[#parts + 1] = string.sub(text, at, at + width - 1) end
  return parts
end
`;

/**
 * KEYS: claims, seen, seen before, horizon. ARGV: ids, tokens.
 *
 * Claims the ids that are neither counted nor claimed: reserves each for the recording call that the token identifies.
 * Returns the horizon (see COUNT; empty if unknown), and then [index, token, …] for the ids that do not have the given
 * token. An empty token means that the id was counted; any other token means that an earlier call claimed it.
 */
export const CLAIM = `${SPLIT}
local ids, tokens = split(ARGV[1], 16), split(ARGV[2], 12)
local seen = redis.call('SMISMEMBER', KEYS[2], unpack(ids))
local before = redis.call('SMISMEMBER', KEYS[3], unpack(ids))
local held = redis.call('HMGET', KEYS[1], unpack(ids))
local claim, others = {}, { redis.call('HGET', KEYS[4], 'lost') or '' }
for i, id in ipairs(ids) do
  if seen[i] == 1 or before[i] == 1 then
    others[#others + 1] = i - 1
    others[#others + 1] = ''
  elseif held[i] then
    others[#others + 1] = i - 1
    others[#others + 1] = held[i]
  else
    claim[#claim + 1] = id
    claim[#claim + 1] = tokens[i]
  end
end
if #claim > 0 then redis.call('HSET', KEYS[1], unpack(claim)) end
return others
`;

/**
 * KEYS: claims. ARGV: ids, their current tokens, their new tokens.
 *
 * Passes claims on to another call. Returns the indexes of ids that no longer had their token; these are unchanged.
 */
export const PASS_ON = `${SPLIT}
local ids, from, to = split(ARGV[1], 16), split(ARGV[2], 12), split(ARGV[3], 12)
local held = redis.call('HMGET', KEYS[1], unpack(ids))
local lost = {}
for i, id in ipairs(ids) do
  if held[i] == from[i] then redis.call('HSET', KEYS[1], id, to[i]) else lost[#lost + 1] = i - 1 end
end
return lost
`;

/**
 * KEYS: claims, seen, seen before, feed, totals, horizon. ARGV: ids to count, their tokens, ids to release, their
 * tokens, plan, latest time, deltas, dropped, feed length, seen limit, the latest time in the job ids of all these
 * events.
 *
 * Counts either all of the ids or none: if some no longer have their token, returns the indexes of those. Counted ids
 * are added to the set `seen`. When `seen` reaches its limit, it replaces the set `seen before`, and a new `seen`
 * begins.
 *
 * The horizon is the latest time in the job ids of all counted events that are no longer in `seen` or `seen before`.
 * The time is part of the ids, so no clock is involved: an event of a job that is newer than the horizon is in one of
 * these sets, or was never counted.
 */
export const COUNT = `${SPLIT}
local function holding(ids, tokens)
  local yes, no = {}, {}
  if #ids == 0 then return yes, no end
  local held = redis.call('HMGET', KEYS[1], unpack(ids))
  for i, id in ipairs(ids) do
    if held[i] == tokens[i] then yes[#yes + 1] = id else no[#no + 1] = i - 1 end
  end
  return yes, no
end
local ids, released = split(ARGV[1], 16), split(ARGV[3], 16)
local yes, no = holding(ids, split(ARGV[2], 12))
if #no > 0 then return no end
if #ids > 0 then
  redis.call('HDEL', KEYS[1], unpack(ids))
  redis.call('SADD', KEYS[2], unpack(ids))
  for _, step in ipairs(cjson.decode(ARGV[5])) do
    for i = 3, #step, 2 do redis.call('HINCRBY', step[1], step[i], step[i + 1]) end
    if step[2] > 0 then redis.call('EXPIRE', step[1], step[2]) end
  end
  local latest = tonumber(redis.call('HGET', KEYS[5], 'lastEventAt') or '0')
  if tonumber(ARGV[6]) > latest then redis.call('HSET', KEYS[5], 'lastEventAt', ARGV[6]) end
  redis.call('XADD', KEYS[4], 'MAXLEN', '~', ARGV[9], '*', 'deltas', ARGV[7], 'dropped', ARGV[8])
end
if #released > 0 then
  local mine = holding(released, split(ARGV[4], 12))
  if #mine > 0 then redis.call('HDEL', KEYS[1], unpack(mine)) end
  redis.call('SADD', KEYS[2], unpack(released))
end
local newest = math.max(tonumber(redis.call('HGET', KEYS[6], 'seen') or '0'), tonumber(ARGV[11]))
if redis.call('SCARD', KEYS[2]) >= tonumber(ARGV[10]) then
  redis.call('RENAME', KEYS[2], KEYS[3])
  local lost = redis.call('HGET', KEYS[6], 'lost')
  local before = tonumber(redis.call('HGET', KEYS[6], 'before') or '0')
  if lost and before > tonumber(lost) then redis.call('HSET', KEYS[6], 'lost', string.format('%.0f', before)) end
  redis.call('HSET', KEYS[6], 'before', string.format('%.0f', newest))
  newest = 0
end
redis.call('HSET', KEYS[6], 'seen', string.format('%.0f', newest))
return no
`;
