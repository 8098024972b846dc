-- Says which changes are missing in the stream. A node asks so whether a server has what it answered.
--
-- ARGV   changes  the revision and the `by` of each, in turn
-- Checks nothing. A change whose place is no longer in the stream, because the stream was cut, counts as there.
-- Answer {history, revision, number, number, ...}: the data set ("" = none), its revision, and which are missing, from 1.
-- Writes nothing.
local now = redis.call('HMGET', KEYS[META], 'history', 'revision')
local revision = whole(now[2]) or 0
local first = redis.call('XRANGE', KEYS[CHANGES], '-', '+', 'COUNT', 1)[1]
local begins = first and whole(string.match(first[1], '^%d+'))
local answer = {now[1] or '', number_text(revision)}
for i = 1, #arg.changes, 2 do
  local at = arg.changes[i] .. '-0'
  local event = redis.call('XRANGE', KEYS[CHANGES], at, at)[1]
  local number = tonumber(arg.changes[i])
  local cut = number <= revision and (not begins or begins > number)
  local there = event and event[2][2] == arg.changes[i + 1] or not event and cut
  if not there then answer[#answer + 1] = number_text((i + 1) / 2) end
end
return answer
