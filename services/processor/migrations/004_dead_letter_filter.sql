-- Columns for filtering dead letters. They are generated, so that no writer of any version needs to know them.

-- A message may be arbitrary bytes. If they are unreadable, the message has no text and no type.
create function dead_letter_text(body bytea) returns text language plpgsql immutable as $$
begin
  return left(convert_from(body, 'UTF8'), 65536);
exception when data_exception or program_limit_exceeded then
  return '';
end $$;

-- Returns the type of a dead job, or of the first envelope in a message.
create function dead_letter_type(kind text, body bytea) returns text language plpgsql immutable as $$
declare
  content jsonb;
begin
  content := convert_from(body, 'UTF8')::jsonb;
  if kind = 'job' then return left(content->>'type', 64); end if;
  if jsonb_typeof(content) = 'array' then content := content->0; end if;
  return left(content->'payload'->>'jobType', 64);
exception when data_exception or program_limit_exceeded then
  return null;
end $$;

alter table dead_letters
  add column type text generated always as (dead_letter_type(kind, body)) stored,
  add column words tsvector
    generated always as (to_tsvector('simple'::regconfig, left(detail, 2000) || ' ' || dead_letter_text(body))) stored;

create index dead_letters_by_reason on dead_letters (reason, died_at desc, id desc);
create index dead_letters_by_type on dead_letters (type, died_at desc, id desc) where type is not null;
create index dead_letters_by_words on dead_letters using gin (words);
