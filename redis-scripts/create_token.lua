-- Creates a token.
--
-- ARGV   token  entry; was "", needs its channel, group "tokens:<channel>" with limit, claims "value:<hash>"
-- Checks the channel exists, the id is free in it, the value belongs to no other token, the limit is not reached.
-- Writes token, claims, marks, members.
return commit(function() put('token', arg.token) end)
