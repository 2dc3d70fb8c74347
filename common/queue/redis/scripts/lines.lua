-- What the scripts share; it stands before each of them.
--
-- A queue is these keys, all under one hash tag, given to every script in this order:
--
--   1  jobs     hash  id → record, as the client wrote it: a digit for the priority (0 is high),
--                     8 bytes that the client reads, the length of the trace, the trace, the key
--   2  state    hash  id → "TOKEN ATTEMPTS LOST SINCE", for jobs that were handed out, delayed or
--                     given up; without one: no token, 0 attempts, 0 lost leases, since ever
--   3  errors   hash  id → why the last attempt failed
--   4  again    hash  id → "DUE" and a record: to be put in when the run in hand ends
--   5  delayed  zset  id by when it is due
--   6  leased   zset  id by when its lease runs out
--   7  dead     zset  id by when it was given up
--   8  meta     hash  paused, round, dead_bytes, rate, allowance, filled; and the name of the
--                     channel on which those who wait are told that something may be ready
--   9  10  11   lists ids that are ready, by priority, longest ready first
--
-- Times are microseconds since 1970 by the server's clock, plus ARGV[1], which is 0 but in tests.
-- ARGV[2] is "MAX_ATTEMPTS MAX_LOST JOBS DEAD_JOBS DEAD_BYTES REVIVE_AFTER".
--
-- A script is atomic. Each begins by moving what is due (`advance`), where that makes a difference, so
-- that time passes whether or not anyone looks, and writes nothing before it has decided everything
-- that it may refuse.

local jobs, state, errors, again = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local delayed, leased, dead, meta = KEYS[5], KEYS[6], KEYS[7], KEYS[8]
local ready = { [0] = KEYS[9], [1] = KEYS[10], [2] = KEYS[11] }

local call = redis.call
local time = call('TIME')
local now = time[1] * 1000000 + time[2] + ARGV[1]

local FREE = '0000000000000000' -- the token of a job that is in nobody's hands
local DUE_AT_ONCE = 2000        -- jobs moved in one step of `advance`
local DUE_STEPS = 10            -- and steps of one script: the rest waits for the next script
local PIECE = 3000              -- arguments to one command: Lua's stack bounds them

local woken = false

-- ---- Small tools --------------------------------------------------------------------------------

local setting
local function settings()
  if not setting then
    local attempts, lost, most, dead_jobs, dead_bytes, revive_after =
      string.match(ARGV[2], '^(%d+) (%d+) (%d+) (%d+) (%d+) (%d+)$')
    setting = { max_attempts = tonumber(attempts), max_lost = tonumber(lost), jobs = tonumber(most),
                dead_jobs = tonumber(dead_jobs), dead_bytes = tonumber(dead_bytes),
                revive_after = tonumber(revive_after) }
  end
  return setting
end

-- A command over many arguments, in pieces.
local function in_pieces(command, key, arguments, size)
  size = size or PIECE
  if #arguments <= size then
    if #arguments > 0 then return call(command, key, unpack(arguments)) end
    return 0
  end
  local last
  for first = 1, #arguments, size do
    last = call(command, key, unpack(arguments, first, math.min(first + size - 1, #arguments)))
  end
  return last
end

-- The values of many fields.
local function values(key, fields)
  if #fields == 0 then return {} end
  if #fields <= PIECE then return call('HMGET', key, unpack(fields)) end
  local all = {}
  for first = 1, #fields, PIECE do
    local piece = call('HMGET', key, unpack(fields, first, math.min(first + PIECE - 1, #fields)))
    for i = 1, #piece do all[first + i - 1] = piece[i] end
  end
  return all
end

local function state_text(token, attempts, lost, since)
  return string.format('%s %.0f %.0f %.0f', token, attempts, lost, since)
end

-- token, attempts, lost leases, ready since. What is no state is as none.
local function state_of(text)
  if not text then return FREE, 0, 0, 0 end
  local token, attempts, lost, since = string.match(text, '^(%x+) (%d+) (%d+) (%d+)$')
  if not token then return FREE, 0, 0, 0 end
  return token, tonumber(attempts), tonumber(lost), tonumber(since)
end

-- Where the key of a record begins.
local function key_start(record)
  return 11 + string.byte(record, 10)
end

local function key_bytes(record)
  return #record - key_start(record) + 1
end

-- ---- Moves --------------------------------------------------------------------------------------

local function put_ready(id, record, attempts, lost, since)
  call('HSET', state, id, state_text(FREE, attempts, lost, since))
  local level = ready[string.byte(record, 1) - 48]
  if call('RPUSH', level, id) == 1 then woken = true end
end

local function put_delayed(id, due)
  call('ZADD', delayed, due, id)
  if call('ZRANGE', delayed, 0, 0)[1] == id then woken = true end
end

-- Forgets a job that stands in no line.
local function forget(id)
  call('HDEL', jobs, id)
  call('HDEL', state, id)
  call('HDEL', errors, id)
  call('HDEL', again, id)
end

-- The bytes that a dead job counts.
local function dead_size(id, record)
  return key_bytes(record) + call('HSTRLEN', errors, id)
end

local function forget_oldest_dead()
  local id = call('ZPOPMIN', dead)[1]
  if not id then return false end
  local record = call('HGET', jobs, id)
  if record then call('HINCRBY', meta, 'dead_bytes', -dead_size(id, record)) end
  forget(id)
  return true
end

-- Puts a new job in the place of one of the same key that stands in no line.
local function put_anew(id, record, due)
  call('HSET', jobs, id, record)
  if due > now then
    call('HDEL', state, id)
    put_delayed(id, due)
  else
    put_ready(id, record, 0, 0, now)
  end
end

-- Makes a job that was put in once more while its run went on a new one; whether it was.
local function start_over(id)
  local other = call('HGET', again, id)
  if not other then return false end
  call('HDEL', again, id)
  put_anew(id, string.sub(other, 17), tonumber(string.sub(other, 1, 16)))
  return true
end

-- Gives up a job that stands in no line.
local function give_up(id, record, attempts, lost, at, reason)
  call('HSET', errors, id, reason)
  if start_over(id) then return end
  call('HSET', state, id, state_text(FREE, attempts, lost, at))
  call('ZADD', dead, at, id)
  local bytes = call('HINCRBY', meta, 'dead_bytes', key_bytes(record) + #reason)
  local most = settings()
  local count = call('ZCARD', dead)
  while count > most.dead_jobs or bytes > most.dead_bytes do
    if not forget_oldest_dead() then
      call('HSET', meta, 'dead_bytes', 0)
      break
    end
    bytes = tonumber(call('HGET', meta, 'dead_bytes'))
    count = count - 1
  end
end

-- Takes a dead job out of its line.
local function leave_dead(id, record)
  call('HINCRBY', meta, 'dead_bytes', -dead_size(id, record))
  call('ZREM', dead, id)
end

-- Jobs that are not done and not dead.
local function live_count()
  return call('HLEN', jobs) - call('ZCARD', dead)
end

-- ---- Time ---------------------------------------------------------------------------------------

local function lose_lease(id, ran_out)
  local record = call('HGET', jobs, id)
  if not record then return forget(id) end
  local _, attempts, lost = state_of(call('HGET', state, id))
  lost = lost + 1
  local most = settings()
  local reason = string.format('the lease of attempt %.0f ran out', attempts)
  if lost >= most.max_lost then
    reason = reason .. string.format('; given up after %.0f lost leases, as one that kills its workers',
                                     lost)
    give_up(id, record, attempts, lost, ran_out, reason)
  elseif attempts >= most.max_attempts then
    give_up(id, record, attempts, lost, ran_out, reason .. '; given up, as that was the last')
  else
    call('HDEL', again, id) -- the next run sees what that was asked for
    call('HSET', errors, id, reason)
    put_ready(id, record, attempts, lost, ran_out)
  end
end

local function end_delay(id, due)
  local record = call('HGET', jobs, id)
  if not record then return forget(id) end
  local _, attempts, lost = state_of(call('HGET', state, id))
  put_ready(id, record, attempts, lost, due)
end

local function move_due(line, move)
  for _ = 1, DUE_STEPS do
    local due = call('ZRANGE', line, '-inf', now, 'BYSCORE', 'LIMIT', 0, DUE_AT_ONCE, 'WITHSCORES')
    if #due == 0 then return end
    for i = 1, #due, 2 do
      call('ZREM', line, due[i])
      move(due[i], tonumber(due[i + 1]))
    end
    if #due < 2 * DUE_AT_ONCE then return end
  end
end

local function advance()
  move_due(delayed, end_delay)
  move_due(leased, lose_lease)
end

-- Tells those who wait, if something became ready. The last thing a script does.
local function wake()
  if woken then call('PUBLISH', meta, '') end
end

