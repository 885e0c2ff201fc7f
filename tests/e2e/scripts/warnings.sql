create table w (a tinyint, b char(3), d date)
set sql_mode = ''
insert into w values (300, 'abcdef', '2024-99-99'), ('x', 'ok', 'never')
select * from w
show warnings
show count(*) warnings
select @@warning_count
show warnings limit 1
show warnings limit 1, 2
show errors
select 1/0
show warnings
select cast('12x' as int), cast('y' as int)
show warnings
select count(*) from w
show warnings
drop table if exists missing1, missing2
show warnings
create table if not exists w (a int)
show warnings
set max_error_count = 1
insert into w values (300, 'abcdef', '2024-99-99'), ('x', 'ok', 'never')
select @@warning_count
show warnings
show count(*) warnings
set max_error_count = 0
insert into w values (300, 'abcdef', '2024-99-99')
show warnings
set max_error_count = default
set sql_notes = 0
drop table if exists missing1
show warnings
set sql_notes = 1
update w set a = 999
show warnings
delete from w where b = 5
show warnings
select * from missing
show warnings
show errors
show count(*) errors
select @@error_count
get diagnostics @n = number, @r = row_count
select @n, @r
select 1/0; select cast('z' as int)
show warnings
!prepared select 1/0, cast(? as int) |> ["q"]
show warnings
!prepared insert into w values (?, ?, ?) |> [1000, "toolong", "nodate"]
show warnings
insert ignore into w (a) values (1000) returning a
show warnings
load data local infile 'x' into table w
show warnings
select * from w order by a, b, d
set lc_messages = 'de_DE'
select * from missing
select 1/0
show warnings
set lc_messages = default
analyze table w
check table w
explain select * from w where a = 'x'
show warnings
explain extended select 1
show warnings
