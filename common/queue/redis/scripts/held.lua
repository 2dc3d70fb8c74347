-- What the scripts that end or extend leases share; it stands behind lines.lua.

-- The ids of those of ARGV[first…], which alternate id and token, that are held under their token,
-- and for each, in order, 1 or 0. One named twice is held once unless `repeatable`.
local function held_leases(first, repeatable)
  local ids = {}
  for i = first, #ARGV, 2 do ids[#ids + 1] = ARGV[i] end
  local states = values(state, ids)
  local held, results, seen = {}, {}, {}
  for i = 1, #ids do
    local token = ARGV[first + 2 * i - 1]
    if states[i] and token ~= FREE and string.sub(states[i], 1, 16) == token and
       (repeatable or not seen[ids[i]]) then
      seen[ids[i]] = true
      held[#held + 1] = ids[i]
      results[i] = 1
    else
      results[i] = 0
    end
  end
  return held, results
end

-- The job whose id and token are ARGV[3] and ARGV[4]: its id, record, attempts and lost leases, out
-- of the line of leases; nothing where the lease was lost.
local function end_lease()
  local id = ARGV[3]
  local token, attempts, lost = state_of(call('HGET', state, id))
  local record = call('HGET', jobs, id)
  if not record or token == FREE or token ~= ARGV[4] then return nil end
  call('ZREM', leased, id)
  return id, record, attempts, lost
end

