# every column type, its metadata, its extremes and NULL
create table ints (id int primary key auto_increment, t tinyint, tu tinyint unsigned, s smallint, su smallint unsigned, m mediumint, mu mediumint unsigned, i int, iu int unsigned, b bigint, bu bigint unsigned, z int(8) unsigned zerofill, bo boolean)
insert into ints values (1, -128, 0, -32768, 0, -8388608, 0, -2147483648, 0, -9223372036854775808, 0, 0, false), (2, 127, 255, 32767, 65535, 8388607, 16777215, 2147483647, 4294967295, 9223372036854775807, 18446744073709551615, 42, true)
insert into ints (t) values (null)
select * from ints
select max(bu), min(b), sum(bu), avg(i), bit_and(bu) from ints
!prepared select * from ints order by id |> []
!prepared select * from ints where bu = ? |> [18446744073709551615]
!prepared select * from ints where b = ? |> [-9223372036854775808]
insert into ints (t) values (300)
insert into ints (tu) values (-1)
insert ignore into ints (t, tu) values (300, -1)
select * from ints order by id desc limit 1
insert into ints (id, t) values (1, 1)
insert into ints (id, t) values (1, 1) on duplicate key update t = 5
insert into ints (id, t) values (1, 1) on duplicate key update t = 5
replace into ints (id, t) values (1, 9)
create table reals (f float, fu float unsigned, d double, dd double(10,3), n decimal(65,30), n0 decimal(20,0) unsigned, nz decimal(10,2) zerofill)
insert into reals values (1.1, 1.1, 1.1, 1.1, 1.1, 1.1, 1.1), (3.4e38, 0, 1.7e308, 9999999.999, 99999999999999999999999999999999999.999999999999999999999999999999, 99999999999999999999, 99999999.99), (-3.4e38, 0, -1.7e308, -9999999.999, 0, 0, 0)
select * from reals
!prepared select * from reals order by d |> []
!prepared select ? + 0.1, ? |> [1.5, -2.5e-300]
create table times (d date, t time, t6 time(6), dt datetime, dt3 datetime(3), dt6 datetime(6), ts timestamp null, ts6 timestamp(6) null, y year)
insert into times values ('0000-00-00', '-838:59:59', '838:59:59.999999', '1000-01-01', '9999-12-31 23:59:59.999', '2024-02-29 00:00:00.000001', '1970-01-02 00:00:01', '2038-01-19 03:14:07.999999', 1901)
insert ignore into times values ('0000-00-00', '-838:59:59', '838:59:59.999999', '1000-01-01', '9999-12-31 23:59:59.999', '2024-02-29 00:00:00.000001', '1970-01-02 00:00:01', '2038-01-18 03:14:07.999999', 2155)
insert into times values (null, null, null, null, null, null, null, null, null), ('2024-02-29', '00:00:00', '00:00:00.5', '2024-02-29', '2024-02-29 12:00', '2024-02-29 12:00:00.5', '2024-02-29 12:00:00', '2024-02-29 12:00:00', '24')
select * from times
!prepared select * from times |> []
select d + 1, t + 0, dt6 + 0, y + 1, ts - interval 1 second from times
create table strings (c char(10), v varchar(100), l varchar(20) character set latin1, u varchar(20) character set utf16, b binary(6), vb varbinary(20), tt tinytext, t text, mt mediumtext, lt longtext, tb tinyblob, bl blob, mb mediumblob, lb longblob, e enum('small','large','ÿ'), s set('a','b','c'), bi bit(1), b64 bit(64), j json)
insert into strings values ('pad', 'ü€😀', 'ÿ', 'ü', 'ab', x'00ff', 't', 't', 't', 't', x'00', x'0001', 'x', 'y', 'large', 'a,c', b'1', x'ffffffffffffffff', '{"a":1}')
insert into strings (v) values (''), (null), ('a\0b'), ('tab\tnew\nline')
select * from strings
!prepared select * from strings |> []
select hex(c), hex(l), hex(u), hex(b), hex(b64 + 0), length(v), char_length(v) from strings
select concat(v, l), concat(v, b), upper(l), reverse(v) from strings
insert into strings (e) values ('none')
insert into strings (l) values ('€😀')
insert into strings (j) values ('{broken')
insert into strings (c) values ('longer than ten')
insert ignore into strings (c, e, l) values ('longer than ten', 'none', '€😀')
create table odd (g geometry, p point, i6 inet6, uu uuid, inv int invisible default 4, gen int as (inv * 2) virtual)
insert into odd (g, p, i6, uu) values (point(1,2), st_geomfromtext('POINT(3 4)'), '::1', '123e4567-e89b-12d3-a456-426614174000')
select * from odd
select g, p, i6, uu, inv, gen, st_astext(p) from odd
!prepared select g, i6, uu, gen from odd |> []
select null, true, false, 1.0, 1e0, 'a', x'41', b'1', date'2024-01-01', time'01:02:03', timestamp'2024-01-01 00:00:00.123', 18446744073709551615, -0.0, N'n', _latin1'l', 9223372036854775808
select 1 union select 'a' union select null
select cast(1 as decimal(5,2)), cast('x' as binary(3)), cast('2024-01-01' as datetime(2)), cast(-1 as unsigned), cast('12abc' as int)
!field_list ints
!field_list strings
show columns from strings
show full columns from ints
desc times
