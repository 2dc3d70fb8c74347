-- Ends an attempt that failed (WorkQueue::Fail).
-- ARGV[3]: id; ARGV[4]: token; ARGV[5]: error; ARGV[6]: microseconds until the next attempt, or -1:
-- given up. Returns 1, or 0 where the lease was lost.
advance()

local id, record, attempts, lost = end_lease()
local wait = tonumber(ARGV[6])
if id and wait < 0 then
  give_up(id, record, attempts, lost, now, ARGV[5])
elseif id then
  call('HDEL', again, id) -- the next attempt sees what that was asked for
  call('HSET', errors, id, ARGV[5])
  call('HSET', state, id, state_text(FREE, attempts, lost, 0))
  put_delayed(id, now + wait)
end
wake()
return id and 1 or 0
