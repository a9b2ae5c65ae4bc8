-- Whether a waiting job may be claimed now, as far as anyone has noticed. Jobs of the future are out of what
-- claims read; processors mark them when their time has come. A processor of an older version neither sets nor
-- reads it: claims compare run_at as well.

alter table jobs add column due boolean not null default true;
