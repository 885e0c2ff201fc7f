select database(), schema(), user(), current_user(), session_user()
use information_schema
select database()
use test_diff
!init_db information_schema
select database()
!init_db test_diff
set @a = 1, @b = 'two', @c = 3.5, @d = null, @e = x'41'
select @a, @b, @c, @d, @e, @undefined
select @a := @a + 1, @a := @a + 1
select @a
set @row := 0
select @row := @row + 1 as n, seq from seq_10_to_15
select 7, 8 into @x, @y
select @x, @y
select @`quoted name`, @'other'
set @`quoted name` = 5
select @`quoted name`
set session sql_mode = 'ANSI_QUOTES,PIPES_AS_CONCAT'
select 'a' || 'b', @@sql_mode
set sql_mode = default
set session wait_timeout = 4321, net_read_timeout = 99
select @@wait_timeout, @@net_read_timeout
set local lock_wait_timeout = 7
select @@session.lock_wait_timeout, @@local.lock_wait_timeout
set @@session.join_buffer_size = 262144
select @@join_buffer_size
set @@sort_buffer_size := 524288
select @@sort_buffer_size
set sql_select_limit = 2
select * from seq_1_to_5
set sql_select_limit = default
select * from seq_1_to_3
set statement sql_select_limit = 1 for select * from seq_1_to_3
select @@sql_select_limit
set time_zone = '+03:00'
select from_unixtime(0), @@time_zone
set time_zone = 'SYSTEM'
set timestamp = 1700000000.5
select now(6), current_timestamp, unix_timestamp(), sysdate() > '2020-01-01', curdate(), utc_timestamp(3)
set timestamp = default
set insert_id = 500
create table counted (id int primary key auto_increment, v int)
insert into counted (v) values (1)
select last_insert_id(), @@insert_id, @@last_insert_id, @@identity
set last_insert_id = 42
select last_insert_id()
select last_insert_id(99)
select last_insert_id()
update counted set v = last_insert_id(v + 5)
select last_insert_id()
set rand_seed1 = 1, rand_seed2 = 2
select rand(), rand(3)
set tx_isolation = 'SERIALIZABLE'
select @@tx_isolation
set transaction isolation level read uncommitted
select @@tx_isolation
set session transaction isolation level repeatable read
select @@tx_isolation
set session transaction read only
insert into counted (v) values (9)
set session transaction read write
insert into counted (v) values (9)
set optimizer_switch = 'mrr=on'
select @@optimizer_switch like '%mrr=on%'
set autocommit = off
select @@autocommit
set autocommit = on
set names utf8mb4, @z = 5, sql_mode = 'TRADITIONAL'
select @z, @@sql_mode
set @z = (select count(*) from counted)
select @z
set @z = @@sql_mode, sql_mode = ''
select @z, @@sql_mode
set sql_mode = @z
select @@sql_mode
set sql_mode = concat(@@sql_mode, ',ANSI')
select @@sql_mode
select get_lock('test_diff_lock', 1)
select is_free_lock('test_diff_lock'), is_used_lock('test_diff_lock') is not null
select release_lock('test_diff_lock'), release_lock('test_diff_lock'), release_all_locks()
do sleep(0), 1 + 1
do get_lock('x', 0)
create temporary table tmp (a int) select 1 as a union select 2
select * from tmp order by a
select t.a, counted.id from tmp t left join counted on counted.id = t.a order by 1
alter table tmp add b int default 3
select * from tmp order by a
drop temporary table tmp
create temporary table counted (x int)
insert into counted values (77)
select * from counted
drop table counted
select count(*) from counted
select * from tmp
lock tables counted write
insert into counted (v) values (10)
select count(*) from counted
select count(*) from tmp
unlock tables
handler counted open as h
handler h read first
handler h read next limit 2
handler h close
handler h read first
set role none
select current_role()
set role nothing
set password = password('app-secret')
select @@version, @@version_comment, version()
select @@max_allowed_packet, @@global.max_allowed_packet, @@lower_case_table_names, @@license
select @@global.read_only, @@log_bin
show variables like 'sql_mode'
show session variables like 'wait_timeout'
!reset
select @a, @@time_zone, @@wait_timeout, database(), @@sql_mode
!change_user test_diff
select database(), @a
!change_user
select database()
!change_user information_schema
select database()
!ping
