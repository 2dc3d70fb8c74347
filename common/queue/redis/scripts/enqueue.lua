-- Puts jobs in, all or none (WorkQueue::Enqueue).
-- ARGV[3]: "PLACE DELAY DERIVED;" for each job that has a delay or is derived, places from 1.
-- ARGV[4…]: id and record of each job.
-- Returns how many were added or brought back; -1 where the queue would pass its limit; -2 and the
-- place of a job whose id is that of another key.
advance()

local count = (#ARGV - 3) / 2
local options = {}
for place, delay, derived in string.gmatch(ARGV[3], '(%d+) (%d+) (%d);') do
  options[tonumber(place)] = { delay = tonumber(delay), derived = derived == '1' }
end

local ids = {}
for i = 1, count do ids[i] = ARGV[2 * i + 2] end
local known = values(jobs, ids)

-- What becomes of each, before anything is written.
local fresh, revived, once_more = {}, {}, {}
local seen = {}
for i = 1, count do
  local id, record, option = ids[i], ARGV[2 * i + 3], options[i]
  if known[i] then
    if string.sub(known[i], key_start(known[i])) ~= string.sub(record, key_start(record)) then
      return { -2, i }
    end
    local derived = option and option.derived
    if string.sub(call('HGET', state, id) or FREE, 1, 16) ~= FREE then
      if not derived and not seen[id] and call('HEXISTS', again, id) == 0 then
        seen[id] = true
        once_more[#once_more + 1] = i
      end
    elseif not seen[id] then
      local given_up = call('ZSCORE', dead, id)
      if given_up and (not derived or now - given_up >= settings().revive_after) then
        seen[id] = true
        revived[#revived + 1] = i
      end
    end
  elseif not seen[id] then
    seen[id] = true
    fresh[#fresh + 1] = i
  end
end
local added = #fresh + #revived
if added > 0 and live_count() + added > settings().jobs then
  wake()
  return { -1 }
end

for _, i in ipairs(once_more) do
  local delay = options[i] and options[i].delay or 0
  call('HSET', again, ids[i], string.format('%016.0f', now + delay) .. ARGV[2 * i + 3])
end
for _, i in ipairs(revived) do
  leave_dead(ids[i], known[i])
  put_anew(ids[i], ARGV[2 * i + 3], now + (options[i] and options[i].delay or 0))
end

if #fresh == count then
  for first = 4, #ARGV, PIECE - PIECE % 2 do
    call('HSET', jobs, unpack(ARGV, first, math.min(first + PIECE - PIECE % 2 - 1, #ARGV)))
  end
else
  local pairs_of = {}
  for _, i in ipairs(fresh) do
    pairs_of[#pairs_of + 1] = ids[i]
    pairs_of[#pairs_of + 1] = ARGV[2 * i + 3]
  end
  in_pieces('HSET', jobs, pairs_of, PIECE - PIECE % 2)
end
local lines = { [0] = {}, [1] = {}, [2] = {} }
for _, i in ipairs(fresh) do
  local option = options[i]
  if option and option.delay > 0 then
    put_delayed(ids[i], now + option.delay)
  else
    local line = lines[string.byte(ARGV[2 * i + 3], 1) - 48]
    line[#line + 1] = ids[i]
  end
end
for level = 0, 2 do
  local line = lines[level]
  if #line > 0 and in_pieces('RPUSH', ready[level], line) == #line then woken = true end
end
wake()
return { added }
