-- Gives a job back untried (WorkQueue::Release).
-- ARGV[3]: id; ARGV[4]: token. Returns 1, or 0 where the lease was lost.
advance()

local id, record, attempts, lost = end_lease()
if id then
  call('HDEL', again, id) -- the next run sees what that was asked for
  put_ready(id, record, attempts - 1, lost, now)
end
wake()
return id and 1 or 0
