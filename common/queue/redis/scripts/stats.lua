-- Counts (WorkQueue::Stats).
-- Returns the time, the ready jobs, the delayed, leased and dead, 1 where the queue is paused, the
-- rate; and of each line of ready jobs the first job's record and since when it has been ready.
advance()
wake()

local set = call('HMGET', meta, 'paused', 'rate')
local heads, count = {}, 0
for level = 0, 2 do
  count = count + call('LLEN', ready[level])
  local id = call('LINDEX', ready[level], 0)
  local record = id and call('HGET', jobs, id)
  if record then
    local _, _, _, since = state_of(call('HGET', state, id))
    heads[#heads + 1] = record
    heads[#heads + 1] = since
  end
end
return { now, count, call('ZCARD', delayed), call('ZCARD', leased), call('ZCARD', dead),
         set[1] and 1 or 0, tonumber(set[2] or '0'), heads }
