-- A word of titles and people goes with its last film from here on: the projector forgets it at the end
-- of the batch that took that film's text away. So search_word is what movie_search says, in every build,
-- and `cinelog verify` compares it.

-- A projector of an earlier version may be at a batch beside this: a film that it is just adding would not
-- be seen, and its words would go.
LOCK TABLE movie_search IN SHARE MODE;

-- The words that were left behind until now. As a list and not as a join: the projector's session joins row
-- by row, which here is each word with each.
DELETE FROM search_word WHERE word = ANY (ARRAY(
    SELECT word FROM search_word
    EXCEPT
    SELECT word FROM movie_search, unnest(tsvector_to_array(ts_filter(words, '{a,b}'))) AS word
));
