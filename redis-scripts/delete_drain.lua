-- Deletes a drain.
--
-- ARGV   drain  entry; key and was
-- Checks the drain is what the node expected.
-- Writes drain, claims, marks, members.
return commit(function()
  expect('drain', arg.drain)
  remove('drain', arg.drain.key)
end)
