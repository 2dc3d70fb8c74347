-- Brings dead jobs back (WorkQueue::Redrive, RedriveAll).
-- ARGV[3]: what to write before their errors; ARGV[4]: how many at most, those given up first
-- first; ARGV[5…]: instead, the id of one.
-- Returns how many came back; for one: 0 where it is not dead, -1 where the queue is full.
advance()

local room = settings().jobs - live_count()
local ids
if ARGV[5] then
  if not call('ZSCORE', dead, ARGV[5]) then
    wake()
    return 0
  end
  if room < 1 then
    wake()
    return -1
  end
  ids = { ARGV[5] }
else
  local most = math.min(room, tonumber(ARGV[4]))
  ids = most > 0 and call('ZRANGE', dead, 0, most - 1) or {}
end

local count = 0
for _, id in ipairs(ids) do
  local record = call('HGET', jobs, id)
  if record then
    leave_dead(id, record)
    put_ready(id, record, 0, 0, now)
    if ARGV[3] ~= '' then
      call('HSET', errors, id, string.sub(ARGV[3] .. (call('HGET', errors, id) or ''), 1, 2000))
    end
    count = count + 1
  else
    call('ZREM', dead, id)
  end
end
wake()
return count
