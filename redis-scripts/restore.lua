-- Writes entries as they were in another store, with their ids: one part of an import. An entry under the same key is
-- replaced.
--
-- ARGV   entries  at most 500; kind and entry each, without was and limit; channels before the entries that need them
--        next_drain_id, next_channel_id   the counters are raised to these
--        loading  "begin" = this part starts a new data set: nodes ignore it until a part says "end"
-- Checks no claim (domain, token value, url, key hash) belongs to another entry; channels that are needed exist.
-- Writes every key.
return commit(function()
  for _, item in ipairs(arg.entries) do put(item.kind, item) end
  raise_counter('drain', tonumber(arg.next_drain_id or 1))
  raise_counter('channel', tonumber(arg.next_channel_id or 1))
  if arg.loading == 'begin' then write(META, 'loading', '1') end
  if arg.loading == 'end' then write(META, 'loading', false) end
end)
