-- Says which changes were not made here. So a node checks whether a server has the changes that it confirmed.
--
-- ARGV   changes  the revision and the `by` of each, in turn
-- Checks nothing. A change older than the oldest one that is remembered counts as made.
-- Answer {history, revision, number, number, ...}: the data set ("" = none), its revision, and the positions in
--        `changes` (from 1) of those that are missing.
-- Writes nothing.
local now = redis.call('HMGET', KEYS[META], 'history', 'revision')
local revision = whole(now[2]) or 0
local first = redis.call('ZRANGE', KEYS[MADE], 0, 0, 'WITHSCORES')
local begins = whole(first[2])
local answer = {now[1] or '', number_text(revision)}
for i = 1, #arg.changes, 2 do
  local number = tonumber(arg.changes[i])
  local made = whole(redis.call('ZSCORE', KEYS[MADE], arg.changes[i + 1]))
  local cut = number <= revision and (not begins or begins > number)
  if made ~= number and not cut then answer[#answer + 1] = number_text((i + 1) / 2) end
end
return answer
