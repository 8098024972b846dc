-- Stores the report of a node and answers with those of the others. Works on any data set and does not change it.
--
-- ARGV   node    its name
--        report  its text
--        most    how many nodes there may be; a further node gets the answer, but its report is not stored
-- Checks nothing. Removes nodes that did not report for an hour, and rows that no node can have written: without a
--        time, or with more than 8 KiB. If there are more rows than `most`, it looks at about `most` of them.
-- Answer {now, node, "TIME REPORT", node, ...}: at most `most` other nodes. Times are the server's, in milliseconds.
-- Writes nodes.
local LONGEST = 8192 -- bytes; more than the longest path that a name can contain
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
