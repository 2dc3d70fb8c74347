-- Finds out whether jobs can be put in (WorkQueue::CheckWritable), and leaves nothing behind.
call('HSET', meta, 'probe', 1)
call('HDEL', meta, 'probe')
return 1
