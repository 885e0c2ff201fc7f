create table t (a int primary key auto_increment, b varchar(10))
select 1; select 2
select 1;
select 1; ;
; select 1
insert into t (b) values ('x'); select last_insert_id(); insert into t (b) values ('y'), ('z'); select row_count(), last_insert_id()
update t set b = 'q'; select row_count(); delete from t where a = 1; select count(*) from t
select 1; selekt; select 3
begin; insert into t (b) values ('in'); commit; select count(*) from t
begin; insert into t (b) values ('out'); rollback
select count(*) from t
set @a = 5; select @a
select @a
use information_schema; select database()
select database()
use test_diff; set sql_mode = 'ANSI_QUOTES'; select "a" from t
select @@sql_mode
set sql_mode = default; create temporary table tmp (x int); insert into tmp values (1); select * from tmp
select * from tmp
create procedure p(in n int) begin select n; select n * 2; if n > 5 then signal sqlstate '45000' set message_text = 'too big'; end if; end
call p(1)
call p(9)
call p(1); select 'after'
call p(9); select 'never'
create procedure w() begin insert into t (b) values ('p'); insert into t (b) values ('toolongforthis'); end
call w()
call w()
create procedure o(in a int, inout b int, out c int) begin set b = b + a, c = a * 10; end
set @b = 1
call o(4, @b, @c)
select @b, @c
!prepared call p(?) |> [3]
!prepared call o(?, @b, @c) |> [4]
select @b, @c
create function f(x int) returns int deterministic return x + 1
select f(1), f(null), f('x')
create function wf(x int) returns int begin insert into t (b) values (x); return row_count(); end
select wf(5)
select count(*) from t
/* holdfast: replica */ select wf(6)
select count(*) from t
create trigger tr before insert on t for each row set new.b = upper(new.b)
insert into t (b) values ('lower')
select b from t order by a desc limit 1
create view v as select a, b from t where a > 2
select * from v order by a
update v set b = 'view' where a = 3
select b from t where a = 3
begin not atomic declare i int default 0; while i < 3 do select i; set i = i + 1; end while; end
create sequence s start with 10 increment by 5
select nextval(s), next value for s
select lastval(s), previous value for s
select setval(s, 100)
select nextval(s)
with recursive r as (select 1 as n union all select n + 1 from r where n < 5) select * from r
select row_number() over (order by a desc), a from t order by a
values (1, 'a'), (2, 'b')
table_does_not_parse t
(select 1) union (select 2) order by 1
select * from (select 1 as a) x natural join (select 1 as a) y
insert into t (b) select b from t limit 2
insert into t (b) values ('r1'), ('r2') returning a, b
delete from t where b = 'R1' returning a, b
replace into t (a, b) values (3, 'rep') returning a
select sql_calc_found_rows a from t order by a limit 2
select found_rows()
select a from t order by a limit 1 for update
select a from t order by a limit 1 lock in share mode
select sql_no_cache 1
select straight_join 1
select /*+ hint */ 1
select /*! 1 + */ 1
select /*!99999 nonsense */ 1
select /*M! 5 + */ 1
/*!40101 set @x = 9 */
select @x
select 1 -- comment
select 1 # comment
select 1 /* c */ + /* d */ 1
-- only a comment
/* only a comment */
explain select * from t where a = 1
/*master*/ explain select * from t
describe t
show tables
show tables like 'nothing%'
show full tables
show create procedure p
show create view v
show function status like 'nothing'
show triggers like 'nothing'
help 'select'
checksum table t
select table_name, column_name, data_type from information_schema.columns where table_schema = 'test_diff' order by 1, ordinal_position
show databases like 'test_diff'
show collation where charset = 'utf8mb4' and `default` = 'Yes'
load data local infile 'x' into table t
select * from t order by a
