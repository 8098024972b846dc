-- Notes what a node says of itself, and tells it what the others said. Works on any data set, and does not change it.
--
-- ARGV   node    its name
--        report  a text of its own
--        most    how many nodes there may be; one that comes later is told, and not noted
-- Checks nothing. A node that said nothing for an hour is forgotten.
-- Answer {now, node, "TIME REPORT", node, ...}: the others, with the server's time in milliseconds.
-- Writes nodes.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local rows = redis.call('HGETALL', KEYS[NODES])
local answer = {number_text(now)}
for i = 1, #rows, 2 do
  local said = tonumber(string.match(rows[i + 1], '^%d+')) or 0
  if math.abs(now - said) > 3600000 then
    redis.call('HDEL', KEYS[NODES], rows[i])
  elseif rows[i] ~= arg.node then
    answer[#answer + 1] = rows[i]
    answer[#answer + 1] = rows[i + 1]
  end
end
if #answer < 2 * arg.most then
  redis.call('HSET', KEYS[NODES], arg.node, number_text(now) .. ' ' .. arg.report)
end
return answer
