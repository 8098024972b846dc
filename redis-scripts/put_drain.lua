-- Replaces a drain: url, options, paused or not. A reserved drain becomes one with url.
--
-- ARGV   drain  entry; was not "", needs its channel (absent = global), group, limit and claims as in create_drain
-- Checks the drain is what the node expected, no other drain of its channel has this url, the limit is not reached.
-- Writes drain, claims, marks, members.
return commit(function() put('drain', arg.drain) end)
