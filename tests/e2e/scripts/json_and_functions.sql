select json_object('a', 1, 'b', null), json_array(1, 'x', true), json_extract('{"a": [1, 2]}', '$.a[1]'), json_value('{"a": 5}', '$.a')
select json_valid('{'), json_type('[]'), json_length('[1,2,3]'), json_keys('{"x":1,"y":2}'), json_merge_patch('{"a":1}', '{"a":2}')
select * from json_table('[{"n": 1}, {"n": 2}]', '$[*]' columns (n int path '$.n')) as j
select concat('a', null), concat_ws(',', 'a', null, 'b'), substring('hello', 2, 3), lpad('x', 5, '*'), replace('aXb', 'X', '-')
select greatest(1, 2.5, 'x'), least(null, 1), coalesce(null, null, 3), if(null, 1, 2), case 5 when 5 then 'five' else 'other' end
select date_add('2024-01-31', interval 1 month), last_day('2024-02-01'), dayname('2024-02-29'), week('2024-12-31'), str_to_date('31.12.2024', '%d.%m.%Y'), timestampdiff(hour, '2024-01-01', '2024-01-02')
select inet_aton('1.2.3.4'), inet_ntoa(16909060), hex(inet6_aton('::1')), uuid() is not null, sha2('x', 256), md5('x'), crc32('x'), hex(aes_encrypt('a', 'k')), hex(compress('aaaa'))
select regexp_replace('abc', 'b', 'X'), regexp_substr('abc123', '[0-9]+'), 'abc' rlike '^a', regexp_instr('abc', 'c')
select bit_count(255), 5 & 3, 5 | 3, 5 ^ 3, ~0, 1 << 63, 1 << 64, -1 >> 1
select round(2.5), round(-2.5), round(1.25, 1), truncate(1.999, 2), ceil(-1.5), floor(-1.5), mod(-7, 3), pow(2, 0.5), pi(), exp(1), atan2(1, 2)
select format(1234567.891, 2), conv('ff', 16, 10), oct(8), char(77, 121), ord('ä'), ascii(''), space(3), elt(2, 'a', 'b'), field('b', 'a', 'b'), find_in_set('b', 'a,b')
select extractvalue('<a><b>1</b></a>', '/a/b'), updatexml('<a>1</a>', '/a', '<b/>')
select st_astext(st_buffer(point(0, 0), 0)), st_distance(point(0,0), point(3,4)), st_x(point(1,2))
select group_concat(seq order by seq desc separator ';'), count(*), sum(seq), avg(seq), std(seq), variance(seq) from seq_1_to_10
select seq, sum(seq) over (order by seq), lag(seq) over (order by seq), ntile(2) over (order by seq) from seq_1_to_6
select seq % 3 as k, count(*), json_arrayagg(seq) from seq_1_to_9 group by k with rollup
select distinct seq % 2 from seq_1_to_9 order by 1
select a.seq, b.seq from seq_1_to_3 a left join seq_2_to_4 b using (seq) order by 1
select exists(select 1), 3 in (1, 2, 3), null in (1), (1, 2) = (1, 2), 1 between 0 and 2, null <=> null
select benchmark(1, 1), sleep(0), version() = @@version, charset(user()), coercibility('a'), collation(version())
select 'a' 'b', 'a' = 'a ', binary 'a' = 'A', 'x' sounds like 'x', interval(5, 1, 10), make_set(5, 'a', 'b', 'c'), export_set(5, 'Y', 'N', ',', 4)
select name_const('n', 5), default(a) from (select 1 as a) x
select convert_tz('2024-01-01', '+00:00', '+05:30'), from_unixtime(1e9), unix_timestamp('2024-01-01'), sec_to_time(3661), maketime(1, 2, 3.5), addtime('1:00', '2:30'), date('2024-01-01 5:5'), extract(year_month from '2024-05-06')
!prepared select json_object('k', ?), concat(?, ?), ? + ? |> ["v", "a", null, 1, 2.5]
!prepared select * from seq_1_to_10 where seq between ? and ? |> [3, 5]
!prepared select group_concat(seq), ? from seq_1_to_5 |> [null]
!prepared select ? in (1, 2, ?), case ? when 1 then 'one' end |> [2, 3, 1]
!prepared select repeat(?, 1000), space(?) |> ["abc", 70000]
!prepared select ? as `name with ?`, '?' |> ["x"]
!prepared select cast(? as date), cast(? as time), ? |> ["2024-02-30", "25:61", "ok"]
!prepared show tables |> []
!prepared show warnings |> []
!prepared set @q = ? |> [5]
!prepared select @q + ? |> [1]
!prepared create table pt (a int primary key) |> []
!prepared insert into pt values (?) |> [1]
!prepared select * from pt where a = ? for update |> [1]
!prepared update pt set a = a + ? |> [10]
!prepared delete from pt where a > ? |> [0]
!prepared begin |> []
!prepared commit |> []
!prepared use information_schema |> []
!prepared select database() |> []
!prepared execute immediate 'select 1' |> []
!prepared explain select 1 |> []
!prepared do 1 |> []
