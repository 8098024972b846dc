-- Creates or updates a channel; with `tokens`, its tokens become the declared ones.
--
-- ARGV   channel  entry
--        tokens   keys of all tokens that the node knows the channel to have, sorted; absent = tokens stay as they are
--        drop     keys of tokens to delete
--        add      entries of tokens to create; claims "value:<hash>", group "tokens:<channel>"
--        keys     entries of API keys that wait for the channel; each claims "hash:<hash>"; absent = none
-- Checks the channel is what the node expected, and so is its set of tokens; no value belongs to another token.
-- Writes channel, token, key, claims, marks, members, the counter of channel ids.
return commit(function()
  local id = arg.channel.key
  if arg.tokens then
    local there = members_of('tokens:' .. id)
    table.sort(there)
    if table.concat(there, '\n') ~= table.concat(arg.tokens, '\n') then
      refuse('stale', 'tokens of ' .. id .. ' have changed')
    end
  end
  put('channel', arg.channel)
  for _, key in ipairs(arg.keys or {}) do put('key', key) end
  for _, key in ipairs(arg.drop or {}) do remove('token', key) end
  for _, token in ipairs(arg.add or {}) do put('token', token) end
end)
