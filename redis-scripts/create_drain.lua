-- Creates a drain, or reserves one that has no url yet, under the next free id.
--
-- ARGV   drain  entry without key; needs its channel (absent = global), group "drains:<channel>" or
--               "reserved:<channel>" with limit, claims "url:<channel>:<hash>"
--        id     absent, or the id that it must get, because its value is sealed for that id
-- Checks the id is the next one; the channel exists, no other drain of it has this url, the limit is not reached.
-- Answer id = the drain's id; no id is given twice.
-- Writes drain, claims, marks, members, the counter of drain ids.
return commit(function()
  local id = free_id('drain')
  if arg.id and arg.id ~= id then refuse('id', id) end
  arg.drain.key, arg.drain.was = id, ''
  put('drain', arg.drain)
  return id
end)
