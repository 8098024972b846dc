-- Creates or replaces an app, and creates its channel when there is none.
--
-- ARGV   app      entry; claims "domain:<domain>" for each of its domains
--        channel  entry to write when no channel of that id exists; absent = none
--        keys     entries of API keys that wait for that channel; each claims "hash:<hash>"; absent = none
-- Checks the app is what the node expected; no domain belongs to another app.
-- Writes app, channel, key, claims, marks.
return commit(function()
  if arg.channel and not exists('channel', arg.channel.key) then
    put('channel', arg.channel)
    for _, key in ipairs(arg.keys or {}) do put('key', key) end
  end
  put('app', arg.app)
end)
