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
local FRESH, REVIVED, ONCE_MORE = 1, 2, 3
local becomes = {}  -- by place; nothing where the job is left as it is, or its call is refused
local taken_up = {} -- by id: the place of the last job of which something was to become

local function same_key(record, other)
  return string.sub(record, key_start(record)) == string.sub(other, key_start(other))
end

local function what_becomes(i, id)
  if not known[i] then return FRESH end
  local derived = options[i] and options[i].derived
  if string.sub(call('HGET', state, id) or FREE, 1, 16) ~= FREE then
    if not derived and call('HEXISTS', again, id) == 0 then return ONCE_MORE end
    return nil
  end
  local given_up = call('ZSCORE', dead, id)
  if given_up and (not derived or now - given_up >= settings().revive_after) then return REVIVED end
end

-- Decides what becomes of the jobs of a call, and returns what the call is answered; a refusal is negative.
local function decide(first, last)
  local added = 0
  for i = first, last do
    local id = ids[i]
    local other = taken_up[id]
    if other and not becomes[other] then other = nil end -- that call was refused
    local like = other and ARGV[2 * other + 4] or known[i]
    if like and not same_key(like, ARGV[2 * i + 4]) then return -1 - (i - first + 1) end
    local what = not other and what_becomes(i, id)
    if what then
      becomes[i] = what
      taken_up[id] = i
      if what ~= ONCE_MORE then added = added + 1 end
    end
  end
  if added > 0 and added > room then return -1 end
  return added
end

local results = {}
local first = 1
for size in string.gmatch(ARGV[3], '%d+') do
  local last = first + size - 1
  local answer = decide(first, last)
  if answer >= 0 then
    room = room - answer
  else
    for i = first, last do becomes[i] = nil end
  end
  results[#results + 1] = answer
  first = last + 1
end

local all_fresh = true
for i = 1, count do all_fresh = all_fresh and becomes[i] == FRESH end
local records = {} -- id and record of each fresh job, unless all are
local lines = { [0] = {}, [1] = {}, [2] = {} }
for i = 1, count do
  local what, id, record = becomes[i], ids[i], ARGV[2 * i + 4]
  local delay = options[i] and options[i].delay or 0
  if what == FRESH then
    if not all_fresh then
      records[#records + 1] = id
      records[#records + 1] = record
    end
    if delay > 0 then
      put_delayed(id, now + delay)
    else
      local line = lines[string.byte(record, 1) - 48]
      line[#line + 1] = id
    end
  elseif what == REVIVED then
    leave_dead(id, known[i])
    put_anew(id, record, now + delay)
  elseif what == ONCE_MORE then
    call('HSET', again, id, string.format('%016.0f', now + delay) .. record)
  end
end

local EVEN = PIECE - PIECE % 2
if all_fresh then
  for from = 5, #ARGV, EVEN do
    call('HSET', jobs, unpack(ARGV, from, math.min(from + EVEN - 1, #ARGV)))
  end
else
  in_pieces('HSET', jobs, records, EVEN)
end
for level = 0, 2 do
  local line = lines[level]
  if #line > 0 and in_pieces('RPUSH', ready[level], line) == #line then woken = true end
end
wake()
return results
