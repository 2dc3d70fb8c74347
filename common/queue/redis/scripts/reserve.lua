-- Hands jobs out (WorkQueue::Reserve), without waiting.
-- ARGV[3]: how many at most; ARGV[4]: microseconds of the lease; ARGV[5]: token of the leases.
-- Returns their records and the attempt that each is. Where there are none: for how many
-- microseconds nothing will be ready unless someone is told otherwise; -1: nothing waits.
advance()
wake()

local set = call('HMGET', meta, 'paused', 'round', 'rate', 'allowance', 'filled')
local have = { [0] = call('LLEN', ready[0]), call('LLEN', ready[1]), call('LLEN', ready[2]) }
local total = have[0] + have[1] + have[2]
local wanted = math.min(tonumber(ARGV[3]), total)

-- A bucket that a second's jobs fill, and that holds as many.
local rate = tonumber(set[3] or '0')
local allowance
if rate > 0 and wanted > 0 then
  local passed = math.max(0, now - tonumber(set[5] or '0'))
  allowance = math.min(rate, tonumber(set[4] or set[3]) + passed * rate / 1000000)
  -- A millionth of a job is forgiven: fractions do not add up exactly.
  wanted = math.min(wanted, math.floor(allowance + 0.000001))
end

if set[1] or total == 0 or wanted == 0 then
  local next = -1
  if total > 0 and not set[1] then
    next = math.ceil((1 - allowance) * 1000000 / rate)
  end
  for _, line in ipairs({ delayed, leased }) do
    local first = call('ZRANGE', line, 0, 0, 'WITHSCORES')[2]
    if first then
      local wait = math.max(0, tonumber(first) - now)
      if next < 0 or wait < next then next = wait end
    end
  end
  return { next }
end

-- Rounds: eight high, four normal, one low; those who find no room wait for the next round.
local room = { [0] = 8, 4, 1 }
if set[2] then
  local high, normal, low = string.match(set[2], '^(%d+) (%d+) (%d+)$')
  room = { [0] = tonumber(high), tonumber(normal), tonumber(low) }
end
local runs, left = {}, wanted
while left > 0 do
  local level
  for candidate = 0, 2 do
    if have[candidate] > 0 and room[candidate] > 0 then
      level = candidate
      break
    end
  end
  if level then
    local taken = math.min(left, have[level], room[level])
    have[level] = have[level] - taken
    room[level] = room[level] - taken
    left = left - taken
    local run = runs[#runs]
    if run and run.level == level then
      run.count = run.count + taken
    else
      runs[#runs + 1] = { level = level, count = taken }
    end
  else
    room = { [0] = 8, 4, 1 }
  end
end
call('HSET', meta, 'round', string.format('%d %d %d', room[0], room[1], room[2]))

local ids
for _, run in ipairs(runs) do
  local some = call('LPOP', ready[run.level], run.count)
  if not ids then
    ids = some
  else
    for i = 1, #some do ids[#ids + 1] = some[i] end
  end
end

local records, states = values(jobs, ids), values(state, ids)
local first_try = state_text(ARGV[5], 1, 0, 0)
local expires = string.format('%.0f', now + ARGV[4])
local handed, attempts, new_states, new_leases = {}, {}, {}, {}
for i = 1, #ids do
  if records[i] then -- else: a line named a job that is not there
    local place = #handed + 1
    handed[place] = records[i]
    new_states[2 * place - 1] = ids[i]
    if states[i] then
      local _, tried, lost = state_of(states[i])
      attempts[place] = tried + 1
      new_states[2 * place] = state_text(ARGV[5], tried + 1, lost, 0)
    else
      attempts[place] = 1
      new_states[2 * place] = first_try
    end
    new_leases[2 * place - 1] = expires
    new_leases[2 * place] = ids[i]
  end
end
if allowance then
  call('HSET', meta, 'allowance', string.format('%.6f', allowance - #handed), 'filled',
       string.format('%.0f', now))
end
if #handed == 0 then return { 0 } end
call('HSET', state, unpack(new_states))
call('ZADD', leased, unpack(new_leases))
return { -1, handed, attempts }
