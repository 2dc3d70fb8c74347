-- Puts jobs that stand in no line back into one, takes names of no job out of the lines, ends leases
-- that nobody holds, and leaves a job that stands in several places in one: with who holds it, else
-- ready, else delayed, else dead. Such orphans come only from outside: a key deleted or evicted, a
-- file cut short, a line written to by hand.
-- ARGV[3…]: ids to look at. Returns how many were healed.
advance()

-- How often an id stands among the ready of each priority, and at how many places in all.
local function places_of(id)
  local counts, total = {}, 0
  for level = 0, 2 do
    counts[level] = #call('LPOS', ready[level], id, 'COUNT', 0)
    total = total + counts[level]
  end
  for _, line in ipairs({ delayed, leased, dead }) do
    if call('ZSCORE', line, id) then total = total + 1 end
  end
  return counts, total
end

-- The line that a job is to stay in; none where it is to be ready anew.
local function right_line(id, record, token, counts)
  if token ~= FREE and call('ZSCORE', leased, id) then return leased end
  local own = string.byte(record, 1) - 48
  if (counts[own] or 0) > 0 then return ready[own] end
  for level = 0, 2 do
    if counts[level] > 0 then return ready[level] end
  end
  if call('ZSCORE', delayed, id) then return delayed end
  if call('ZSCORE', dead, id) then return dead end
  return nil
end

-- Takes a job, or a name of none, out of all places but one in the line it stays in.
local function leave_others(id, record, line, counts)
  for level = 0, 2 do
    if ready[level] ~= line then
      if counts[level] > 0 then call('LREM', ready[level], 0, id) end
    elseif counts[level] > 1 then
      call('LREM', ready[level], 1 - counts[level], id)
    end
  end
  if line ~= delayed then call('ZREM', delayed, id) end
  if line ~= leased then call('ZREM', leased, id) end
  if line ~= dead and call('ZSCORE', dead, id) then
    if record then leave_dead(id, record) else call('ZREM', dead, id) end
  end
end

-- Whether there was something to heal.
local function heal(id)
  local record = call('HGET', jobs, id)
  local counts, total = places_of(id)
  if not record then
    if total == 0 then return false end
    leave_others(id, nil, nil, counts)
    forget(id)
    return true
  end
  local token, attempts, lost = state_of(call('HGET', state, id))
  local line = right_line(id, record, token, counts)
  if line and total == 1 then return false end
  leave_others(id, record, line, counts)
  if not line then put_ready(id, record, attempts, lost, now) end
  return true
end

local healed = 0
for i = 3, #ARGV do
  if heal(ARGV[i]) then healed = healed + 1 end
end
wake()
return healed
