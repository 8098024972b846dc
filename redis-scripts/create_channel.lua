-- Creates a channel under the next free decimal id, with tokens.
--
-- ARGV   channel  entry without key
--        add      entries of tokens, each with `id` (16 hexadecimal digits) in place of key, group and needs
--        id       absent, or the id that it must get, because its tokens are sealed for that id
-- Checks the id is the next one; no value belongs to another token.
-- Answer id = the channel's id.
-- Writes channel, token, claims, marks, members, the counter of channel ids.
return commit(function()
  local id = free_id('channel')
  if arg.id and arg.id ~= id then refuse('id', id) end
  arg.channel.key = id
  put('channel', arg.channel)
  for _, token in ipairs(arg.add or {}) do
    token.key, token.group, token.was = id .. '/' .. token.id, 'tokens:' .. id, ''
    put('token', token)
  end
  return id
end)
