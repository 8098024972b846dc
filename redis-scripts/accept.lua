-- Says that the data set is meant to be as it is, even when that deletes most of what nodes act on. An empty Redis
-- becomes an empty data set.
--
-- Answer id = the revision from which on nodes take it.
-- Writes meta.
arg.always = true
return commit(function()
  local revision = number_text(meta.revision + 1)
  write(META, 'accepted', revision)
  write(META, 'loading', false)
  count_again()
  return revision
end)
