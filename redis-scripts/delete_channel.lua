-- Deletes a channel with its tokens and drains.
--
-- ARGV   channel  entry; key and was
-- Checks the channel is what the node expected; it is not `_router`. Deletes the tokens and drains that exist now.
-- Writes channel, token, drain, claims, marks, members.
return commit(function()
  if arg.channel.key == '_router' then refuse('conflict', 'the channel _router cannot be deleted') end
  expect('channel', arg.channel)
  remove_channel(arg.channel.key)
end)
