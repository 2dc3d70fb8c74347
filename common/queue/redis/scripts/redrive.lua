-- Brings dead jobs back (WorkQueue::Redrive, RedriveAll).
-- ARGV[3]: what to write before their errors; ARGV[4]: how many bytes of the two are kept; ARGV[5]:
-- how many jobs at most, those given up first first; ARGV[6]: instead, the id of one.
-- Returns how many came back; for one: 0 where it is not dead, -1 where the queue is full.
advance()

local room = settings().jobs - live_count()
local ids
if ARGV[6] then
  if not call('ZSCORE', dead, ARGV[6]) then
    wake()
    return 0
  end
  if room < 1 then
    wake()
    return -1
  end
  ids = { ARGV[6] }
else
  local most = math.min(room, tonumber(ARGV[5]))
  ids = most > 0 and call('ZRANGE', dead, 0, most - 1) or {}
end

local count = 0
for _, id in ipairs(ids) do
  local record = call('HGET', jobs, id)
  if record then
    leave_dead(id, record)
    put_ready(id, record, 0, 0, now)
    if ARGV[3] ~= '' then
      local error = ARGV[3] .. (call('HGET', errors, id) or '')
      call('HSET', errors, id, string.sub(error, 1, tonumber(ARGV[4])))
    end
    count = count + 1
  else
    call('ZREM', dead, id)
  end
end
wake()
return count
