-- Takes the turn to look for orphans, so that of many processes one does.
-- ARGV[3]: microseconds for which it is taken. Returns 1, or 0 where another has it.
local swept = tonumber(call('HGET', meta, 'swept') or '0')
if swept <= now and now - swept < tonumber(ARGV[3]) then return 0 end
call('HSET', meta, 'swept', string.format('%.0f', now))
return 1
