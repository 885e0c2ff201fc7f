create table t (a int primary key auto_increment, b int) engine innodb
create table m (a int) engine myisam
begin
insert into t (b) values (1), (2)
select * from t
select last_insert_id(), row_count()
commit
select * from t
start transaction
update t set b = b + 10
select * from t
rollback
select * from t
start transaction read only
select count(*) from t
insert into t (b) values (3)
create temporary table tt (a int)
update t set b = 0
commit
start transaction read write
insert into t (b) values (3)
commit
start transaction with consistent snapshot, read only
select * from t
commit
set autocommit = 0
insert into t (b) values (4)
select @@autocommit, @@in_transaction
select count(*) from t
rollback
select count(*) from t
insert into t (b) values (5)
set autocommit = 1
select @@in_transaction, count(*) from t
begin
savepoint a
insert into t (b) values (6)
savepoint b
insert into t (b) values (7)
rollback to b
select count(*) from t
release savepoint a
rollback to a
commit
select count(*) from t
begin
insert into t (b) values (8)
create table implicit (a int)
rollback
select count(*) from t
begin
insert into t (b) values (9)
begin
rollback
select count(*) from t
begin
insert into t values (1, 1)
insert into t (b) values (10)
commit
select * from t
begin
insert into m values (1)
insert into t (b) values (11)
rollback
show warnings
select * from m
commit and chain
select @@in_transaction
insert into t (b) values (12)
rollback and no chain
commit release
