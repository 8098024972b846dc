-- Confirms that the data set is meant to be as it is, even if that deletes most of the configuration that nodes use. An
-- empty Redis becomes an empty data set.
--
-- Answer id = the revision from which on nodes accept the data set.
-- Writes meta.
arg.always = true
return commit(function()
  local revision = number_text(meta.revision + 1)
  write(META, 'accepted', revision)
  write(META, 'loading', false)
  count_again()
  return revision
end)
