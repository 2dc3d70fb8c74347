-- Hands jobs out (WorkQueue::Reserve), without waiting.
-- ARGV[3]: how many at most; ARGV[4]: microseconds of the lease; ARGV[5]: token of the leases.
-- ARGV[6]: the ear of the caller's process; ARGV[7]: for how many microseconds the caller waits where there are none,
-- 0: it does not. ARGV[8]: `first`, `again` where it has waited under this token, `leave` where it has and wants none.
-- Returns the records and the attempt that each is. Where there are none: for how many microseconds nothing will be
-- ready unless someone tells the caller otherwise; -1: nothing waits.
advance()

local me = ARGV[5] .. ' ' .. ARGV[3] .. ' ' .. ARGV[4] .. ' ' .. ARGV[6]
local lease = tonumber(ARGV[4])

-- What was handed over to the caller while it waited, and did not reach it: the lease begins anew. What was published
-- may still be on its way, and reach the caller's process when the caller has gone to work: the state says that it was
-- found here, so that it is not given back then.
local function handed_over()
  local ids = call('ZRANGE', leased, now + lease, '-inf', 'BYSCORE', 'REV', 'LIMIT', 0, 10000)
  local states = values(state, ids)
  local handed, attempts = {}, {}
  for i = 1, #ids do
    local token, tried, lost = state_of(states[i])
    local record = token == ARGV[5] and call('HGET', jobs, ids[i])
    if record then
      handed[#handed + 1] = record
      attempts[#attempts + 1] = tried
      call('HSET', state, ids[i], state_text(token, tried, lost, now))
      call('ZADD', leased, now + lease, ids[i])
    end
  end
  return handed, attempts
end

local handed, attempts, limited = {}, {}, nil
if ARGV[8] ~= 'first' and call('ZREM', waiting, me) == 0 then handed, attempts = handed_over() end
if #handed == 0 and ARGV[8] ~= 'leave' then
  handed, attempts, limited = hand_out(tonumber(ARGV[3]), lease, ARGV[5])
end
wake()
if #handed > 0 then return { -1, handed, attempts } end

local next = limited or -1
for _, line in ipairs({ delayed, leased }) do
  local first = call('ZRANGE', line, 0, 0, 'WITHSCORES')[2]
  if first then
    local wait = math.max(0, tonumber(first) - now)
    if next < 0 or wait < next then next = wait end
  end
end
if ARGV[7] ~= '0' then call('ZADD', waiting, now + ARGV[7], me) end
return { next }
