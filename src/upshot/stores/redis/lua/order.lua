-- order_of(head): the order of the record whose first 96 bytes are given, -1 where they do not
-- tell. It must say what upshot.stores.keyvalue.order_of says; the tests compare both.

local FINAL = 2 ^ 40
local HIGHEST = 2 ^ 41
local MAX_ATTEMPT = 2 ^ 36 - 1
local RANKS = {
  PENDING = 0, RECEIVED = 1, STARTED = 2, RETRY = 4,
  LOST = FINAL + 8, REVOKED = FINAL + 9, FAILURE = FINAL + 10,
}
local CUSTOM = 3

local function place(state, attempt)
  if state == '' or state == 'UNKNOWN' or state == 'EXPIRED' or attempt > MAX_ATTEMPT then
    return -1
  end
  if state == 'SUCCESS' then
    return HIGHEST
  end
  return (RANKS[state] or CUSTOM) + attempt * 16
end

local function end_of_text(head, at)
  while true do
    local found = string.find(head, '["\\]', at)
    if not found or string.sub(head, found, found) == '"' then
      return found
    end
    at = found + 2
  end
end

local function order_of_json(head, start)
  local stop = end_of_text(head, start)
  if not stop then
    return -1
  end
  local state = string.sub(head, start, stop - 1)
  local attempt = string.match(head, '^, ?"attempt": ?(%d+)[,}]', stop + 1)
  if attempt then
    return #attempt <= 11 and place(state, tonumber(attempt)) or -1
  end
  local following = string.sub(string.gsub(string.sub(head, stop + 1), '^, ?', '', 1), 1, 9)
  if following == string.sub('"attempt"', 1, #following) then
    return -1
  end
  return place(state, 0)
end

local function order_of_binary(head)
  local length, start = string.match(head, '^\128[\4\5]\149........}\148%(\140\6status\148\140(.)()')
  if not length then
    length, start = string.match(head, '^\128[\2\3]}q%z%(X\6%z%z%zstatusq\1X(.)%z%z%z()')
  end
  if length then
    length = string.byte(length)
  else
    local kind, at = string.match(head, '^[\130-\143]\166status(.)()')
    if not kind then
      kind, at = string.match(head, '^\222..\166status(.)()')
    end
    kind = kind and string.byte(kind)
    if kind and kind > 160 and kind < 192 then
      length, start = kind - 160, at
    elseif kind == 217 then
      length, start = string.byte(head, at), at + 1
    end
  end
  if not length or #head < start + length - 1 then
    return -1
  end
  return place(string.sub(head, start, start + length - 1), 0)
end

local function order_of(head)
  local mark = string.match(head, '^upshot/1 (%d+) ')
  if mark then
    local number = tonumber(mark)
    return #mark <= 13 and number <= HIGHEST and number or -1
  end
  local _, at = string.find(head, '^{"status": ?"')
  if at then
    return order_of_json(head, at + 1)
  end
  return order_of_binary(head)
end
