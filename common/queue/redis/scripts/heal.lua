-- Puts jobs that stand in no line back into one, takes names of no job out of the lines, and ends
-- leases that nobody holds. Such orphans come only from outside: a key deleted or evicted, a file cut
-- short.
-- ARGV[3…]: ids to look at. Returns how many were healed.
advance()

local healed = 0
for i = 3, #ARGV do
  local id = ARGV[i]
  local record = call('HGET', jobs, id)
  local places = 0
  for _, line in ipairs({ delayed, leased, dead }) do
    if call('ZSCORE', line, id) then
      places = places + 1
      if not record then call('ZREM', line, id) end
    end
  end
  for level = 0, 2 do
    if call('LPOS', ready[level], id) then
      places = places + 1
      if not record then call('LREM', ready[level], 0, id) end
    end
  end
  local token, attempts, lost = state_of(call('HGET', state, id))
  local unheld = record and token == FREE and call('ZREM', leased, id) == 1
  if unheld then places = places - 1 end
  if record and places == 0 then
    put_ready(id, record, attempts, lost, now)
    healed = healed + 1
  elseif not record and places > 0 then
    forget(id)
    healed = healed + 1
  elseif unheld then
    healed = healed + 1
  end
end
wake()
return healed
