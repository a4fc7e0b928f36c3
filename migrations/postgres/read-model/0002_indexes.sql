-- What lists, filters and searches of the read model are served by. The tables are those of 0001; the
-- words of a film stand in movie_search (movie_key bigint PRIMARY KEY, words tsvector NOT NULL), as
-- read_model::search::SearchText::tsvector writes them.

-- Every order, with the tie breaker in the same direction: an index is read either way.
CREATE INDEX movie_title           ON movie (title, id)           WHERE NOT deleted;
CREATE INDEX movie_year            ON movie (year, id)            WHERE NOT deleted;
CREATE INDEX movie_release_date    ON movie (release_date, id)    WHERE NOT deleted;
CREATE INDEX movie_runtime_minutes ON movie (runtime_minutes, id) WHERE NOT deleted;
CREATE INDEX movie_rating          ON movie (rating, id)          WHERE NOT deleted;
CREATE INDEX movie_rating_count    ON movie (rating_count, id)    WHERE NOT deleted;
CREATE INDEX movie_created_at      ON movie (created_at, id)      WHERE NOT deleted;
CREATE INDEX movie_updated_at      ON movie (updated_at, id)      WHERE NOT deleted;

-- Codes, with the films of each by title.
CREATE INDEX movie_language        ON movie (language, title, id) WHERE NOT deleted;
CREATE INDEX movie_country         ON movie (country, title, id)  WHERE NOT deleted;
CREATE INDEX movie_imdb            ON movie (imdb)                WHERE imdb <> '';

-- What a film belongs to.
CREATE INDEX movie_facet_movie     ON movie_facet (movie_key, kind, slug);

CREATE INDEX facet_movie_count     ON facet (kind, movie_count, slug);

-- The words of a slug, for those who look for the beginning of one.
CREATE FUNCTION slug_words(slug text) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN array_to_tsvector(array_remove(string_to_array(slug, '-'), ''));
CREATE INDEX facet_words           ON facet USING gin (slug_words(slug))
    WITH (fastupdate = on, gin_pending_list_limit = 65536);

CREATE INDEX rating_rated_at       ON rating (movie_id, rated_at, account_id);

-- Full text. What a batch adds is put on a list, and from there into the index at the end of the batch: in
-- one sorted pass, which takes a fifth of the time of entry after entry. A search finds the list empty.
CREATE INDEX movie_search_words    ON movie_search USING gin (words)
    WITH (fastupdate = on, gin_pending_list_limit = 65536);

-- The words of titles and people, for queries that are misspelled. A word stays when its last film goes:
-- it then leads to nothing.
CREATE TABLE search_word (
    word text COLLATE "C" PRIMARY KEY
);

CREATE FUNCTION learn_words() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- The schema of a generation is renamed when it is finished, so its name is not written here.
    EXECUTE format(
        'INSERT INTO %I.search_word (word)
         SELECT DISTINCT word FROM written, unnest(tsvector_to_array(ts_filter(words, ''{a,b}''))) AS word
         WHERE char_length(word) BETWEEN 4 AND 40
         ON CONFLICT DO NOTHING',
        TG_TABLE_SCHEMA);
    RETURN NULL;
END $$;

CREATE TRIGGER learn_words AFTER INSERT ON movie_search
    REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION learn_words();

-- Similar words are found with pg_trgm. Whoever may not create it, and has nobody who did, goes without:
-- the store says so when it opens. It lives beside the generations, which come and go.
DO $$
DECLARE
    place text;
BEGIN
    BEGIN
        CREATE SCHEMA IF NOT EXISTS cinelog_read_model;
        CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA cinelog_read_model;
    EXCEPTION
        WHEN insufficient_privilege OR undefined_file OR feature_not_supported THEN
            RAISE NOTICE 'pg_trgm is not there: misspelled queries will find nothing';
        WHEN unique_violation OR duplicate_object OR duplicate_schema THEN
            NULL; -- Somebody else has just created it.
    END;
    SELECT n.nspname INTO place
        FROM pg_extension AS e JOIN pg_namespace AS n ON n.oid = e.extnamespace
        WHERE e.extname = 'pg_trgm';
    IF place IS NOT NULL THEN
        EXECUTE format('CREATE INDEX search_word_similar ON search_word USING gin (word %I.gin_trgm_ops)', place);
    END IF;
END $$;
