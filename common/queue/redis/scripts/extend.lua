-- Holds jobs from now on (WorkQueue::ExtendEach).
-- ARGV[3]: for how many microseconds; ARGV[4…]: id and token of each lease.
-- Returns for each 1, or 0 where the lease was lost.
advance()

local held, results = held_leases(4, true)
if #held > 0 then
  local before = call('ZRANGE', leased, 0, 0, 'WITHSCORES')[2]
  local expires = string.format('%.0f', now + ARGV[3])
  local scores = {}
  for i, id in ipairs(held) do
    scores[2 * i - 1] = expires
    scores[2 * i] = id
  end
  in_pieces('ZADD', leased, scores, PIECE - PIECE % 2)
  if before and tonumber(expires) < tonumber(before) then sooner = true end
end
wake()
return results
