-- What the scripts share; it stands before each of them.
--
-- A queue is these keys, all under one hash tag, given to every script in this order:
--
--   1  jobs     hash  id → record, as the client wrote it: a digit for the priority (0 is high),
--                     8 bytes that the client reads, the length of the trace, the trace, the key
--   2  state    hash  id → "TOKEN ATTEMPTS LOST SINCE", for jobs that were handed out, delayed or
--                     given up; without one: no token, 0 attempts, 0 lost leases, since ever.
--                     Of a leased job SINCE is 0, or when the look of one to whom it had been
--                     handed over found it
--   3  errors   hash  id → why the last attempt failed
--   4  again    hash  id → "DUE" and a record: to be put in when the run in hand ends
--   5  delayed  zset  id by when it is due
--   6  leased   zset  id by when its lease runs out
--   7  dead     zset  id by when it was given up
--   8  meta     hash  paused, round, dead_bytes, rate, allowance, filled
--   9  10  11   lists ids that are ready, by priority, longest ready first
--  12  waiting  zset  those who wait for jobs, "TOKEN MAX LEASE EAR", by until when they do; what
--                     they get is published on the channel meta:EAR, which their process hears
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
local waiting = KEYS[12]

local call = redis.call
local time = call('TIME')
local now = time[1] * 1000000 + time[2] + ARGV[1]

local FREE = '0000000000000000' -- the token of a job that is in nobody's hands
local DUE_AT_ONCE = 2000        -- jobs moved in one step of `advance`
local DUE_STEPS = 10            -- and steps of one script: the rest waits for the next script
local PIECE = 3000              -- arguments to one command: Lua's stack bounds them
local WAITERS = 100             -- of those who wait, served by one script

local woken = false  -- a line that was empty has a job
local sooner = false -- what those who wait were told of when to look again is no longer so

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

-- token, attempts, lost leases, ready since; words of a later version may follow. What is no state is as none.
local function state_of(text)
  if not text then return FREE, 0, 0, 0 end
  local token, attempts, lost, since = string.match(text, '^(%x+) (%d+) (%d+) (%d+)')
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
  if call('ZRANGE', delayed, 0, 0)[1] == id then sooner = true end
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

-- ---- Handing out --------------------------------------------------------------------------------

-- From which lines `wanted` jobs come, of those that `have` says are there: runs of a level and a
-- count. In rounds of eight high, four normal, one low; those who find no room wait for the next
-- round. `round`: the room left in this one. Also returns what is left then.
local function runs_of(wanted, have, round)
  local room = { [0] = 8, 4, 1 }
  if round then
    local high, normal, low = string.match(round, '^(%d+) (%d+) (%d+)$')
    room = { [0] = tonumber(high), tonumber(normal), tonumber(low) }
  end
  local runs, left = {}, wanted
  while left > 0 do
    local level
    for candidate = 0, 2 do
      if have[candidate] > 0 and room[candidate] > 0 then
        level = candidate
        break
      end
    end
    if level then
      local taken = math.min(left, have[level], room[level])
      have[level] = have[level] - taken
      room[level] = room[level] - taken
      left = left - taken
      local run = runs[#runs]
      if run and run.level == level then
        run.count = run.count + taken
      else
        runs[#runs + 1] = { level = level, count = taken }
      end
    else
      room = { [0] = 8, 4, 1 }
    end
  end
  return runs, string.format('%d %d %d', room[0], room[1], room[2])
end

-- Leases up to `max` ready jobs for `lease` microseconds under `token`. Returns their records and the
-- attempt that each is, and where the queue's rate allows none now, in how many microseconds it does.
local function hand_out(max, lease, token)
  local set = call('HMGET', meta, 'paused', 'round', 'rate', 'allowance', 'filled')
  if set[1] then return {}, {} end
  local have = { [0] = call('LLEN', ready[0]), call('LLEN', ready[1]), call('LLEN', ready[2]) }
  local wanted = math.min(max, have[0] + have[1] + have[2])
  if wanted == 0 then return {}, {} end

  -- A bucket that a second's jobs fill, and that holds as many.
  local rate = tonumber(set[3] or '0')
  local allowance
  if rate > 0 then
    local passed = math.max(0, now - tonumber(set[5] or '0'))
    allowance = math.min(rate, tonumber(set[4] or set[3]) + passed * rate / 1000000)
    -- A millionth of a job is forgiven: fractions do not add up exactly.
    wanted = math.min(wanted, math.floor(allowance + 0.000001))
    if wanted == 0 then return {}, {}, math.ceil((1 - allowance) * 1000000 / rate) end
  end

  local runs, round = runs_of(wanted, have, set[2])
  call('HSET', meta, 'round', round)
  local ids
  for _, run in ipairs(runs) do
    local some = call('LPOP', ready[run.level], run.count)
    if not ids then
      ids = some
    else
      for i = 1, #some do ids[#ids + 1] = some[i] end
    end
  end

  local records, states = values(jobs, ids), values(state, ids)
  local first_try = state_text(token, 1, 0, 0)
  local expires = string.format('%.0f', now + lease)
  local handed, attempts, new_states, new_leases = {}, {}, {}, {}
  for i = 1, #ids do
    if records[i] then -- else: a line named a job that is not there
      local place = #handed + 1
      handed[place] = records[i]
      new_states[2 * place - 1] = ids[i]
      if states[i] then
        local _, tried, lost = state_of(states[i])
        attempts[place] = tried + 1
        new_states[2 * place] = state_text(token, tried + 1, lost, 0)
      else
        attempts[place] = 1
        new_states[2 * place] = first_try
      end
      new_leases[2 * place - 1] = expires
      new_leases[2 * place] = ids[i]
    end
  end
  if allowance then
    call('HSET', meta, 'allowance', string.format('%.6f', allowance - #handed), 'filled',
         string.format('%.0f', now))
  end
  if #handed > 0 then
    call('HSET', state, unpack(new_states))
    call('ZADD', leased, unpack(new_leases))
  end
  return handed, attempts
end

-- Publishes what one who waits gets: the token, and of each job the attempt, the length of its
-- record, and the record. None: it is only to look again.
local function tell(channel, token, handed, attempts)
  local parts = { token }
  for i = 1, #handed do
    parts[#parts + 1] = string.format(' %d %d ', attempts[i], #handed[i])
    parts[#parts + 1] = handed[i]
  end
  call('PUBLISH', channel, table.concat(parts))
end

-- Hands what became ready to those who wait, who have waited longest first, so that it does not
-- wait for their next look; those whose process is gone get nothing. The last thing a script does.
local function wake()
  if not woken and not sooner then return end
  local those = call('ZRANGE', waiting, 0, WAITERS - 1, 'WITHSCORES')
  for i = 1, #those, 2 do
    local token, max, lease, ear = string.match(those[i], '^(%x+) (%d+) (%d+) (%x+)$')
    local channel = meta .. ':' .. ear
    if tonumber(those[i + 1]) < now or call('PUBSUB', 'NUMSUB', channel)[2] == 0 then
      call('ZREM', waiting, those[i])
    else
      local handed, attempts, limited = {}, {}, nil
      if woken then handed, attempts, limited = hand_out(tonumber(max), tonumber(lease), token) end
      if #handed > 0 then
        call('ZREM', waiting, those[i])
      elseif not sooner and not limited then
        return
      end
      tell(channel, token, handed, attempts)
    end
  end
end

