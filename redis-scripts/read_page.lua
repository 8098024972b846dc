-- Reads a page of entries of one kind. For a value that does not fit into the page, the answer has only its length: the
-- node then reads it alone, or leaves it out if it is too large for an entry.
--
-- ARGV   kind    of the entries
--        cursor  as HSCAN takes it
--        count   about how many entries
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
