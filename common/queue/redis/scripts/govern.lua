-- What people tell a queue (WorkQueue::Pause, Resume, LimitRate).
-- ARGV[3]: pause, resume or rate; ARGV[4]: jobs a second, 0: no limit. Returns 1.
if ARGV[3] == 'pause' then
  call('HSET', meta, 'paused', 1)
elseif ARGV[3] == 'resume' then
  call('HDEL', meta, 'paused')
  woken, sooner = true, true
else
  call('HDEL', meta, 'rate', 'allowance', 'filled')
  if ARGV[4] ~= '0' then call('HSET', meta, 'rate', ARGV[4]) end
  woken, sooner = true, true
end
wake()
return 1
