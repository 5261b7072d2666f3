-- The guarded write: keeps the better of the record that stands and the one that arrives.
-- KEYS: the record, its tombstone, and where a large document waits already, if it does.
-- ARGV: order; milliseconds to live, '' for ever; milliseconds of the tombstone, '' for none;
--       the document, '' where it waits.
-- Returns whether it was accepted, the order that stands, and why nobody was told, if so.

local key, tombstone, waiting = KEYS[1], KEYS[2], KEYS[3]
local order, life, memory, document = tonumber(ARGV[1]), ARGV[2], ARGV[3], ARGV[4]

-- A key of another type gives way like any record that cannot be read.
local head = redis.pcall('GETRANGE', key, 0, 95)
local standing = type(head) == 'string' and order_of(head) or -1
if order < standing or (order == standing and order >= FINAL) then
  if waiting then
    redis.call('UNLINK', waiting)
  end
  return {0, standing}
end

if waiting then
  redis.call('RENAME', waiting, key)
  if life == '' then
    redis.call('PERSIST', key)
  else
    redis.call('PEXPIRE', key, life)
  end
elseif life == '' then
  redis.call('SET', key, document)
else
  redis.call('SET', key, document, 'PX', life)
end

if memory == '' then
  redis.call('DEL', tombstone)
else
  redis.call('SET', tombstone, '', 'PX', memory)
end

-- The record stands now: whatever is wrong with telling others must not look like a failed write.
local exact = redis.pcall('PUBSUB', 'NUMSUB', key)
local heard = exact.err or exact[2] > 0
if not heard then
  local patterns = redis.pcall('PUBSUB', 'NUMPAT')
  heard = type(patterns) ~= 'number' or patterns > 0
end
if heard then
  local told = redis.pcall('PUBLISH', key, waiting and redis.call('GET', key) or document)
  if type(told) == 'table' and told.err then
    return {1, order, told.err}
  end
end
return {1, order}
