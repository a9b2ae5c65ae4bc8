-- `due` says whether a waiting job is known to be due. Claims skip future jobs, and processors mark them once their
-- time has come. Processors of earlier versions neither set nor read the column, so claims compare run_at as well.

alter table jobs add column due boolean not null default true;
