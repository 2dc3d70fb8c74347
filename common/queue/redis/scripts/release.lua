-- Gives a job back untried (WorkQueue::Release).
-- ARGV[3]: id; ARGV[4]: token. ARGV[5]: `told` where it is given back for what was published: then it stays with who
-- waited if his look found it (reserve.lua), since he has it in hand.
-- Returns 1, or 0 where the lease was lost or it stays.
advance()

local found = false
if ARGV[5] == 'told' then
  local _, _, _, since = state_of(call('HGET', state, ARGV[3]))
  found = since > 0
end
local id, record, attempts, lost
if not found then id, record, attempts, lost = end_lease() end
if id then
  call('HDEL', again, id) -- the next run sees what that was asked for
  put_ready(id, record, attempts - 1, lost, now)
end
wake()
return id and 1 or 0
