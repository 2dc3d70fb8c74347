-- Puts jobs in, those of each call all or none (WorkQueue::Enqueue); calls that come together go together.
-- ARGV[3]: how many jobs each call has: "1 1 5 ". What is refused is as if it had not been there.
-- ARGV[4]: "PLACE DELAY DERIVED;" for each job that has a delay or is derived, places from 1.
-- ARGV[5…]: id and record of each job.
-- Returns for each call how many were added or brought back; -1 where the queue would pass its limit; -1 minus the
-- place in the call of a job whose id is that of another key.
local count = (#ARGV - 4) / 2
local options = {}
for place, delay, derived in string.gmatch(ARGV[4], '(%d+) (%d+) (%d);') do
  options[tonumber(place)] = { delay = tonumber(delay), derived = derived == '1' }
end

local ids = {}
for i = 1, count do ids[i] = ARGV[2 * i + 3] end
local known, room
-- Whether what is due makes a difference: to a job that is known, or to a queue that is full.
local function look()
  known = values(jobs, ids)
  room = settings().jobs - live_count()
  if room < count then return true end
  for i = 1, count do
    if known[i] then return true end
  end
  return false
end
if look() then
  advance()
  look()
end

-- What becomes of each, before anything is written.
local fresh, revived, once_more = {}, {}, {}
local taken_up = {} -- by id: the place of the job that is fresh, revived or put in once more

local function same_key(record, other)
  return string.sub(record, key_start(record)) == string.sub(other, key_start(other))
end

-- The line of `fresh`, `revived`, `once_more` into which a job comes; nothing where it is left as it is.
local function line_of(i, id)
  if not known[i] then return fresh end
  local derived = options[i] and options[i].derived
  if string.sub(call('HGET', state, id) or FREE, 1, 16) ~= FREE then
    if not derived and call('HEXISTS', again, id) == 0 then return once_more end
    return nil
  end
  local given_up = call('ZSCORE', dead, id)
  if given_up and (not derived or now - given_up >= settings().revive_after) then return revived end
end

local function put_in(first, last)
  local fresh_before, revived_before, once_more_before = #fresh, #revived, #once_more
  local function take_back(answer)
    for line, before in pairs({ [fresh] = fresh_before, [revived] = revived_before,
                                [once_more] = once_more_before }) do
      for place = #line, before + 1, -1 do
        taken_up[ids[line[place]]] = nil
        line[place] = nil
      end
    end
    return answer
  end
  for i = first, last do
    local id = ids[i]
    local other = taken_up[id]
    local like = other and ARGV[2 * other + 4] or known[i]
    if like and not same_key(like, ARGV[2 * i + 4]) then return take_back(-1 - (i - first + 1)) end
    if not other then
      local line = line_of(i, id)
      if line then
        line[#line + 1] = i
        taken_up[id] = i
      end
    end
  end
  local added = #fresh - fresh_before + #revived - revived_before
  if added > 0 and added > room then return take_back(-1) end
  room = room - added
  return added
end

local results = {}
local first = 1
for size in string.gmatch(ARGV[3], '%d+') do
  results[#results + 1] = put_in(first, first + size - 1)
  first = first + size
end

for _, i in ipairs(once_more) do
  local delay = options[i] and options[i].delay or 0
  call('HSET', again, ids[i], string.format('%016.0f', now + delay) .. ARGV[2 * i + 4])
end
for _, i in ipairs(revived) do
  leave_dead(ids[i], known[i])
  put_anew(ids[i], ARGV[2 * i + 4], now + (options[i] and options[i].delay or 0))
end

local EVEN = PIECE - PIECE % 2
if #fresh == count then
  for from = 5, #ARGV, EVEN do
    call('HSET', jobs, unpack(ARGV, from, math.min(from + EVEN - 1, #ARGV)))
  end
else
  local pairs_of = {}
  for _, i in ipairs(fresh) do
    pairs_of[#pairs_of + 1] = ids[i]
    pairs_of[#pairs_of + 1] = ARGV[2 * i + 4]
  end
  in_pieces('HSET', jobs, pairs_of, EVEN)
end
local lines = { [0] = {}, [1] = {}, [2] = {} }
for _, i in ipairs(fresh) do
  local option = options[i]
  if option and option.delay > 0 then
    put_delayed(ids[i], now + option.delay)
  else
    local line = lines[string.byte(ARGV[2 * i + 4], 1) - 48]
    line[#line + 1] = ids[i]
  end
end
for level = 0, 2 do
  local line = lines[level]
  if #line > 0 and in_pieces('RPUSH', ready[level], line) == #line then woken = true end
end
wake()
return results
