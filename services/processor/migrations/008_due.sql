-- Whether a waiting job is known to be due. Claims do not read future jobs: processors mark them when their time has
-- come. Processors of older versions neither set nor read the column, so claims compare run_at as well.

alter table jobs add column due boolean not null default true;
