-- Deletes an app with its channel and the channel's tokens and drains.
--
-- ARGV   app           entry; key and was
--        keep_channel  true = the channel stays as it is
-- Checks the app is what the node expected. The script deletes the tokens and drains that exist now, so that a token
--        created at the same time is not left behind.
-- Writes app, channel, token, drain, claims, marks, members.
return commit(function()
  expect('app', arg.app)
  remove('app', arg.app.key)
  if not arg.keep_channel then remove_channel(arg.app.key) end
end)
