-- Creates or replaces a means of access: a session, an API key or a credential.
--
-- ARGV   kind   "session", "key" or "credential"
--        entry  entry; a session needs its channel, a key claims "hash:<hash>"
--        most   how many of this kind there may be
-- Checks the entry is what the node expected, the channel exists, no other key has this hash, the limit.
-- Writes session, key or credential, claims, marks.
return commit(function()
  local hash = KIND[arg.kind]
  if not exists(arg.kind, arg.entry.key) and redis.call('HLEN', KEYS[hash]) >= arg.most then
    refuse('limit', 'maximum number of ' .. arg.kind .. 's reached')
  end
  put(arg.kind, arg.entry)
end)
