-- Writes entries as they were elsewhere, with their ids: one part of an import. What is there under the same key is
-- replaced.
--
-- ARGV   entries  at most 500; kind and entry each, without was and limit; what others need comes first
--        next_drain_id, next_channel_id   the counters are raised to these
--        loading  "begin" = a new data set is begun here: nodes do not look at it before a part says "end"
-- Checks no claim (domain, token value, url, key hash) belongs to another entry; channels that are needed exist.
-- Writes every key.
return commit(function()
  for _, item in ipairs(arg.entries) do put(item.kind, item) end
  raise_counter('drain', tonumber(arg.next_drain_id or 1))
  raise_counter('channel', tonumber(arg.next_channel_id or 1))
  if arg.loading == 'begin' then write(META, 'loading', '1') end
  if arg.loading == 'end' then write(META, 'loading', false) end
end)
