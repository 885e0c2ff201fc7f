create table t (a int primary key, b varchar(5) not null, c int unique, foreign key (c) references t(a))
selekt
select
select * from
select * from missing
select * from missing_schema.t
select missing from t
select missing.a from t
select t.a, a from t x
select count(*), a from t
set sql_mode = 'ONLY_FULL_GROUP_BY'
select count(*), b from t
set sql_mode = default
insert into t values (1)
insert into t values (1, null, null)
insert into t values (1, 'toolong', null)
insert into t values (1, 'a', 99)
insert into t values (1, 'a', null)
insert into t values (1, 'a', null)
insert into t values (2, 'b', null), (1, 'c', null)
select * from t
insert into t set a = 'x', b = 'y'
insert into t (a, a) values (1, 2)
update t set a = 'x'
update t set b = null
update t set nothing = 1
delete from t where nothing = 1
create table t (a int)
create table if not exists t (a int)
create table x (a int, a int)
create table x (a nothing)
create table x (a int) engine = nothing
create database test_diff
create database mysql
drop database missing_schema
drop table missing
drop table if exists missing
drop view missing
truncate missing
alter table t add column a int
alter table t drop column zzz
create index i on t (zzz)
select 1 / 0, 1 % 0, sqrt(-1), log(0)
select 18446744073709551615 + 1
select cast('x' as decimal), cast('2024-99-99' as date)
select (select 1, 2)
select (select 1 union select 2)
select * from t where a = (select a, b from t)
select a from t union select a, b from t
select max(max(a)) from t
select abs()
select abs(1, 2)
select nothing(1)
select test_diff.nothing(1)
call nothing()
call nothing(1)
use missing_schema
use mysql
!init_db missing_schema
!init_db mysql
select database()
grant select on t to app
create user x@y
set global max_connections = 5
set global nothing = 5
set nothing = 5
set sql_mode = 'NOTHING'
set time_zone = 'nothing'
set autocommit = 7
set @@sql_select_limit = 'x'
show nothing
show create table missing
show columns from missing
show slave status
show master status
show binary logs
kill 0
flush tables
lock tables missing read
execute nothing
prepare x from 'selekt'
deallocate prepare nothing
execute immediate 'selekt'
load data infile '/nonexistent' into table t
load data local infile 'x' into table missing
select 1 into outfile '/nonexistent/x'
select a into @x from t where a > 100
signal sqlstate '45000' set message_text = 'mine', mysql_errno = 12345
signal sqlstate '01000' set message_text = 'a warning'
show warnings
resignal
get diagnostics condition 1 @p = message_text
select @p
rollback to savepoint nothing
release savepoint nothing
xa commit 'nothing'
begin not atomic declare exit handler for sqlexception select 'handled'; select * from missing; end
begin not atomic signal sqlstate '45001'; end
select 'unterminated
select "unterminated
select `unterminated
select 1 /* unterminated
select * from t where a in ()
select 1 limit -1
select 1 limit 'x'
select interval 1 day
values (1, 2), (3)
!prepared select * from missing where a = ? |> [1]
!prepared selekt ? |> []
!prepared insert into t values (?, ?, ?) |> [7, null, null]
!prepared insert into t values (?, ?, ?) |> [7, "fine", null]
!field_list missing
select 1
