-- A word of titles and people goes with its last film from here on: the projector forgets it at the end
-- of the batch that took that film's text away. So search_word is what movie_search says, in every build,
-- and `cinelog verify` compares it. The words that were left behind until now:
DELETE FROM search_word AS w WHERE NOT EXISTS (
    SELECT FROM (
        SELECT DISTINCT word
        FROM movie_search, unnest(tsvector_to_array(ts_filter(words, '{a,b}'))) AS word
    ) AS used
    WHERE used.word = w.word
);
