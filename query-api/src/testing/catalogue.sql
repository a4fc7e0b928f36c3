-- A large catalogue that was made up, for looking at plans: as many films as the setting cinelog.films
-- says. It runs after 0001 and before 0002, so that indexes are built at once.
SET synchronous_commit = off;
SET maintenance_work_mem = '256MB';
SET work_mem = '64MB';
SELECT setseed(0.42);

ALTER TABLE movie SET UNLOGGED;
ALTER TABLE movie_facet SET UNLOGGED;
ALTER TABLE movie_search SET UNLOGGED;
ALTER TABLE facet SET UNLOGGED;
ALTER TABLE rating SET UNLOGGED;
ALTER TABLE movie_facet DROP CONSTRAINT movie_facet_pkey;

-- Half of the films are rated by nobody, few by many; some years are richer than others; every second
-- film is in English; something is unknown of every tenth.
INSERT INTO movie (key, id, document, deleted, title, year, release_date, runtime_minutes,
    rating, rating_count, language, country, imdb, created_at, updated_at)
SELECT n, gen_random_uuid(), '{"n":' || n || repeat(' ', 900) || '}', false,
    CASE n % 10 WHEN 0 THEN 'the ' WHEN 1 THEN 'a ' ELSE '' END
        || 'word' || (power(random(), 3) * 60000)::int || ' noun' || (random() * 3000)::int,
    CASE WHEN n % 10 = 3 THEN 0 ELSE 2020 - (power(random(), 2) * 120)::int END,
    CASE WHEN n % 10 = 3 THEN '' ELSE (date '1900-01-01' + (random() * 45000)::int)::text END,
    CASE WHEN n % 10 = 4 THEN 0 ELSE 60 + (random() * 140)::int END,
    CASE WHEN n % 2 = 0 THEN 0 ELSE round((1 + random() * 9)::numeric, 2)::float8 END,
    CASE WHEN n % 2 = 0 THEN 0 ELSE least(1000000, (1 / (random() + 1e-9)))::bigint END,
    (ARRAY['en','en','en','en','en','fr','de','ja','es','is'])[1 + (random() * 9)::int],
    (ARRAY['US','US','US','US','GB','FR','DE','JP','ES','IS'])[1 + (n / 7) % 10],
    CASE WHEN n % 3 = 0 THEN 'tt' || lpad(n::text, 7, '0') ELSE '' END,
    1600000000000000 + n * 1000000::bigint, 1600000000000000 + (random() * 1e12)::bigint
FROM generate_series(1, current_setting('cinelog.films')::int) AS n;

-- Four films of ten are dramas, two comedies, the others of one of eighteen genres; every second has a tag,
-- of five thousand; each has a director, of one for fifty films.
INSERT INTO movie_facet (kind, slug, movie_key)
SELECT 'genre', CASE WHEN chance < 0.4 THEN 'drama' WHEN chance < 0.6 THEN 'comedy'
    ELSE 'genre-' || (chance * 1e6)::int % 18 END, key FROM (SELECT key, random() AS chance FROM movie) AS dice
UNION ALL SELECT 'tag', 'tag-' || (power(random(), 2) * 5000)::int, key FROM movie WHERE random() < 0.5
UNION ALL SELECT kind, 'given-' || key * 7919 % 997 || '-family-' || key * 7919 % (current_setting('cinelog.films')::int / 50), key
    FROM movie, unnest(ARRAY['director', 'person']) AS kind;
INSERT INTO movie_facet VALUES ('tag', 'rare', 1), ('tag', 'rare', 17), ('tag', 'rare', 4711);

INSERT INTO facet (kind, slug, name, movie_count, document)
SELECT kind, slug, slug, count(*),
    json_build_object('kind', kind, 'slug', slug, 'name', slug, 'description', null, 'movie_count', count(*), 'revision', 0)
FROM movie_facet GROUP BY kind, slug;

INSERT INTO movie_search (movie_key, words)
SELECT key, setweight(array_to_tsvector(array_remove(string_to_array(title, ' '), '')), 'A')
    || setweight(array_to_tsvector(ARRAY['given' || key * 7919 % 997, 'family' || key * 7919 % 20000]), 'B')
    || (CASE WHEN key % 10 < 4 THEN '''drama''' ELSE '''film''' END)::tsvector
FROM movie;

-- One film that many people rated.
INSERT INTO rating (movie_id, account_id, value, rated_at, revision)
SELECT (SELECT id FROM movie WHERE key = 1), gen_random_uuid(), 1 + n % 10, n, 1
FROM generate_series(1, current_setting('cinelog.films')::int / 10) AS n;

ALTER TABLE movie_facet ADD PRIMARY KEY (kind, slug, movie_key);
