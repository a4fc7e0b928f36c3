-- Takes from all windows of a subject, or from none, in one step.
-- KEYS[1]: a hash; for each window a field with "COUNT ENDS_AT_MS". ARGV: the cost; then, for each window,
-- its field, its quota and its length in milliseconds. Gives the time in milliseconds; then, for each window,
-- what had been taken from it before and when it ends. What is under the key and none of ours counts as nothing.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local cost = tonumber(ARGV[1])
local fields = {}
for at = 2, #ARGV, 3 do
    fields[#fields + 1] = ARGV[at]
end

local held = redis.pcall('HMGET', KEYS[1], unpack(fields))
local is_foreign = held.err ~= nil
if is_foreign then
    held = {}
end

local told = { now }
local put = {}
local fits = true
local last = 0
for at, field in ipairs(fields) do
    local quota = tonumber(ARGV[3 * at])
    local length = tonumber(ARGV[3 * at + 1])
    local count, ends = string.match(held[at] or '', '^(%d+) (%d+)$')
    count = tonumber(count)
    ends = tonumber(ends)
    if not count or count > 4294967295 or ends <= now or ends > now + length then
        count = 0
        ends = now + length
    end
    if count + cost > quota then
        fits = false
    end
    told[#told + 1] = count
    told[#told + 1] = ends
    put[#put + 1] = field
    put[#put + 1] = string.format('%.0f %.0f', count + cost, ends)
    last = math.max(last, ends)
end

if fits and cost > 0 then
    if is_foreign then
        redis.call('DEL', KEYS[1])
    end
    redis.call('HSET', KEYS[1], unpack(put))
    -- Another policy of this subject may last longer.
    local left = redis.call('PTTL', KEYS[1])
    if left < 0 or now + left < last then
        redis.call('PEXPIREAT', KEYS[1], string.format('%.0f', last))
    end
end
return told
