-- Marks jobs done (WorkQueue::CompleteEach).
-- ARGV[3…]: id and token of each lease. Returns for each 1, or 0 where the lease was lost.
advance()

local held, results = held_leases(3, false)
if #held > 0 then
  in_pieces('ZREM', leased, held)
  if call('HLEN', errors) > 0 then in_pieces('HDEL', errors, held) end
  local done = held
  if call('HLEN', again) > 0 then
    done = {}
    for _, id in ipairs(held) do
      if not start_over(id) then done[#done + 1] = id end
    end
  end
  in_pieces('HDEL', jobs, done)
  in_pieces('HDEL', state, done)
end
wake()
return results
