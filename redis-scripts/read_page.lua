-- Reads a page of entries of one kind. Values that do not fit into the page are named by their length only: a node reads
-- each of them by itself, or leaves it out when it is too large for an entry.
--
-- ARGV   kind    of the entries
--        cursor  as HSCAN takes it
--        count   how many entries, about
--        most    bytes of values in the page
-- Checks nothing.
-- Answer {cursor, key, value, key, length as a number, ...}.
-- Writes nothing.
local page = redis.call('HSCAN', KEYS[KIND[arg.kind]], arg.cursor, 'COUNT', arg.count)
local answer, left = {page[1]}, tonumber(arg.most)
for i = 1, #page[2], 2 do
  local key, value = page[2][i], page[2][i + 1]
  answer[#answer + 1] = key
  if #value <= left then
    left = left - #value
    answer[#answer + 1] = value
  else
    answer[#answer + 1] = #value
  end
end
return answer
