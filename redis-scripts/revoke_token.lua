-- Deletes a token.
--
-- ARGV   token  entry; key and was
-- Checks the token is what the node expected.
-- Writes token, claims, marks, members.
return commit(function()
  expect('token', arg.token)
  remove('token', arg.token.key)
end)
