-- One process's word about one platform, and the answer to it; `platforms/budget_exchange.py` has the meaning of both.
-- The hash holds "pause", "quota", "open" (nobody is admitted before), and for each process "@" and its name with
-- { number of its last word, places, they count until, its waits count until, it is present until,
--   waits by class (4), waiting since by class (4) }; instants are in milliseconds.
local key = KEYS[1]
local process, said, now, lease, mark, presence, settling = unpack(cmsgpack.unpack(ARGV[1]))
local number, known, caps, held, waits, waited, pause, paused_by, news = unpack(said)
local me = '@' .. process
if now == 0 then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end

local since = {}
for class = 1, 4 do since[class] = now - waited[class] end

-- What the others have, and who of them goes first: whoever is more urgent, then whoever has waited longer.
local taken, processes, urgent, elder = held, 1, {0, 0, 0, 0}, {0, 0, 0, 0}
local paused, quota, open, here = {0, ''}, news, nil, false
local fields = redis.call('HGETALL', key)
for at = 1, #fields, 2 do
  local name, value = fields[at], fields[at + 1]
  if name == 'open' then
    open = tonumber(value)
  elseif name == 'pause' then
    paused = cmsgpack.unpack(value)
  elseif name == 'quota' then
    if news == '' then quota = value end
  else
    local other = cmsgpack.unpack(value)
    if name == me then
      here = true
      if other[1] >= number then
        return cmsgpack.pack({ {0, 0, 0, 0}, 0, 0, 0, '', '' }) -- it was overtaken by a later word
      end
    elseif other[5] < now then
      redis.call('HDEL', key, name)
    else
      processes = processes + 1
      if other[3] >= now then taken = taken + other[2] end
      if other[4] >= now then
        for class = 1, 4 do
          local waiting, first = other[5 + class], other[9 + class]
          urgent[class] = urgent[class] + waiting
          if waiting > 0 and (first < since[class] or (first == since[class] and name < me)) then
            elder[class] = elder[class] + 1
          end
        end
      end
    end
  end
end

if pause > 0 and now + pause > paused[1] then
  paused = {now + pause, paused_by}
  redis.call('HSET', key, 'pause', cmsgpack.pack(paused))
end
if news ~= '' then redis.call('HSET', key, 'quota', news) end

-- Where this process was known but is no more, all was forgotten: wait until each has said again what it has.
if known and not here and not open then
  open = now + settling
  redis.call('HSET', key, 'open', open)
end

-- A place for which somebody more urgent is waiting, here or elsewhere, is left to them.
local admitted, ahead, left = {0, 0, 0, 0}, 0, math.max(0, paused[1] - now)
if left == 0 and now >= (open or 0) then
  for class = 1, 4 do
    local free = math.min(caps[class] - taken, caps[1] - taken - ahead) - elder[class]
    admitted[class] = math.max(0, math.min(waits[class], free))
    taken = taken + admitted[class]
    held = held + admitted[class]
    waits[class] = waits[class] - admitted[class]
    ahead = ahead + urgent[class] + waits[class]
  end
end

redis.call('HSET', key, me, cmsgpack.pack({
  number, held, now + lease, now + mark, now + presence,
  waits[1], waits[2], waits[3], waits[4], since[1], since[2], since[3], since[4]
}))
redis.call('PEXPIRE', key, 2592000000) -- 30 days: what is no platform any more goes
return cmsgpack.pack({ admitted, math.max(0, caps[1] - taken - ahead), processes, left, paused[2], quota })
