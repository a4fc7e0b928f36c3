-- Gives back what was taken from windows of a subject that have not ended.
-- KEYS[1] as in take.lua. ARGV: the cost; then, for each window, its field and when the window ends that it was
-- taken from.
local cost = tonumber(ARGV[1])
for at = 2, #ARGV, 2 do
    local held = redis.pcall('HGET', KEYS[1], ARGV[at])
    if type(held) == 'string' then
        local count, ends = string.match(held, '^(%d+) (%d+)$')
        if ends == ARGV[at + 1] then
            local left = math.max(0, tonumber(count) - cost)
            redis.call('HSET', KEYS[1], ARGV[at], string.format('%.0f %s', left, ends))
        end
    end
end
return 0
