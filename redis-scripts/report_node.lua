-- Notes what a node says of itself, and tells it what the others said. Works on any data set, and does not change it.
--
-- ARGV   node    its name
--        report  a text of its own
--        most    how many nodes there may be; one that comes later is told, and not noted
-- Checks nothing. A node that said nothing for an hour is forgotten, and at once what no node has written: a row without
--        a time, or with more than 8 KiB. When there are more rows than `most`, it looks at about as many.
-- Answer {now, node, "TIME REPORT", node, ...}: at most `most` others, with the server's time in milliseconds.
-- Writes nodes.
local LONGEST = 8192 -- more than the longest path that can stand in a name
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local rows
if redis.call('HLEN', KEYS[NODES]) > arg.most then
  rows = redis.call('HSCAN', KEYS[NODES], 0, 'COUNT', arg.most)[2]
else
  rows = redis.call('HGETALL', KEYS[NODES])
end
local answer = {number_text(now)}
for i = 1, #rows, 2 do
  local said = #rows[i] + #rows[i + 1] <= LONGEST and tonumber(string.match(rows[i + 1], '^%d+ ')) or 0
  if math.abs(now - said) > 3600000 then
    redis.call('HDEL', KEYS[NODES], rows[i])
  elseif rows[i] ~= arg.node and #answer < 2 * arg.most then
    answer[#answer + 1] = rows[i]
    answer[#answer + 1] = rows[i + 1]
  end
end
if #answer < 2 * arg.most or redis.call('HEXISTS', KEYS[NODES], arg.node) == 1 then
  redis.call('HSET', KEYS[NODES], arg.node, number_text(now) .. ' ' .. arg.report)
end
return answer
