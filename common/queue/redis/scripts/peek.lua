-- Shows jobs (WorkQueue::Peek).
-- ARGV[3]: how many at most; ARGV[4…]: of which states: leased, ready, delayed, dead.
-- Returns for each of them, in order, a list of record, attempts, since when it has been ready,
-- when it is due, and error of each job; of ready jobs a list for each priority.
advance()
wake()

local most = tonumber(ARGV[3])

local function shown(ids, scores)
  local out = {}
  local records, states = values(jobs, ids), values(state, ids)
  local reasons = values(errors, ids)
  for i = 1, #ids do
    if records[i] then
      local _, attempts, _, since = state_of(states[i])
      out[#out + 1] = records[i]
      out[#out + 1] = attempts
      out[#out + 1] = since
      out[#out + 1] = scores and scores[i] or 0
      out[#out + 1] = reasons[i] or ''
    end
  end
  return out
end

local function shown_of(line)
  local found = call('ZRANGE', line, 0, most - 1, 'WITHSCORES')
  local ids, scores = {}, {}
  for i = 1, #found, 2 do
    ids[#ids + 1] = found[i]
    scores[#scores + 1] = tonumber(found[i + 1])
  end
  return shown(ids, scores)
end

local all = {}
for i = 4, #ARGV do
  if ARGV[i] == 'ready' then
    local lists = {}
    for level = 0, 2 do
      lists[#lists + 1] = shown(call('LRANGE', ready[level], 0, most - 1))
    end
    all[#all + 1] = lists
  elseif ARGV[i] == 'leased' then
    all[#all + 1] = shown_of(leased)
  elseif ARGV[i] == 'delayed' then
    all[#all + 1] = shown_of(delayed)
  else
    all[#all + 1] = shown_of(dead)
  end
end
return all
