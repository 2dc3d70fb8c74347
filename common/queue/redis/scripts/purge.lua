-- Forgets dead jobs (WorkQueue::PurgeDead).
-- ARGV[3]: how many at most. Returns how many.
advance()

local count = 0
while count < tonumber(ARGV[3]) and forget_oldest_dead() do count = count + 1 end
wake()
return count
